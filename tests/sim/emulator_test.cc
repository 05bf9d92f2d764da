// The emulator on real sockets. What the machine's clock decides is printed; counts, order and
// addresses are asserted.
#include "sim/emulator.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "sim/cli.h"
#include "sim/emulate_command.h"
#include "tests/sim/scenario_text.h"

namespace diemcau::sim {
namespace {

// A member's socket on loopback.
class Member {
 public:
  struct Datagram {
    std::uint16_t from_port = 0;
    std::vector<std::uint8_t> bytes;
  };
  Member() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in at = address(0);
    const int buffer = 1 << 20;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    socklen_t size = sizeof at;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
  }
  ~Member() { ::close(fd_); }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  Endpoint endpoint() const { return Endpoint::v4(INADDR_LOOPBACK, port_); }
  void send(const Endpoint& to, const std::vector<std::uint8_t>& bytes) const {
    const sockaddr_in a = address(to.port);
    REQUIRE(::sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&a),
                     sizeof a) == static_cast<ssize_t>(bytes.size()));
  }
  std::optional<Datagram> receive() const {
    std::array<std::uint8_t, 2048> buffer{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t n =
        ::recvfrom(fd_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (n < 0) return std::nullopt;
    return Datagram{ntohs(from.sin_port), {buffer.begin(), buffer.begin() + n}};
  }

 private:
  static sockaddr_in address(std::uint16_t port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
  }
  int fd_;
  std::uint16_t port_ = 0;
};

std::string mesh_of(unsigned count, const std::string& line) {
  return "version = 1\nname = \"mesh\"\nseed = 9\nduration = \"60s\"\n[profile.p]\n" + line +
         "\n[group.s]\ncount = " + std::to_string(count) +
         "\nprofile = \"p\"\n[[meeting]]\nmembers = [\"s-*\"]\n";
}
const std::string kNull =
    "up = { rate = \"10Gbit/s\", delay = \"0ms\", queue = \"1s\", overhead = 0 }\n"
    "down = { rate = \"10Gbit/s\", delay = \"0ms\", queue = \"1s\", overhead = 0 }";

// A number and the emulator's time of sending.
std::vector<std::uint8_t> stamped(std::uint32_t number, Timestamp at) {
  std::vector<std::uint8_t> bytes(200);
  const std::int64_t ns = to_ns(at);
  std::memcpy(bytes.data(), &number, sizeof number);
  std::memcpy(bytes.data() + 8, &ns, sizeof ns);
  return bytes;
}
std::pair<std::uint32_t, Timestamp> stamp_of(const std::vector<std::uint8_t>& bytes) {
  std::uint32_t number = 0;
  std::int64_t ns = 0;
  REQUIRE(bytes.size() == 200);
  std::memcpy(&number, bytes.data(), sizeof number);
  std::memcpy(&ns, bytes.data() + 8, sizeof ns);
  return {number, timestamp_from_ns(ns)};
}

std::vector<Endpoint> endpoints(const std::vector<Member>& members) {
  std::vector<Endpoint> all;
  for (const Member& m : members) all.push_back(m.endpoint());
  return all;
}

// `count` datagrams a millisecond apart from 0 to 1; gives what arrived, with its delay.
struct Crossed {
  std::uint32_t number = 0;
  Duration delay{};
};
std::vector<Crossed> cross(Emulator& emulator, const std::vector<Member>& members,
                           std::uint32_t count) {
  RelaySockets& sockets = emulator.sockets();
  const Endpoint to = sockets.stand_in(1, 0);
  std::vector<Crossed> crossed;
  std::uint32_t sent = 0;
  const Timestamp begin = sockets.now();
  const Timestamp end = begin + 20s;  // of a machine that does other things: no limit of ours
  while (sockets.now() < end) {
    const Timestamp due = begin + sent * Duration{1ms};
    if (sent < count && sockets.now() >= due) {
      const Timestamp now = sockets.now();
      members[0].send(to, stamped(sent++, now));
    }
    emulator.turn(std::min(sent < count ? begin + sent * Duration{1ms} : sockets.now() + 5ms, end));
    while (const auto d = members[1].receive()) {
      const auto [number, at] = stamp_of(d->bytes);
      CHECK(d->from_port == sockets.stand_in(0, 1).port);
      crossed.push_back({number, sockets.now() - at});
    }
    const RelayFigures& f = emulator.relay().figures();
    const bool quiet = f.offered == count && emulator.relay().under_way() == 0;
    if (sent == count && quiet && crossed.size() == f.delivered) break;
  }
  return crossed;
}

void say(const char* what, const Emulator& emulator, const std::vector<Crossed>& crossed) {
  quality::Histogram added;
  for (const Crossed& c : crossed) added.add(c.delay);
  std::printf("%s: delay p50 %.3f p99 %.3f ms; emulator late p50 %.3f p99 %.3f ms\n", what,
              to_ms_double(*added.quantile(5000)), to_ms_double(*added.quantile(9900)),
              to_ms_double(*emulator.lateness().quantile(5000)),
              to_ms_double(*emulator.lateness().quantile(9900)));
}

}  // namespace

