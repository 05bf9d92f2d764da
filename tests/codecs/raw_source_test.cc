#include "codecs/raw_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "tests/codecs/support.h"

namespace diemcau::codecs {
namespace {

struct Pipes {
  testing::TempFolder folder;
  std::filesystem::path video = folder.path() / "video";
  std::filesystem::path audio = folder.path() / "audio";
  Pipes() {
    REQUIRE(mkfifo(video.c_str(), 0600) == 0);
    REQUIRE(mkfifo(audio.c_str(), 0600) == 0);
  }
};

RawSourceSettings settings_for(const Pipes& pipes) {
  RawSourceSettings s;
  s.video_pipe = pipes.video;
  s.audio_pipe = pipes.audio;
  s.width = 320;
  s.height = 180;
  s.fps = 25;
  s.rate = 16000;
  s.channels = 2;
  return s;
}

void write_all(int fd, const std::vector<std::uint8_t>& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (n <= 0) return;
    at += static_cast<std::size_t>(n);
  }
}

// Three pictures and 100 ms of sound, then the end of both.
void feed(const Pipes& pipes) {
  const int video = ::open(pipes.video.c_str(), O_WRONLY);
  const int audio = ::open(pipes.audio.c_str(), O_WRONLY);
  for (std::uint8_t n = 1; n <= 3; ++n) {
    write_all(video, std::vector<std::uint8_t>(320 * 180 * 3 / 2, n));
  }
  write_all(video, std::vector<std::uint8_t>(1000, 9));  // a picture that is never whole
  write_all(audio, std::vector<std::uint8_t>(1600 * 4, 1));
  ::close(video);
  ::close(audio);
}

std::string refusal(const RawSourceSettings& s) {
  try {
    make_raw_source(s);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("raw pictures and sound are read from their pipes until both end", "[codecs][raw]") {
  const Pipes pipes;
  const auto source = make_raw_source(settings_for(pipes));
  CHECK(source->fps() == 25);
  const Timestamp before = monotonic_now();
  std::thread writer([&] { feed(pipes); });
  const auto c = testing::capture(*source);
  const Timestamp after = monotonic_now();
  writer.join();
  REQUIRE(c.pictures.size() == 3);
  for (std::size_t n = 0; n < 3; ++n) {
    CHECK(c.pictures[n].picture->y()[100] == n + 1);
    CHECK(c.pictures[n].picture->v()[100] == n + 1);
    CHECK(c.pictures[n].captured_at >= before);
    CHECK(c.pictures[n].captured_at <= after);
  }
  // 100 ms at 16 kHz stereo; the resampler keeps less than a block back.
  REQUIRE(c.sounds.size() >= 4);
  CHECK(c.sounds[3].captured_at - c.sounds[2].captured_at == 20ms);
  CHECK(c.sounds[0].captured_at < after - 80ms);
}

TEST_CASE("a raw source without a writer waits and can be stopped", "[codecs][raw]") {
  const Pipes pipes;
  const auto source = make_raw_source(settings_for(pipes));
  std::thread stopper([&] { source->stop(); });
  CHECK_FALSE(source->next());
  stopper.join();
}

TEST_CASE("a raw source that cannot work is refused with the reason", "[codecs][raw]") {
  const Pipes pipes;
  RawSourceSettings none;
  CHECK(refusal(none).find("video_pipe") != std::string::npos);
  RawSourceSettings odd = settings_for(pipes);
  odd.width = 321;
  CHECK(refusal(odd).find("even sizes") != std::string::npos);
  RawSourceSettings slow = settings_for(pipes);
  slow.rate = 100;
  CHECK(refusal(slow).find("8000") != std::string::npos);
  RawSourceSettings missing = settings_for(pipes);
  missing.audio_pipe = pipes.folder.path() / "nothing";
  CHECK(refusal(missing).find("nothing cannot be opened") != std::string::npos);
  RawSourceSettings file = settings_for(pipes);
  file.video_pipe = "/etc/passwd";
  CHECK(refusal(file).find("is not a pipe") != std::string::npos);
}

}  // namespace diemcau::codecs
