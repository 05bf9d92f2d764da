// The record as others read it: ffprobe and ffmpeg judge every file.
#include "node/recorder.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "node/clock.h"
#include "node/matroska.h"
#include "tests/node/own_process.h"
#include "tests/node/recorded_meeting.h"
#include "tests/node/scratch_dir.h"

using namespace diemcau;
using namespace diemcau::node;

namespace {

// From now on no byte of any file in front of `offset` can be written: EIO, as of a bad sector.
void refuse_writes_before(std::uint32_t offset) {
  constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);
  constexpr std::uint32_t kOffset = offsetof(seccomp_data, args) + 3 * sizeof(std::uint64_t);
  std::array<sock_filter, 6> rules = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNumber),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwrite64, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kOffset),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, offset, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program = {rules.size(), rules.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    ::_exit(2);
}

}  // namespace

TEST_CASE("a recorded part is accepted by ffprobe and decodes without an error", "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  RoomEncoder encoder(320, 180);
  Meeting(recorder).run(encoder, Layer::hi, 0ms, 4s);
  const auto parts = recorder.close();
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].path == (dir.path() / "xa-nghia-tru-p001.mkv").string());
  CHECK(parts[0].frames == 100);
  CHECK(parts[0].duration_s == Approx(4.0).margin(0.05));
  REQUIRE(parts[0].av_offset_ms);
  CHECK(*parts[0].av_offset_ms == Approx(0.0).margin(0.01));
  CHECK(decode_errors(parts[0].path).empty());
  CHECK(packets(parts[0].path, "v") == 100);
  CHECK(packets(parts[0].path, "a") == 200);
  CHECK(std::stod(probe(parts[0].path, "-show_entries format=duration")) ==
        Approx(4.0).margin(0.05));
  CHECK(recorder.figures().write_errors == 0);
}

TEST_CASE("a recording says in itself when it was made", "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  RoomEncoder encoder(320, 180);
  // Two clocks are read one after the other.
  const auto before = utc_text(std::chrono::system_clock::now() - 200ms);
  Meeting(recorder).run(encoder, Layer::hi, 0ms, 1s);
  const auto parts = recorder.close();
  const auto after = utc_text(std::chrono::system_clock::now() + 200ms);
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].began >= before);
  CHECK(parts[0].began <= after);
  const std::string told = probe(parts[0].path, "-show_entries format_tags=creation_time");
  CHECK(told.substr(0, parts[0].began.size() - 1) ==
        parts[0].began.substr(0, parts[0].began.size() - 1));
}

TEST_CASE("sound from before the first key frame is kept at its true distance", "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  RoomEncoder encoder(320, 180);
  Meeting meeting(recorder);
  for (Duration t = 0ms; t < 1s; t += 20ms) meeting.sound(encoder, t);
  meeting.run(encoder, Layer::hi, 1s, 2s);
  const auto parts = recorder.close();
  REQUIRE(parts.size() == 1);
  CHECK(*parts[0].av_offset_ms == Approx(1000.0).margin(0.01));
  CHECK(packets(parts[0].path, "a") == 100);
  const std::string first = probe(
      parts[0].path, "-select_streams v:0 -read_intervals %+#1 -show_entries packet=pts_time");
  CHECK(std::stod(first) == Approx(1.0).margin(0.002));
}

TEST_CASE("another layer begins another part and the old layer does not take it back",
          "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  RoomEncoder hi(320, 180);
  RoomEncoder mid(320, 180);
  Meeting meeting(recorder);
  meeting.run(hi, Layer::hi, 0ms, 1s);
  // Both run for a while, and hi has a key frame of its own (every 60 pictures) in between.
  for (Duration t = 1s; t < 3s; t += 40ms) {
    meeting.sound(hi, t);
    meeting.sound(hi, t + 20ms);
    meeting.picture(hi, Layer::hi, t);
    meeting.picture(mid, Layer::mid, t);
  }
  const auto parts = recorder.close();
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].layer == Layer::hi);
  CHECK(parts[1].layer == Layer::mid);
  CHECK(parts[1].part == 2);
  CHECK(parts[0].frames == 26);  // the one beside mid's first key frame came before it
  CHECK(parts[1].frames == 50);
  for (const auto& part : parts) CHECK(decode_errors(part.path).empty());
  CHECK(packets(parts[0].path, "a") + packets(parts[1].path, "a") == 150);
}