TEST_CASE("without a line everything arrives, in order, from the right address", "[sim]") {
  const Scenario scenario = parse_text(mesh_of(3, kNull));
  const std::vector<Member> members(3);
  Emulator emulator(scenario, endpoints(members), 1min);
  const auto crossed = cross(emulator, members, 2'000);
  REQUIRE(crossed.size() == 2'000);
  for (std::uint32_t n = 0; n < crossed.size(); ++n) REQUIRE(crossed[n].number == n);
  CHECK_FALSE(members[2].receive());
  say("null", emulator, crossed);
}

TEST_CASE("a delay is never cut short, and every loss is counted", "[sim]") {
  const std::string line = "{ rate = \"100Mbit/s\", delay = \"10ms\", overhead = 0 }";
  const Scenario scenario = parse_text(mesh_of(
      2, "up = " + line + "\ndown = " + line + "\nloss = { model = \"iid\", mean = 0.05 }"));
  const std::vector<Member> members(2);
  Emulator emulator(scenario, endpoints(members), 1min);
  const auto crossed = cross(emulator, members, 1'000);
  const RelayFigures& f = emulator.relay().figures();
  CHECK(f.offered == 1'000);
  CHECK(crossed.size() == f.delivered);
  CHECK(f.delivered + f.lost_wire == 1'000);
  CHECK(f.lost_wire > 0);
  for (const Crossed& c : crossed) CHECK(c.delay >= 20ms);
  say("20 ms, 5 %", emulator, crossed);
}

TEST_CASE("strangers and overlong datagrams do not get through and are counted", "[sim]") {
  const Scenario scenario = parse_text(mesh_of(2, kNull));
  const std::vector<Member> members(2);
  const Member stranger;
  Emulator emulator(scenario, endpoints(members), 1min);
  RelaySockets& sockets = emulator.sockets();
  stranger.send(sockets.stand_in(1, 0), std::vector<std::uint8_t>(100));
  members[1].send(sockets.stand_in(1, 0), std::vector<std::uint8_t>(100));  // not its own port
  members[0].send(sockets.stand_in(1, 0), std::vector<std::uint8_t>(1'473));
  members[0].send(sockets.stand_in(1, 0), std::vector<std::uint8_t>(1'472));
  members[0].send(sockets.stand_in(1, 0), {});
  const Timestamp end = sockets.now() + 5s;
  while (emulator.relay().figures().delivered < 2 && sockets.now() < end) emulator.turn(end);
  CHECK(sockets.figures().foreign == 2);
  CHECK(sockets.figures().oversized == 1);
  CHECK(members[1].receive()->bytes.size() == 1'472);
  CHECK(members[1].receive()->bytes.empty());
  CHECK_FALSE(members[1].receive());
}

TEST_CASE("the map of addresses names every member, each once", "[sim]") {
  const Scenario scenario = parse_text(kSmallScenario);
  const std::string good =
      "[address]\ndistrict-01 = \"127.0.0.1:5001\"\ncentral = \"127.0.0.1:5000\"\n"
      "district-02 = \"127.0.0.7:5000\"\n";
  const auto addresses = parse_address_map(good, "map.toml", scenario);
  REQUIRE(addresses.size() == 3);
  CHECK(addresses[0] == Endpoint::v4(0x7F00'0001, 5000));
  CHECK(addresses[2] == Endpoint::v4(0x7F00'0007, 5000));
  const auto complaint_of = [&](const std::string& text) -> std::string {
    try {
      static_cast<void>(parse_address_map(text, "map.toml", scenario));
    } catch (const ScenarioError& e) {
      return e.what();
    }
    return "accepted";
  };
  using Catch::Matchers::Contains;
  CHECK_THAT(complaint_of(""), Contains("map.toml") && Contains("[address]"));
  CHECK_THAT(complaint_of("[adress]\n"), Contains("map.toml:1") && Contains("address"));
  CHECK_THAT(complaint_of(replaced(good, "district-02", "district-03")),
             Contains("map.toml:4") && Contains("district-03"));
  CHECK_THAT(complaint_of(replaced(good, "central = \"127.0.0.1:5000\"\n", "")),
             Contains("central") && Contains("is missing"));
  CHECK_THAT(complaint_of(replaced(good, "127.0.0.7:5000", "127.0.0.1:5001")),
             Contains("map.toml:4") && Contains("another member"));
  CHECK_THAT(complaint_of(replaced(good, "127.0.0.7:5000", "10.0.0.7:5000")),
             Contains("map.toml:4") && Contains("loopback"));
  for (const char* wrong : {"127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.256:1",
                            "127.0.1:5000", "localhost:5000", "127.0.0.1:5000x", "-1.0.0.1:5", ""})
    CHECK_THAT(complaint_of(replaced(good, "127.0.0.7:5000", wrong)), Contains("map.toml:4"));
}

TEST_CASE("the command tells the ports, runs its time and leaves its figures", "[sim]") {
  namespace fs = std::filesystem;
  const fs::path folder =
      fs::temp_directory_path() / ("diemcau-emulate-" + std::to_string(getpid()));
  fs::create_directories(folder);
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream{folder / name} << text;
    return (folder / name).string();
  };
  const auto sim = [](const std::vector<std::string>& arguments) {
    std::vector<const char*> argv = {"diemcau-sim", "emulate"};
    for (const std::string& a : arguments) argv.push_back(a.c_str());
    return run_cli(static_cast<int>(argv.size()), argv.data());
  };
  const auto json_of = [&](const char* name) {
    std::ifstream in(folder / name);
    return nlohmann::json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
  };
  const std::string scenario = write("s.toml", mesh_of(2, kNull));
  const std::string map =
      write("map.toml", "[address]\ns-01 = \"127.0.0.1:5000\"\ns-02 = \"127.0.0.1:5001\"\n");
  const std::string ports = (folder / "ports.json").string();
  const std::string stats = (folder / "stats.json").string();
  CHECK(sim({scenario, "--map", map, "--seconds", "1", "--ports", ports, "--stats", stats}) == 0);
  const auto told = json_of("ports.json");
  CHECK(told["ports"]["s-01"]["s-02"] != told["ports"]["s-02"]["s-01"]);
  CHECK_FALSE(told["ports"]["s-01"].contains("s-01"));
  const auto figures = json_of("stats.json");
  CHECK(figures["seed"] == 9);
  CHECK(figures["seconds"] >= 1.0);
  CHECK(figures["datagrams"]["offered"] == 0);
  REQUIRE(figures["links"].size() == 4);
  CHECK(figures["links"][0]["name"] == "s-01/up");
  CHECK(sim({scenario, "--map", (folder / "none.toml").string()}) == 2);
  CHECK(sim({scenario, "--map", scenario}) == 2);
  CHECK(sim({map, "--map", map}) == 2);
  CHECK(sim({scenario, "--map", map, "--profile", "nul"}) == 2);
  CHECK(sim({scenario, "--map", map, "--seconds", "0"}) == 2);
  fs::remove_all(folder);
}

}  // namespace diemcau::sim
