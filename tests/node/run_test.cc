// The program itself, several of it at once on loopback, and what may happen to a meeting.
#include "node/run.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/rng.h"
#include "node/control_message.h"
#include "node/control_socket.h"
#include "tests/node/child_node.h"

namespace diemcau::node {
namespace {

using Json = nlohmann::json;

std::string quoted(const std::filesystem::path& path) { return '"' + path.string() + '"'; }

// A clip that costs next to nothing to decode, scale and encode, made once; 5 pictures a second.
class Clips {
 public:
  Clips() {
    const std::string picture = "-f lavfi -i testsrc=size=160x90:rate=5:duration=4 ";
    const std::string sound = "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=4 ";
    make(picture + sound + "-c:v mpeg4 -c:a pcm_s16le", both());
    make(picture + "-c:v mpeg4", silent());
    make(sound + "-c:a pcm_s16le", dark());
    make("-f lavfi -i color=white:size=160x90:rate=5:duration=4 -c:v mpeg4", white());
  }
  static std::string file(const std::filesystem::path& path) {
    return "kind = \"file\"\npath = " + quoted(path);
  }
  std::filesystem::path both() const { return dir_.path() / "both.mkv"; }
  std::filesystem::path silent() const { return dir_.path() / "silent.mkv"; }
  std::filesystem::path dark() const { return dir_.path() / "dark.mkv"; }
  std::filesystem::path white() const { return dir_.path() / "white.mkv"; }