TEST_CASE("a climb that is taken back at once leaves the record its pictures", "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  RoomEncoder hi(320, 180), mid(320, 180), mid_again(320, 180);
  Meeting meeting(recorder);
  for (Duration t = 0s; t < 6s; t += 40ms) {
    meeting.sound(hi, t);
    meeting.sound(hi, t + 20ms);
    if (t < 2300ms) meeting.picture(mid, Layer::mid, t);  // on for a while beside hi
    if (t >= 2s && t < 2520ms) meeting.picture(hi, Layer::hi, t);
    if (t >= 2680ms) meeting.picture(mid_again, Layer::mid, t);
  }
  const auto parts = recorder.close();
  REQUIRE(parts.size() == 3);
  CHECK(parts[1].layer == Layer::hi);
  CHECK(parts[2].layer == Layer::mid);
  CHECK(parts[2].frames == 83);  // to the end
  for (const auto& part : parts) CHECK(decode_errors(part.path).empty());
}

TEST_CASE("a document's old layer does not take the record back between pictures that are few",
          "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  RoomEncoder hi(320, 180), hi_again(320, 180), mid(320, 180);
  Meeting meeting(recorder);
  for (Duration t = 0s; t < 1s; t += 100ms) meeting.page(hi, Layer::hi, t);
  meeting.page(mid, Layer::mid, 1s);
  meeting.page(hi_again, Layer::hi, 1'180ms);  // its own key frame, in the overlap
  for (Duration t = 1'200ms; t < 3s; t += 200ms) meeting.page(mid, Layer::mid, t);
  const auto parts = recorder.close();
  REQUIRE(parts.size() == 2);
  CHECK(parts[1].layer == Layer::mid);
  CHECK(parts[1].frames == 10);
}

TEST_CASE("a document has files of its own, without sound, and the camera's part goes on",
          "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  RoomEncoder camera(320, 180);
  RoomEncoder hi(640, 360);
  RoomEncoder mid(640, 360);
  Meeting meeting(recorder);
  for (Duration t = 0ms; t < 4s; t += 20ms) {
    meeting.run(camera, Layer::hi, t, t + 20ms);
    if (to_ms(t) % 100 != 0 || t < 1s) continue;
    meeting.page(t < 2s ? hi : mid, t < 2s ? Layer::hi : Layer::mid, t, 640);
  }
  const auto parts = recorder.close();
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].path == (dir.path() / "xa-nghia-tru-p001.mkv").string());
  CHECK(parts[0].source == Source::camera);
  CHECK(parts[0].frames == 100);
  for (std::size_t i : {1U, 2U}) {
    const RecordPart& part = parts[i];
    const std::string name = "xa-nghia-tru-document-p00" + std::to_string(i) + ".mkv";
    CHECK(part.path == (dir.path() / name).string());
    CHECK(part.bridge == "xa-nghia-tru");
    CHECK(part.source == Source::document);
    CHECK(part.layer == (i == 1 ? Layer::hi : Layer::mid));
    CHECK(decode_errors(part.path).empty());
    CHECK(probe(part.path, "-show_entries stream=codec_type") == "video\n");
  }
  CHECK(parts[1].frames == 10);
  CHECK(parts[2].frames == 20);
  // Time in the record is the meeting's, not that of its documents on top.
  CHECK(recorder.figures().recorded_us[1] == Approx(4e6).margin(1e5));
}

TEST_CASE("a document that is put away is a whole file soon, and the next one is another",
          "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  RoomEncoder first(640, 360), second(640, 360);
  Meeting meeting(recorder);
  const auto pages = [&](RoomEncoder& encoder, Duration from) {
    for (Duration t = from; t < from + 1s; t += 100ms) {
      codecs::Picture canvas(640, 360);
      codecs::fill(canvas, 200, 128, 128);
      const auto encoded = encoder.encode(canvas, t);
      meeting.give({kCommune, Source::document, Layer::hi}, encoded.key, t, encoded.access_unit);
    }
  };
  const auto path = [&](int part) {
    return (dir.path() / ("xa-nghia-tru-document-p00" + std::to_string(part) + ".mkv")).string();
  };
  pages(first, 0ms);
  recorder.document_ended(kCommune);
  const auto whole = [&](int part) {  // the duration is written when a file is closed
    return probe(path(part), "-show_entries format=duration").find("N/A") == std::string::npos;
  };
  bool closed = false;
  for (int i = 0; i < 100 && !closed; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    closed = whole(1);
  }
  CHECK(closed);
  CHECK(decode_errors(path(1)).empty());
  pages(second, 5s);
  const auto parts = recorder.close();
  REQUIRE(parts.size() == 2);
  for (const int i : {1, 2}) {
    const RecordPart& part = parts[static_cast<std::size_t>(i) - 1];
    CHECK(part.path == path(i));
    CHECK(part.source == Source::document);
    CHECK(decode_errors(part.path).empty());
  }
  CHECK(parts[0].frames == 10);
  CHECK(parts[0].duration_s == Approx(1).margin(0.2));
}

