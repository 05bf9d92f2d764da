// Rates over time against arithmetic: steps, periods, stalls, wandering, and Mahimahi's
// opportunities.
#include "sim/capacity.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace diemcau::sim {
namespace {

constexpr std::int64_t kMs = 1'000'000;

CounterRandom weather(std::uint64_t seed = 1) { return {seed, Purpose::capacity, 0}; }

Server steps(std::vector<RateStep> list, std::optional<Duration> period = std::nullopt,
             std::vector<OutageSpan> stalls = {}) {
  CapacityConfig c;
  c.kind = CapacityConfig::Kind::steps;
  c.steps = std::move(list);
  c.period = period;
  return Server{c, std::move(stalls), weather()};
}

CapacityConfig opportunities(std::vector<std::uint32_t> ms) {
  CapacityConfig c;
  c.kind = CapacityConfig::Kind::opportunities;
  c.opportunities_ms = std::move(ms);
  return c;
}

}  // namespace

TEST_CASE("a packet that is in service when the rate changes is served at both rates", "[sim]") {
  Server server = steps({{0ms, Bitrate::kbps(8'000)}, {10ms, Bitrate::kbps(4'000)}});
  // 1000 bytes: half of it in 0.5 ms at 8 Mbit/s, the other half in 1 ms at 4.
  const auto s = server.serve(9'500'000, 1000);
  CHECK(s.begins_ns == 9'500'000);
  CHECK(s.departs_ns == 11 * kMs);
  CHECK(server.rate_at(9 * kMs) == Bitrate::kbps(8'000));
  CHECK(server.rate_at(10 * kMs) == Bitrate::kbps(4'000));
}

TEST_CASE("a rate of nothing lets packets wait, and the last step stays", "[sim]") {
  Server server =
      steps({{0ms, Bitrate::kbps(8'000)}, {2ms, Bitrate{}}, {10ms, Bitrate::kbps(16'000)}});
  CHECK(server.serve(1'500'000, 1000).departs_ns == 10'250'000);
  CHECK(server.serve(1'600'000, 1000).departs_ns == 10'750'000);
  CHECK(server.serve(24 * 3600 * 1000 * kMs, 1000).departs_ns == 24 * 3600 * 1000 * kMs + 500'000);
}

TEST_CASE("a rate trace with a period begins anew at its end", "[sim]") {
  Server server =
      steps({{0ms, Bitrate::kbps(8'000)}, {10ms, Bitrate::kbps(1'000)}}, Duration{20ms});
  for (std::int64_t round = 0; round < 100; ++round) {
    const std::int64_t base = round * 20 * kMs;
    REQUIRE(server.serve(base + 5 * kMs, 1000).departs_ns == base + 6 * kMs);
    REQUIRE(server.serve(base + 10 * kMs, 1000).departs_ns == base + 18 * kMs);
  }
  CHECK(server.bits_between(0, 40 * kMs) == 2 * (80'000 + 10'000));
}

TEST_CASE("remainders of a nanosecond survive changes of rate", "[sim]") {
  // 3 and 7 Mbit/s, 1 ms of each in turn: what has been served by 2k ms is exactly k × 10,000 bits.
  Server server = steps({{0ms, Bitrate::kbps(3'000)}, {1ms, Bitrate::kbps(7'000)}}, Duration{2ms});
  std::int64_t departs = 0;
  for (int packet = 0; packet < 10'000; ++packet) departs = server.serve(0, 125).departs_ns;
  CHECK(departs == 2'000 * kMs);
}

TEST_CASE("a stall adds its length to what it meets and costs nothing else", "[sim]") {
  CapacityConfig constant;
  constant.rate = Bitrate::kbps(8'000);
  Server server{constant, {{10 * kMs, 30 * kMs}}, weather()};
  CHECK(server.serve(9'400'000, 1000).departs_ns == 30'400'000);
  const auto waiting = server.serve(12 * kMs, 1000);
  CHECK(waiting.begins_ns == 30'400'000);
  CHECK(waiting.departs_ns == 31'400'000);
  CHECK(server.bits_between(0, 40 * kMs) == 8 * 20'000);
}

TEST_CASE("after a restart nothing of what was under way is left", "[sim]") {
  CapacityConfig constant;
  constant.rate = Bitrate::kbps(3'000);
  Server server{constant, {}, weather()};
  static_cast<void>(server.serve(0, 100'000));
  server.restart(5 * kMs);
  CHECK(server.free(5 * kMs));
  CHECK(server.serve(5 * kMs, 1000).departs_ns == 5 * kMs + 2'666'667);
}

TEST_CASE("small packets share an opportunity and a large one takes several", "[sim]") {
  Server server{opportunities({10, 20, 20, 30, 40}), {}, weather()};
  CHECK(server.serve(0, 500).departs_ns == 10 * kMs);
  CHECK(server.serve(0, 1004).departs_ns == 10 * kMs);  // 1504 bytes in all
  CHECK(server.serve(0, 1).departs_ns == 20 * kMs);
  CHECK(server.serve(0, 3007).departs_ns == 20 * kMs);  // what is left of one, and all of the next
  CHECK(server.serve(0, 1).departs_ns == 30 * kMs);
}

TEST_CASE("an opportunity that nobody takes is gone, and so is its rest", "[sim]") {
  Server server{opportunities({10, 20, 30}), {}, weather()};
  CHECK(server.serve(10 * kMs, 100).departs_ns ==
        20 * kMs);  // the one at that very instant is over
  CHECK(server.serve(20 * kMs, 100).departs_ns == 30 * kMs);
  CHECK(server.serve(25 * kMs, 100).departs_ns == 30 * kMs);
}

TEST_CASE("a file of opportunities begins anew at its last number", "[sim]") {
  Server server{opportunities({3, 10}), {}, weather()};
  for (std::int64_t round = 0; round < 1'000; round += 7) {
    REQUIRE(server.serve(round * 10 * kMs, 1504).departs_ns == (round * 10 + 3) * kMs);
    REQUIRE(server.serve(round * 10 * kMs, 1504).departs_ns == (round * 10 + 10) * kMs);
  }
}

TEST_CASE("opportunities inside a stall carry nothing", "[sim]") {
  Server server{opportunities({10, 20, 30}), {{15 * kMs, 25 * kMs}}, weather()};
  CHECK(server.serve(0, 3000).departs_ns == 30 * kMs);
}

TEST_CASE("a wandering rate keeps its mean, and another seed is another day", "[sim]") {
  CapacityConfig c;
  c.kind = CapacityConfig::Kind::wandering;
  c.rate = Bitrate::kbps(10'000);
  c.sigma_q16 = 65'536 / 4;
  c.rho_q16 = 65'536 / 2;
  Server one{c, {}, weather(1)}, again{c, {}, weather(1)}, other{c, {}, weather(2)};
  double sum = 0;
  bool differ = false;
  constexpr std::int64_t kSteps = 100'000;
  for (std::int64_t n = 0; n < kSteps; ++n) {
    const Bitrate rate = one.rate_at(n * 100 * kMs);
    REQUIRE(rate.bps() > 0);
    REQUIRE(rate == again.rate_at(n * 100 * kMs));
    differ = differ || rate != other.rate_at(n * 100 * kMs);
    sum += static_cast<double>(rate.bps());
  }
  CHECK(differ);
  // σ √((1+ρ) / ((1−ρ) n)) = 0.14 % of the mean; five of them.
  CHECK(sum / kSteps == Approx(10e6).epsilon(0.007));
}

TEST_CASE("asking for a rate earlier or later does not change the weather", "[sim]") {
  CapacityConfig c;
  c.kind = CapacityConfig::Kind::wandering;
  c.rate = Bitrate::kbps(10'000);
  c.sigma_q16 = 65'536 / 4;
  c.rho_q16 = 65'536 / 2;
  Server forward{c, {}, weather()}, ahead{c, {}, weather()};
  const Bitrate far = ahead.rate_at(1'000'000 * kMs);
  for (std::int64_t n = 0; n < 100; ++n)
    REQUIRE(forward.rate_at(n * 100 * kMs) == ahead.rate_at(n * 100 * kMs));
  CHECK(forward.rate_at(1'000'000 * kMs) == far);
}

}  // namespace diemcau::sim
