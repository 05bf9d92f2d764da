// What the wire loses, in short runs: shares and bursts inside five standard deviations, states by
// time, and traces read back point by point.
#include "sim/wire_loss.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace diemcau::sim {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::uint64_t kAlways = std::uint64_t{1} << 32;

CounterRandom weather(std::uint64_t seed = 1) { return {seed, Purpose::wire_loss, 0}; }

struct Seen {
  double lost = 0, bursts = 0;
};

Seen observe(const LossConfig& config, std::int64_t packets, std::int64_t gap_ns,
             std::uint64_t seed) {
  WireLoss loss{config, weather(seed)};
  Seen seen;
  bool before = false;
  for (std::int64_t n = 0; n < packets; ++n) {
    const bool lost = loss.loses(n * gap_ns);
    seen.lost += lost ? 1 : 0;
    seen.bursts += lost && !before ? 1 : 0;
    before = lost;
  }
  return seen;
}

}  // namespace

TEST_CASE("a wire without loss and a dead wire are certain", "[sim]") {
  LossConfig config;
  CHECK(observe(config, 10'000, kMs, 1).lost == 0);
  config.kind = LossConfig::Kind::iid;
  CHECK(observe(config, 10'000, kMs, 1).lost == 0);
  config.loss_good = kAlways;
  CHECK(observe(config, 10'000, kMs, 1).lost == 10'000);
}

TEST_CASE("Gilbert's bursts have their share and their length", "[sim]") {
  LossConfig config;
  config.kind = LossConfig::Kind::gilbert_elliott;
  config.loss_bad = kAlways;
  config.to_bad = kAlways / 100;
  config.to_good = kAlways / 4;
  constexpr std::int64_t kPackets = 1'000'000;
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    INFO("seed " << seed);
    const Seen seen = observe(config, kPackets, kMs, seed);
    // Share 1/26; λ = 0.74, so one standard deviation is √(s(1−s)/n × 1.74/0.26) = 0.0005.
    CHECK(seen.lost / kPackets == Approx(1 / 26.0).margin(5 * 0.0005));
    // 9,600 bursts of 4 ± √12 packets: 0.035.
    CHECK(seen.lost / seen.bursts == Approx(4.0).margin(5 * 0.035));
  }
}

TEST_CASE("Elliott's states lose a part each", "[sim]") {
  LossConfig config;
  config.kind = LossConfig::Kind::gilbert_elliott;
  config.loss_good = kAlways / 1000;
  config.loss_bad = kAlways / 2;
  config.to_bad = kAlways / 20;
  config.to_good = kAlways / 5;
  // A fifth of the time in bad: 0.8 × 0.001 + 0.2 × 0.5; λ = 0.75 on half of the variance.
  CHECK(observe(config, 1'000'000, kMs, 1).lost / 1e6 == Approx(0.1008).margin(5 * 0.0006));
}

TEST_CASE("bursts by time last as long at any rate of packets", "[sim]") {
  LossConfig config;
  config.kind = LossConfig::Kind::gilbert_elliott_time;
  config.loss_bad = kAlways;
  config.mean_good = 180ms;
  config.mean_bad = 20ms;
  constexpr std::int64_t kLifeMs = 1'000'000;
  const Seen fast = observe(config, kLifeMs * 4, kMs / 4, 1);
  const Seen slow = observe(config, kLifeMs, kMs, 1);
  // 5,000 cycles: 2 % for the share of bad time, as bad times vary by their mean and good ones too.
  CHECK(fast.lost / (4.0 * kLifeMs) == Approx(0.1).margin(5 * 0.002));
  CHECK(slow.lost / (1.0 * kLifeMs) == Approx(0.1).margin(5 * 0.002));
  // The same bad times, seen four times as finely: the weather does not count packets.
  CHECK(fast.lost / 4 == Approx(slow.lost).epsilon(0.01));
  CHECK(fast.lost / fast.bursts / 4 == Approx(20.0).epsilon(0.08));
}

TEST_CASE("two wires with one seed lose the same packets and with another seed do not", "[sim]") {
  LossConfig config;
  config.kind = LossConfig::Kind::iid;
  config.loss_good = kAlways / 10;
  WireLoss one{config, weather(1)}, again{config, weather(1)}, other{config, weather(2)};
  int differ = 0;
  for (int n = 0; n < 1'000; ++n) {
    const bool lost = one.loses(n);
    REQUIRE(lost == again.loses(n));
    differ += lost != other.loses(n) ? 1 : 0;
  }
  CHECK(differ > 100);
}

TEST_CASE("a loss trace says what it saw, for as long as each point lasts, again and again",
          "[sim]") {
  LossConfig config;
  config.kind = LossConfig::Kind::trace;
  config.trace = std::make_shared<const Trace>(
      Trace{{0ms, 5ms, false}, {10ms, 5ms, true}, {30ms, 7ms, false}});
  WireLoss loss{config, weather()};
  // The last point lasts as long as the one before it: 20 ms; the whole 50 ms.
  for (std::int64_t round = 0; round < 50; ++round) {
    const std::int64_t base = round * 50 * kMs;
    INFO("round " << round);
    REQUIRE_FALSE(loss.loses(base));
    REQUIRE_FALSE(loss.loses(base + 10 * kMs - 1));
    REQUIRE(loss.loses(base + 10 * kMs));
    REQUIRE(loss.loses(base + 30 * kMs - 1));
    REQUIRE_FALSE(loss.loses(base + 30 * kMs));
    REQUIRE_FALSE(loss.loses(base + 50 * kMs - 1));
  }
}

TEST_CASE("a trace that begins late or has one point still covers all time", "[sim]") {
  const Trace late{{100ms, 5ms, false}, {110ms, 6ms, true}};
  CHECK(point_at(late, 0).delay == 5ms);
  CHECK(point_at(late, 10 * kMs).delay == 6ms);
  CHECK(point_at(late, 20 * kMs).delay == 5ms);
  const Trace one{{3ms, 8ms, false}};
  for (const std::int64_t ns : {std::int64_t{0}, 5'000 * kMs, 86'400'000 * kMs})
    CHECK(point_at(one, ns).delay == 8ms);
}

}  // namespace diemcau::sim