TEST_CASE("another parameter set of the same layer begins another part", "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  RoomEncoder encoder(320, 180);
  RoomEncoder other(640, 360);
  Meeting meeting(recorder);
  meeting.run(encoder, Layer::hi, 0ms, 1s);
  meeting.run(other, Layer::hi, 1s, 2s, 640);
  const auto parts = recorder.close();
  REQUIRE(parts.size() == 2);
  for (const auto& part : parts) CHECK(decode_errors(part.path).empty());
}

TEST_CASE("a file that is there already is left alone", "[recorder]") {
  ScratchDir dir;
  const auto old = dir.path() / "xa-nghia-tru-p001.mkv";
  std::ofstream(old) << "an old meeting";
  Recorder recorder(config_in(dir));
  RoomEncoder encoder(320, 180);
  Meeting(recorder).run(encoder, Layer::hi, 0ms, 1s);
  const auto parts = recorder.close();
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].part == 2);
  std::string content;
  std::getline(std::ifstream(old), content);
  CHECK(content == "an old meeting");
}

TEST_CASE("after kill -9 everything but the last half second is readable", "[recorder]") {
  ScratchDir dir;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Recorder recorder(config_in(dir));
    RoomEncoder encoder(320, 180);
    Meeting(recorder).run(encoder, Layer::hi, 0ms, 4s);
    // The last cluster is still open in memory; every earlier one must be on the disk.
    while (recorder.figures().recorded_us[1] < 3'900'000)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  const std::string path = (dir.path() / "xa-nghia-tru-p001.mkv").string();
  CHECK(decode_errors(path).empty());
  CHECK(packets(path, "v") >= 86);  // 3.45 s of 4 s at 25/s
  CHECK(packets(path, "a") >= 172);
}

TEST_CASE("sound alone is recorded too", "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  RoomEncoder encoder(320, 180);
  Meeting meeting(recorder);
  for (Duration t = 0ms; t < 7s; t += 20ms) meeting.sound(encoder, t);
  const auto parts = recorder.close();
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].frames == 0);
  CHECK_FALSE(parts[0].av_offset_ms);
  CHECK(decode_errors(parts[0].path).empty());
  CHECK(packets(parts[0].path, "a") == 350);
}

TEST_CASE("a full queue drops frames and counts them", "[recorder]") {
  ScratchDir dir;
  RecorderConfig config = config_in(dir);
  config.queue_bytes = 1000;
  Recorder recorder(config);
  Meeting meeting(recorder);
  const std::vector<std::uint8_t> large(2000, 1);
  meeting.give(picture_stream(Layer::hi), true, 0ms, large);
  CHECK(recorder.figures().dropped == 1);
  CHECK(recorder.close().empty());
}