 private:
  static void make(const std::string& what, const std::filesystem::path& path) {
    const std::string said =
        output_of("ffmpeg -y -v error " + what + " " + path.string() + " 2>&1");
    CAPTURE(said);
    REQUIRE(std::filesystem::exists(path));
  }
  ScratchDir dir_;
};

const Clips& clips() {
  static const Clips made;
  return made;
}
std::string clip() { return Clips::file(clips().both()); }

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

const std::string kUp0 = "connected to Bridge 0", kUp1 = "connected to Bridge 1";

std::string media_metric(const std::string& peer, const std::string& media) {
  return "diemcau_packets_received_total{peer=\"" + peer + "\",media=\"" + media + "\"}";
}
std::string drop_metric(const std::string& reason) {
  return "diemcau_packets_dropped_total{reason=\"" + reason + "\"}";
}

bool media_goes_on(const Province& province, std::size_t at, const std::string& from) {
  const double audio = province.metric(at, media_metric(from, "audio")).value_or(0);
  const double video = province.metric(at, media_metric(from, "video")).value_or(0);
  return wait_until([&] {
    return province.metric(at, media_metric(from, "audio")).value_or(0) > audio + 20 &&
           province.metric(at, media_metric(from, "video")).value_or(0) > video + 2;
  });
}

// First bytes of each class of RFC 7983 and between them.
constexpr std::array<std::uint8_t, 9> kFirstBytes = {0, 1, 16, 20, 22, 64, 128, 200, 255};

// Garbage of every length 0 … 2048 in every class, a few at a time so that the kernel keeps them.
void shower(const LoopbackSocket& from, std::uint16_t to, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::uint8_t> bytes(2049);
  for (std::uint8_t& b : bytes) b = static_cast<std::uint8_t>(rng.next_u32());
  for (std::size_t length = 0; length <= 2048; ++length) {
    for (const std::uint8_t first : kFirstBytes) {
      std::vector<std::uint8_t> datagram(bytes.begin(),
                                         bytes.begin() + static_cast<std::ptrdiff_t>(length));
      if (length > 0) datagram[0] = first;
      if (length > 1) datagram[1] = static_cast<std::uint8_t>(rng.next_u32());
      // The length and the cookie that STUN wants (RFC 8489 §5), so that some get further.
      if (first < 4 && length >= 20 && length % 4 == 0) {
        datagram[2] = static_cast<std::uint8_t>((length - 20) >> 8);
        datagram[3] = static_cast<std::uint8_t>(length - 20);
        const std::array<std::uint8_t, 4> cookie = {0x21, 0x12, 0xA4, 0x42};
        std::copy(cookie.begin(), cookie.end(), datagram.begin() + 4);
      }
      from.send_to(to, datagram);
    }
    if (length % 32 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

double all_drops(const Province& province, std::size_t at) {
  double sum = 0;
  for (const char* reason : {"malformed", "replay", "auth", "unknown", "late", "queue"}) {
    sum += province.metric(at, drop_metric(reason)).value_or(0);
  }
  return sum;
}

Json summary_of(const Province& province, std::size_t i) {
  return Json::parse(text_of_file(province.folder(i) / "summary.json"));
}

std::uint64_t frames_from(const Json& summary, const std::string& from, const std::string& media) {
  std::uint64_t frames = 0;
  for (const Json& pair : summary.at("pairs")) {
    if (pair.at("from") == from && pair.at("media") == media) frames += pair.value("frames", 0U);
  }
  return frames;
}

// What the command `document …` to bridge i says, and its exit code in a line of its own.
std::string document(const Province& province, std::size_t i, const std::string& what) {
  return output_of(DIEMCAU_BIN_DIR "/diemcau-node document " + what + " --config " +
                   quoted(province.folder(i) / "bridge.toml") + " 2>&1; echo $?");
}

// Whatever may write to bridge i's socket.
void tells_what_it_does_not_know(const Province& province, std::size_t i) {
  const auto socket = ControlSocket::path_in(province.folder(i));
  for (const std::string& line : {std::string("gì đó"), std::string(1'000'000, '[')}) {
    const auto answer = parse_control_answer(ask_control(socket, line).value_or(""));
    REQUIRE(answer);
    CHECK_FALSE(answer->done);
    CHECK(answer->said.en.find("does not know this command") != std::string::npos);
  }
}

// Runs of pictures of a film that are white in the middle, where a document's tile is.
int white_spells(const std::filesystem::path& film) {
  std::istringstream lines(output_of("ffprobe -v error -f lavfi -i 'movie=" + film.string() +
                                     ",crop=300:200:300:250,signalstats' -show_entries "
                                     "frame_tags=lavfi.signalstats.YAVG -of csv=p=0"));
  int spells = 0;
  bool white = false;
  for (std::string line; std::getline(lines, line);) {
    const bool now = std::atof(line.c_str()) > 225;
    spells += now && !white ? 1 : 0;
    white = now;
  }
  return spells;
}

}  // namespace

TEST_CASE("a port in use is one sentence and exit 2", "[run]") {
  const Province province(1, "kind = \"none\"");
  const LoopbackSocket squatter(SOCK_DGRAM, province.port(0));
  const auto node = province.start(0);
  CHECK(node->wait_for_end() == 2);
  CHECK(lines_of(node->log()) == 1);
  CHECK(node->logged("127.0.0.1:" + std::to_string(province.port(0)) +
                     " is in use by another program"));
}

TEST_CASE("media that cannot be used is one sentence and exit 2", "[run]") {
  const Province province(1, "kind = \"none\"");
  const auto text = province.path() / "letter.mp4";
  std::ofstream(text) << "Not a film.\n";
  for (const auto& path : {text, province.path() / "missing.mp4", province.path()}) {
    std::filesystem::remove(province.folder(0) / "log.txt");
    const auto node = province.start(0, Clips::file(path));
    CAPTURE(path, node->log());
    CHECK(node->wait_for_end() == 2);
    CHECK(lines_of(node->log()) == 1);
    CHECK(node->logged("the source " + path.string() + " cannot be used"));
  }
}

TEST_CASE("a key that the roster does not have is one sentence and exit 2", "[run]") {
  const Province province(1, "kind = \"none\"");
  std::filesystem::remove(province.folder(0) / "key.pem");
  PrivateKey::generate().save(province.folder(0) / "key.pem");
  const auto node = province.start(0);
  CHECK(node->wait_for_end() == 2);
  CHECK(lines_of(node->log()) == 1);
  CHECK(node->logged("the roster has another key for \"b0\""));
}

TEST_CASE("a bridge with a wrong key gets no media, is counted, and disturbs nobody", "[run]") {
  const Province province(3, clip());
  // The impostor's own roster is content with its key; that of the others has b2's real one.
  std::filesystem::remove(province.folder(2) / "key.pem");
  const PrivateKey wrong = PrivateKey::generate();
  wrong.save(province.folder(2) / "key.pem");
  Roster own = province.roster();
  own.bridges[2].public_key = wrong.public_key();
  save_roster(province.path() / "own.toml", own);

  const auto impostor = province.start(2, "", "own.toml");
  const auto central = province.start(0);
  const auto member = province.start(1);
  REQUIRE(central->logs(kUp1));
  REQUIRE(wait_until([&] { return province.metric(0, drop_metric("auth")).value_or(0) > 10; }));
  CHECK(media_goes_on(province, 0, "b1"));
  CHECK(media_goes_on(province, 1, "b0"));
  CHECK(province.metric(0, "diemcau_peer_up{peer=\"b2\"}") == 0);
  CHECK(province.metric(2, "diemcau_peer_up{peer=\"b0\"}") == 0);
  for (ChildNode* node : {impostor.get(), central.get(), member.get()}) node->signal(SIGTERM);
  CHECK(impostor->wait_for_end() == 0);
  CHECK(central->wait_for_end() == 0);
  CHECK(member->wait_for_end() == 0);
  CHECK_FALSE(impostor->logged("connected to"));
  CHECK_FALSE(central->logged("connected to Bridge 2"));
  const Json summary = summary_of(province, 2);
  CHECK(frames_from(summary, "b0", "audio") + frames_from(summary, "b0", "video") == 0);
  CHECK(frames_from(summary_of(province, 0), "b2", "audio") == 0);
}

TEST_CASE("garbage of every length from strangers is dropped, counted, and the meeting goes on",
          "[run]") {
  const Province province(2, clip());
  const auto central = province.start(0);
  const auto member = province.start(1);
  REQUIRE(central->logs(kUp1));
  REQUIRE(media_goes_on(province, 0, "b1"));
  const double before = all_drops(province, 0);
  const LoopbackSocket stranger(SOCK_DGRAM);
  shower(stranger, province.port(0), 11);
  CHECK(media_goes_on(province, 0, "b1"));
  CHECK(media_goes_on(province, 1, "b0"));
  // Those up to 1,472 bytes reach the demultiplexer; a loaded kernel may lose a few.
  CHECK(all_drops(province, 0) - before > 1473 * kFirstBytes.size() * 0.9);
  CHECK(central->running());
  central->signal(SIGTERM);
  CHECK(central->wait_for_end() == 0);
  CHECK_FALSE(central->logged("lost Bridge 1"));
  const Json summary = summary_of(province, 0);
  CHECK(summary.at("drops").at("udp_oversized") > 500 * kFirstBytes.size());
}

TEST_CASE("garbage from the very address of a peer that died is dropped, and the peer comes back",
          "[run]") {
  const Province province(2, clip());
  const auto central = province.start(0);
  auto member = province.start(1);
  REQUIRE(central->logs(kUp1));
  REQUIRE(media_goes_on(province, 0, "b1"));
  member->signal(SIGKILL);
  CHECK(member->wait_for_end() == -SIGKILL);
  const double before = all_drops(province, 0);
  {
    const LoopbackSocket ghost(SOCK_DGRAM, province.port(1));
    shower(ghost, province.port(0), 12);
  }
  CHECK(central->running());
  CHECK(wait_until([&] { return all_drops(province, 0) > before + 1000; }));
  member = province.start(1);
  CHECK(media_goes_on(province, 0, "b1"));
  CHECK(media_goes_on(province, 1, "b0"));
}

TEST_CASE("the recording of a bridge that was killed can be read", "[run]") {
  const Province province(2, clip());
  const auto central = province.start(0);
  const auto member = province.start(1);
  REQUIRE(central->logs(kUp1));
  REQUIRE(wait_until([&] {
    return province.metric(0, "diemcau_rec_seconds_total{source=\"b1\"}").value_or(0) >= 3;
  }));
  central->signal(SIGKILL);
  CHECK(central->wait_for_end() == -SIGKILL);
  const auto recording = province.folder(0) / "record" / "b1-p001.mkv";
  const std::string words = output_of(
      "ffprobe -v error -count_packets -of csv=p=0 -show_entries "
      "stream=codec_name,nb_read_packets " +
      recording.string() + " 2>&1");
  CAPTURE(words);
  int pictures = 0, sounds = 0;
  REQUIRE(std::sscanf(words.c_str(), "h264,%d opus,%d", &pictures, &sounds) == 2);
  // Of three seconds at 5 pictures and 50 sounds a second, less than one may be missing.
  CHECK(pictures >= 10);
  CHECK(sounds >= 100);
  const std::string decoding =
      output_of("ffmpeg -v error -i " + recording.string() + " -map 0 -f null - 2>&1");
  CHECK(decoding.find("error while decoding") == std::string::npos);
  CHECK(decoding.find("concealing") == std::string::npos);
}

TEST_CASE("SIGTERM and a terminal that is closed leave cleanly: a goodbye, a summary, exit 0",
          "[run]") {
  const int how = GENERATE(SIGTERM, SIGHUP);
  CAPTURE(how);
  const Province province(2, clip());
  const auto central = province.start(0);
  const auto member = province.start(1);
  REQUIRE(central->logs(kUp1));
  REQUIRE(member->logs(kUp0));
  REQUIRE(media_goes_on(province, 0, "b1"));
  central->signal(how);
  if (how == SIGHUP) {  // from the shell, and from the terminal
    CHECK(central->logs("leaving"));
    central->signal(how);
  }
  CHECK(central->wait_for_end() == 0);
  CHECK(member->logs("Bridge 0 has left"));
  CHECK_FALSE(member->logged("lost Bridge 0"));
  CHECK(member->running());
  const Json summary = summary_of(province, 0);
  CHECK(frames_from(summary, "b1", "audio") > 0);
  CHECK(frames_from(summary, "b1", "video") > 0);
  REQUIRE(summary.at("recordings").size() == 1);
  CHECK(std::filesystem::exists(summary["recordings"][0].at("path").get<std::string>()));
  member->signal(SIGINT);
  CHECK(member->wait_for_end() == 0);
}

TEST_CASE("under nohup a bridge outlives its terminal", "[run]") {
  const Province province(2, clip());
  auto* const before = ::signal(SIGHUP, SIG_IGN);  // which the bridge inherits
  const auto central = province.start(0);
  ::signal(SIGHUP, before);
  const auto member = province.start(1);
  REQUIRE(central->logs(kUp1));
  central->signal(SIGHUP);
  CHECK(media_goes_on(province, 0, "b1"));
  CHECK_FALSE(central->logged("leaving"));
  central->signal(SIGTERM);
  CHECK(central->wait_for_end() == 0);
}

TEST_CASE("a document is started and stopped by command while the meeting runs", "[run]") {
  const Province province(2, clip());
  const auto grid = province.folder(0) / "grid.mkv";
  const auto central = province.start(0, clip() + "\n[sink]\ngrid = " + quoted(grid));
  const auto member = province.start(1);
  const std::string shown = "diemcau_document_shown{peer=\"b1\"}";
  const std::string seen = "diemcau_video_frames_decoded_total{peer=\"b1\",source=\"document\"}";
  const auto frames = [&] { return province.metric(0, seen).value_or(0); };
  REQUIRE(central->logs(kUp1));
  REQUIRE(media_goes_on(province, 0, "b1"));
  CHECK(document(province, 1, "status") == "no document is being shown\n1\n");
  CHECK(document(province, 1, "start").find("add --source FILE") != std::string::npos);
  CHECK_FALSE(province.metric(0, shown));
  tells_what_it_does_not_know(province, 1);

  const std::string white = "start --source " + quoted(clips().white());
  CHECK(document(province, 1, white) ==
        "the document " + clips().white().string() + " is being shown\n0\n");
  REQUIRE(central->logs("Bridge 1 shows a document"));
  CHECK(member->logged("Bridge 1 shows a document"));
  CHECK(wait_until([&] { return frames() > 15; }));
  CHECK(province.metric(0, shown) == 1);
  CHECK(document(province, 1, "status --json").find("\"shown\": true") != std::string::npos);
  // A mistake changes nothing.
  CHECK(document(province, 1, "start --source /nowhere.mp4").find("\n2\n") != std::string::npos);
  CHECK(document(province, 1, "status").find("white.mkv") != std::string::npos);

  CHECK(document(province, 1, "stop") == "no document is being shown\n0\n");
  REQUIRE(central->logs("Bridge 1 no longer shows a document"));
  CHECK(wait_until([&] { return province.metric(0, shown) == 0; }));
  const double at_end = frames();
  const auto recording = province.folder(0) / "record" / "b1-document-p001.mkv";
  const auto whole = [&] {  // the length of a recording is written when it is closed
    return std::atof(output_of("ffprobe -v error -show_entries format=duration -of csv=p=0 " +
                               recording.string() + " 2>&1")
                         .c_str()) > 1;
  };
  CHECK(wait_until(whole));
  CHECK(output_of("ffmpeg -v error -i " + recording.string() + " -map 0 -f null - 2>&1").empty());
  CHECK(media_goes_on(province, 0, "b1"));
  CHECK(frames() == at_end);

  CHECK(document(province, 1, white).find("\n0\n") != std::string::npos);
  CHECK(wait_until([&] { return frames() > at_end + 10; }));
  for (ChildNode* node : {member.get(), central.get()}) {
    node->signal(SIGTERM);
    CHECK(node->wait_for_end() == 0);
  }
  CHECK(document(province, 1, "status").find("no bridge answers") != std::string::npos);
  const Json summary = summary_of(province, 0);
  CHECK(summary.at("documents").at(0).at("bridge") == "b1");
  CHECK(summary.at("documents").at(0).at("times") == 2);
  CHECK(summary.at("recordings").size() == 3);
  CHECK(white_spells(grid) == 2);
}

TEST_CASE("a camera without sound and a microphone without picture meet", "[run]") {
  const Province province(2, "");
  const auto central = province.start(0, Clips::file(clips().dark()));
  const auto member = province.start(1, Clips::file(clips().silent()));
  REQUIRE(central->logs(kUp1));
  REQUIRE(member->logs(kUp0));
  CHECK(
      wait_until([&] { return province.metric(0, media_metric("b1", "video")).value_or(0) > 20; }));
  CHECK(
      wait_until([&] { return province.metric(1, media_metric("b0", "audio")).value_or(0) > 50; }));
  central->signal(SIGTERM);
  member->signal(SIGTERM);
  CHECK(central->wait_for_end() == 0);
  CHECK(member->wait_for_end() == 0);
  const Json of_central = summary_of(province, 0), of_member = summary_of(province, 1);
  CHECK(frames_from(of_central, "b1", "video") > 0);
  CHECK(frames_from(of_central, "b1", "audio") == 0);
  CHECK(frames_from(of_member, "b0", "audio") > 0);
  CHECK(frames_from(of_member, "b0", "video") == 0);
}

}  // namespace diemcau::node
