// Measuring a line: who lost what, clocks that nobody compared, and a running bridge that answers.
#include "node/probe.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "core/base/rng.h"
#include "core/mesh/probe_log.h"
#include "node/probe_fit.h"
#include "node/probe_ledger.h"
#include "tests/node/child_node.h"

namespace diemcau::node {
namespace {

using Fate = ProbeRecord::Fate;

// A line in virtual time between a ledger and a log, with what is lost on it written down.
struct Line {
  ProbeLedger ledger;
  mesh::ProbeLog log;
  NtpTime peer_start = NtpTime::from_ns(3'976'214'400'000'000'000U);
  double drift = 0;  // of the peer's clock
  std::set<std::size_t> lost_there, lost_back;

  // In ns since the start of our clock at 1,000 s.
  static Timestamp ours(std::int64_t ns) { return timestamp_from_ns(1'000'000'000'000 + ns); }
  NtpTime peers(std::int64_t ns) const {
    return peer_start + Duration{ns + std::llround(static_cast<double>(ns) * drift)};
  }
  void probe(Duration there, Duration back) {
    const std::size_t number = ledger.records().size();
    const std::int64_t sent = static_cast<std::int64_t>(number) * 10'000'000;
    wire::TransactionId id{};
    id[0] = static_cast<std::uint8_t>(number);
    id[1] = static_cast<std::uint8_t>(number >> 8);
    const wire::StunProbe asked = ledger.sent(ours(sent), id);
    if (lost_there.count(number) != 0) return;
    const std::int64_t arrived = sent + there.count();
    const wire::StunProbe answer = log.answer(1, asked, peers(arrived));
    if (lost_back.count(number) != 0) return;
    const std::int64_t replied = arrived + 100'000;
    static_cast<void>(ledger.answered(ours(replied + back.count()), id,
                                      {peers(arrived), peers(replied)}, answer));
  }
};

double ms(Duration d) { return to_ms_double(d); }

}  // namespace

TEST_CASE("losses are told apart by direction, single ones and runs", "[probe]") {
  Line line;
  line.lost_there = {3, 4, 50, 51, 52, 600};
  line.lost_back = {5, 7, 51, 601};
  for (std::size_t n = 200; n < 260; ++n) line.lost_there.insert(n);
  for (std::size_t n = 300; n < 1'100; ++n) line.lost_back.insert(n);  // 8 s
  for (int n = 0; n < 1'500; ++n) line.probe(20ms, 30ms);
  REQUIRE(line.ledger.settled(1'300));
  for (std::size_t n = 0; n < 1'300; ++n) {
    const Fate fate = line.ledger.records()[n].fate;
    CAPTURE(n);
    if (line.lost_there.count(n) != 0) {
      REQUIRE(fate == Fate::lost_there);
    } else if (line.lost_back.count(n) != 0) {
      REQUIRE(fate == Fate::lost_back);
    } else {
      REQUIRE(fate == Fate::answered);
    }
  }
}

TEST_CASE("a silence longer than the peer's memory is a line that was down", "[probe]") {
  Line line;
  for (std::size_t n = 100; n < 1'600; ++n) line.lost_there.insert(n);
  for (int n = 0; n < 2'000; ++n) line.probe(20ms, 20ms);
  CHECK(line.ledger.settled(1'700));
  CHECK(line.ledger.records()[150].fate == Fate::lost_there);
  const auto traces = fit_probes(line.ledger.records(), 1'700);
  REQUIRE(traces);
  const auto lost = [](const std::vector<ProbePoint>& points) {
    return std::count_if(points.begin(), points.end(), [](const ProbePoint& p) { return p.lost; });
  };
  CHECK(lost(traces->to_peer) == 1'500);
  CHECK(lost(traces->to_us) == 1'500);
}

TEST_CASE("answers that nobody asked for, repeated ones and foreign ones change nothing",
          "[probe]") {
  ProbeLedger ledger;
  const wire::TransactionId id{7};
  const wire::StunClock clock{NtpTime::from_raw(1), NtpTime::from_raw(2)};
  CHECK_FALSE(ledger.answered(Timestamp{}, id, clock, {}));
  static_cast<void>(ledger.sent(Timestamp{}, id));
  CHECK_FALSE(ledger.answered(Timestamp{}, wire::TransactionId{8}, clock, {}));
  wire::StunProbe far;
  far.sequence = 0xFFFF'FFFF;
  CHECK_FALSE(ledger.answered(Timestamp{}, id, clock, far));
  wire::StunProbe own;
  own.first = 0xFFFF'FFF0;
  CHECK(ledger.answered(Timestamp{}, id, clock, own));
  CHECK_FALSE(ledger.answered(Timestamp{}, id, clock, own));
}

TEST_CASE("delays are right although the clocks differ by years and drift", "[probe]") {
  for (const double drift : {0.0, 80e-6, -300e-6}) {
    Line line;
    line.drift = drift;
    Rng rng(3);
    std::vector<double> there, back;
    for (int n = 0; n < 3'000; ++n) {
      // Queues that are empty now and then; the line is as long in both directions.
      const Duration a = 25ms + Duration{rng.below(3) * std::int64_t{rng.below(8'000'000)}};
      const Duration b = 25ms + Duration{rng.below(3) * std::int64_t{rng.below(20'000'000)}};
      line.probe(a, b);
      there.push_back(ms(a));
      back.push_back(ms(b));
    }
    const auto traces = fit_probes(line.ledger.records(), 3'000);
    REQUIRE(traces);
    CAPTURE(drift, traces->drift_ppm);
    CHECK(std::abs(traces->drift_ppm - drift * 1e6) < 1);
    REQUIRE(traces->to_peer.size() == 3'000);
    REQUIRE(traces->to_us.size() == 3'000);
    double worst = 0;
    for (std::size_t i = 0; i < 3'000; ++i) {
      worst = std::max(worst, std::abs(ms(traces->to_peer[i].delay) - there[i]));
      CHECK(ms(traces->to_peer[i].at) == Approx(10.0 * static_cast<double>(i)));
    }
    CHECK(worst < 0.05);
    CHECK(ms(figures_of(traces->to_us).least) == Approx(25).margin(0.05));
    CHECK(ms(figures_of(traces->to_peer).least) == Approx(25).margin(0.05));
  }
}

TEST_CASE("of a line that is not as long both ways the halves of the round trip are told",
          "[probe]") {
  Line line;
  for (int n = 0; n < 1'500; ++n) line.probe(10ms, 40ms);
  const auto traces = fit_probes(line.ledger.records(), 1'500);
  REQUIRE(traces);
  CHECK(ms(figures_of(traces->to_us).least) == Approx(25).margin(0.05));
  CHECK(ms(figures_of(traces->to_peer).least) == Approx(25).margin(0.05));
}

TEST_CASE("without an answer there is no trace", "[probe]") {
  Line line;
  line.lost_there = {0, 1, 2};
  for (int n = 0; n < 3; ++n) line.probe(1ms, 1ms);
  CHECK_FALSE(fit_probes(line.ledger.records(), 3));
  CHECK_FALSE(fit_probes({}, 3));
}

TEST_CASE("the trace has a line per packet, exact and growing", "[probe]") {
  const std::vector<ProbePoint> points = {
      {0ms, 20ms, false}, {10ms, 20ms, true}, {10ms, 1234567ns, false}, {1h, 0ms, false}};
  CHECK(probe_csv(points) ==
        "time_s,delay_ms,lost\n0.000000000,20.000000,0\n0.010000000,20.000000,1\n"
        "0.010000001,1.234567,0\n3600.000000000,0.000000,0\n");
  CHECK(other_direction("a/trace.csv") == "a/trace-to-peer.csv");
  CHECK(other_direction("trace") == "trace-to-peer");
}

namespace {
// b1 measures; its own bridge is not running.
std::unique_ptr<ChildNode> probe(const Province& province, const std::string& peer, int seconds) {
  const auto folder = province.folder(1);
  std::ofstream(folder / "probe.toml")
      << "[node]\nid = \"b1\"\nlisten = \"127.0.0.1:" << province.port(1) << "\"\ndata_dir = \""
      << folder.string() << "\"\nlanguage = \"en\"\n[roster]\nfile = \""
      << (province.path() / "roster.toml").string() << "\"\n";
  std::filesystem::remove(folder / "probe.txt");
  return std::make_unique<ChildNode>(
      std::vector<std::string>{"probe", "--config", (folder / "probe.toml").string(), "--peer",
                               peer, "--seconds", std::to_string(seconds), "--out",
                               (folder / "trace.csv").string()},
      folder / "probe.txt");
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}
}  // namespace

TEST_CASE("a running bridge answers the probe of another and is not disturbed", "[probe][run]") {
  const Province province(2, "kind = \"none\"");
  const auto bridge = province.start(0);
  REQUIRE(bridge->logs("Bridge 0"));
  const auto prober = probe(province, "b0", 2);
  CHECK(prober->wait_for_end() == 0);
  CAPTURE(prober->log());
  CHECK(lines_of(text_of_file(province.folder(1) / "trace.csv")) == 201);
  CHECK(lines_of(text_of_file(province.folder(1) / "trace-to-peer.csv")) == 201);
  CHECK(bridge->running());
  CHECK_FALSE(bridge->logged("Bridge 1"));  // neither met nor lost
}

TEST_CASE("a probe that cannot be made is one sentence", "[probe][run]") {
  const Province province(2, "kind = \"none\"");
  const auto none = probe(province, "b7", 1);
  CHECK(none->wait_for_end() == 2);
  CHECK(none->logged("there is no bridge b7"));
  const auto self = probe(province, "b1", 1);
  CHECK(self->wait_for_end() == 2);
  CHECK(self->logged("b1 is this bridge itself"));
  const auto silent = probe(province, "b0", 1);
  CHECK(silent->wait_for_end() == 1);
  CHECK(silent->logged("b0 does not answer"));
  CHECK(lines_of(silent->log()) == 1);
  const LoopbackSocket squatter(SOCK_DGRAM, province.port(1));
  const auto busy = probe(province, "b0", 1);
  CHECK(busy->wait_for_end() == 2);
  CHECK(busy->logged("is in use by another program"));
}

}  // namespace diemcau::node