TEST_CASE("who fills the queue while the disk stands still leaves the others half of it",
          "[recorder]") {
  ScratchDir dir;
  RecorderConfig config = config_in(dir);
  config.queue_bytes = 100'000;
  // Its thread is held when it asks for a key frame, as by a disk that stands still.
  std::mutex held;
  std::unique_lock hold(held);
  std::atomic<bool> stands = false;
  config.on_key_wanted = [&](const StreamId&) {
    stands = true;
    const std::lock_guard wait(held);
  };
  Recorder recorder(config);
  Meeting meeting(recorder);
  const std::vector<std::uint8_t> bytes(1'000, 1);
  meeting.give(picture_stream(Layer::hi), false, 0ms, bytes);
  REQUIRE(wait_for([&] { return stands.load(); }));
  for (int n = 0; n < 200; ++n) meeting.give(picture_stream(Layer::hi), false, 0ms, bytes);
  CHECK(recorder.figures().dropped == 150);
  const StreamId other{PeerId{0}, Source::camera, Layer::hi};
  for (int n = 0; n < 50; ++n) meeting.give(other, false, 0ms, bytes);
  CHECK(recorder.figures().dropped == 150);
  hold.unlock();
  recorder.close();
}

TEST_CASE("a disk that is full costs the part, raises an alarm and leaves a readable file",
          "[recorder]") {
  ScratchDir dir;
  const int exit_code = exit_code_of([&] {
    // A limit on the size of files stands in for the full disk: the write is short, then fails.
    const rlimit limit{20'000, 20'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::string alarmed;
    RecorderConfig config = config_in(dir);
    config.on_alarm = [&](const std::string& bridge, const std::string&) { alarmed = bridge; };
    Recorder recorder(config);
    RoomEncoder encoder(320, 180);
    Meeting(recorder).run(encoder, Layer::hi, 0ms, 5s);
    recorder.close();
    return alarmed == "xa-nghia-tru" && recorder.figures().write_errors > 0;
  });
  CHECK(exit_code == 0);
  const std::string path = (dir.path() / "xa-nghia-tru-p001.mkv").string();
  CHECK(decode_errors(path).empty());
  CHECK(packets(path, "v") > 10);
}

TEST_CASE("a disk that refuses the first bytes at the close keeps the hours behind them",
          "[recorder]") {
  ScratchDir dir;
  const std::filesystem::path path = dir.path() / "part.mkv";
  CHECK(exit_code_of([&] {
          const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
          MatroskaFile file(fd, {std::nullopt, true, false, "part", {}});
          const std::vector<std::uint8_t> packet(100, 0x78);
          for (int i = 0; i < 500; ++i) file.write_audio(i * 20ms, packet);
          refuse_writes_before(4'096);
          return !file.close();
        }) == 0);
  CHECK(std::filesystem::file_size(path) > 500 * 100);
  CHECK(packets(path.string(), "a") == 500);
}

TEST_CASE("a disk without room for the first byte leaves no empty files and takes no numbers",
          "[recorder]") {
  ScratchDir dir;
  const int exit_code = exit_code_of([&] {
    const rlimit none{0, RLIM_INFINITY}, enough{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &none);
    Recorder recorder(config_in(dir));
    RoomEncoder encoder(320, 180), other(320, 180);
    Meeting meeting(recorder);
    meeting.run(encoder, Layer::hi, 0ms, 2s);
    const bool failed = wait_for([&] { return recorder.figures().write_errors > 0; });
    ::setrlimit(RLIMIT_FSIZE, &enough);
    std::this_thread::sleep_for(std::chrono::milliseconds(1'100));  // until it tries again
    meeting.run(other, Layer::hi, 2s, 4s);
    const auto parts = recorder.close();
    return failed && parts.size() == 1 && parts[0].part == 1;
  });
  CHECK(exit_code == 0);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(dir.path())) ++files;
  CHECK(files == 1);
  CHECK(packets((dir.path() / "xa-nghia-tru-p001.mkv").string(), "v") > 40);
}

TEST_CASE(
    "who changes parameter sets with every picture takes a few files, not the disk's time, and is "
    "named",
    "[recorder]") {
  ScratchDir dir;
  std::string named;
  RecorderConfig config = config_in(dir);
  config.on_restless = [&](const std::string& bridge) { named = bridge; };
  Recorder recorder(config);
  RoomEncoder a(320, 180), b(640, 360);
  Meeting meeting(recorder);
  const auto key_of = [](RoomEncoder& encoder, int width) {
    codecs::Picture canvas(width, width * 9 / 16);
    codecs::fill(canvas, 100, 100, 150);
    return encoder.encode(canvas, 0ms).access_unit;
  };
  const auto small = key_of(a, 320), large = key_of(b, 640);
  for (int n = 0; n < 200; ++n)
    meeting.give(picture_stream(Layer::hi), true, n * 33ms, n % 2 == 0 ? small : large);
  const auto parts = recorder.close();
  CHECK(parts.size() >= 2);
  CHECK(parts.size() <= 25);  // twenty saved up, one more each two seconds that this may take
  CHECK(named == "xa-nghia-tru");
  CHECK(recorder.figures().write_errors == 0);
}

TEST_CASE("who fills a cluster with every packet takes no more of the disk's time", "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  RoomEncoder encoder(320, 180);
  Meeting meeting(recorder);
  codecs::Picture canvas(320, 180);
  codecs::fill(canvas, 100, 100, 150);
  const auto encoded = encoder.encode(canvas, 0ms);
  const std::vector<std::uint8_t> key(encoded.access_unit.begin(), encoded.access_unit.end());
  const auto begin = std::chrono::steady_clock::now();
  // A cluster holds what is within 32 s, and sound is told a minute ahead.
  for (int n = 0; n < 200; ++n) {
    meeting.give(picture_stream(Layer::hi), true, n * 33ms, key);
    meeting.sound(encoder, 60s + n * 20ms);
  }
  const auto parts = recorder.close();
  const auto took = std::chrono::steady_clock::now() - begin;
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].frames == 200);
  // The header, one each 400 ms, and the close: three writes of its own.
  CHECK(recorder.figures().sync.count() <= 5 + static_cast<std::uint64_t>(took / 400ms));
}

TEST_CASE("garbage instead of a key frame makes no file", "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  Meeting meeting(recorder);
  for (std::size_t size = 1; size < 200; ++size) {
    std::vector<std::uint8_t> bytes(size, static_cast<std::uint8_t>(size));
    if (size > 4) bytes[0] = bytes[1] = 0, bytes[2] = 1, bytes[3] = 0x67;
    meeting.give(picture_stream(Layer::hi), true, 0ms, bytes);
  }
  CHECK(recorder.close().empty());
}
