// The way from the end of service to the other end: exact without chance, in order under jitter and
// spikes, out of order only when asked.
#include "sim/delay_line.h"

#include <catch2/catch.hpp>
#include <vector>

namespace diemcau::sim {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::uint64_t kAlways = std::uint64_t{1} << 32;

std::vector<DelayLine::Arrival> carry(const DelayConfig& config, std::int64_t packets,
                                      std::int64_t gap_ns, std::uint64_t seed = 1) {
  DelayLine line{config, seed, 0};
  std::vector<DelayLine::Arrival> arrivals;
  for (std::int64_t n = 0; n < packets; ++n) arrivals.push_back(line.carry(n * gap_ns));
  return arrivals;
}

std::int64_t overtaken(const std::vector<DelayLine::Arrival>& arrivals) {
  std::int64_t latest = -1, count = 0;
  for (const auto& a : arrivals) {
    count += a.at_ns < latest ? 1 : 0;
    latest = std::max(latest, a.at_ns);
  }
  return count;
}

DelayConfig jitter(JitterConfig::Kind kind) {
  DelayConfig config;
  config.base = 30ms;
  config.jitter = {kind, 3ms, 10ms};
  return config;
}

}  // namespace

TEST_CASE("a constant delay is exact", "[sim]") {
  DelayConfig config;
  config.base = 12ms;
  const auto arrivals = carry(config, 1'000, 777);
  for (std::size_t n = 0; n < arrivals.size(); ++n) {
    REQUIRE(arrivals[n].at_ns == static_cast<std::int64_t>(n) * 777 + 12 * kMs);
    REQUIRE_FALSE(arrivals[n].copy_at_ns);
    REQUIRE_FALSE(arrivals[n].corrupt);
  }
}

TEST_CASE("jitter in order never reorders and stays inside its cap", "[sim]") {
  constexpr std::int64_t kGap = 100'000;
  const auto arrivals = carry(jitter(JitterConfig::Kind::bounded_inorder), 100'000, kGap);
  CHECK(overtaken(arrivals) == 0);
  for (std::size_t n = 0; n < arrivals.size(); ++n) {
    const std::int64_t delay = arrivals[n].at_ns - static_cast<std::int64_t>(n) * kGap;
    REQUIRE(delay >= 20 * kMs);
    REQUIRE(delay <= 40 * kMs);
  }
}

TEST_CASE("jitter that may reorder does", "[sim]") {
  CHECK(overtaken(carry(jitter(JitterConfig::Kind::bounded_reorder), 10'000, 100'000)) > 5'000);
}

TEST_CASE("no jitter lets a packet arrive before it has departed", "[sim]") {
  DelayConfig config = jitter(JitterConfig::Kind::bounded_reorder);
  config.base = 1ms;
  const auto arrivals = carry(config, 10'000, kMs);
  for (std::size_t n = 0; n < arrivals.size(); ++n)
    REQUIRE(arrivals[n].at_ns >= static_cast<std::int64_t>(n) * kMs);
}

TEST_CASE("a delay trace is followed in order and begins anew at its end", "[sim]") {
  DelayConfig config;
  config.base = 1s;  // not used
  config.trace = std::make_shared<const Trace>(Trace{{0ms, 50ms, false}, {100ms, 20ms, false}});
  DelayLine line{config, 1, 0};
  CHECK(line.carry(0).at_ns == 50 * kMs);
  CHECK(line.carry(99 * kMs).at_ns == 149 * kMs);
  CHECK(line.carry(100 * kMs).at_ns == 149 * kMs);  // 120 by itself, but it may not overtake
  CHECK(line.carry(150 * kMs).at_ns == 170 * kMs);
  CHECK(line.carry(200 * kMs).at_ns == 250 * kMs);
}

TEST_CASE("what departs in a spike waits for its end, as long as was asked for", "[sim]") {
  DelayConfig config;
  config.base = 10ms;
  config.spikes = DelayConfig::Spikes{2s, 50ms, 400ms};
  const auto arrivals = carry(config, 600'000, kMs);  // ten minutes
  CHECK(overtaken(arrivals) == 0);
  std::int64_t blocks = 0, before = 10 * kMs;
  for (std::size_t n = 0; n < arrivals.size(); ++n) {
    const std::int64_t delay = arrivals[n].at_ns - static_cast<std::int64_t>(n) * kMs;
    REQUIRE(delay >= 10 * kMs);
    REQUIRE(delay <= 410 * kMs);
    if (before == 10 * kMs && delay > before) {
      ++blocks;
      REQUIRE(delay > 10 * kMs + 49 * kMs);  // the first packet of a block meets nearly all of it
    }
    before = delay;
  }
  // One per 2 s + 0.225 s on average: 270, five standard deviations of 15.
  CHECK(blocks > 195);
  CHECK(blocks < 345);
}

TEST_CASE("a reordered packet is overtaken by what departs within the time given", "[sim]") {
  DelayConfig config;
  config.base = 10ms;
  config.reorder_parts = kAlways / 100;
  config.reorder_by = 5ms;
  const auto arrivals = carry(config, 100'000, kMs);
  std::int64_t late = 0;
  for (std::size_t n = 0; n < arrivals.size(); ++n) {
    const std::int64_t delay = arrivals[n].at_ns - static_cast<std::int64_t>(n) * kMs;
    REQUIRE((delay == 10 * kMs || delay == 15 * kMs));
    late += delay == 15 * kMs ? 1 : 0;
  }
  CHECK(late > 840);  // 1,000, five standard deviations of 31
  CHECK(late < 1'160);
}

TEST_CASE("duplicates and damage have their share and do not shift arrivals", "[sim]") {
  DelayConfig config;
  config.base = 10ms;
  config.duplicate_parts = kAlways / 10;
  config.corrupt_parts = kAlways / 20;
  std::int64_t copies = 0, damaged = 0, n = 0;
  for (const auto& a : carry(config, 100'000, kMs)) {
    REQUIRE(a.at_ns == n++ * kMs + 10 * kMs);
    copies += a.copy_at_ns ? 1 : 0;
    damaged += a.corrupt ? 1 : 0;
  }
  CHECK(copies == Approx(10'000).margin(475));
  CHECK(damaged == Approx(5'000).margin(345));
}

TEST_CASE("damage does not change the weather: jitter is the same with it and without", "[sim]") {
  DelayConfig with = jitter(JitterConfig::Kind::bounded_inorder);
  with.corrupt_parts = kAlways / 2;
  const auto a = carry(with, 1'000, kMs);
  const auto b = carry(jitter(JitterConfig::Kind::bounded_inorder), 1'000, kMs);
  for (std::size_t n = 0; n < a.size(); ++n) REQUIRE(a[n].at_ns == b[n].at_ns);
}

}  // namespace diemcau::sim
