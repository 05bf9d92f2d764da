#include "core/rate/clock_skew.h"

#include <catch2/catch.hpp>

#include "core/base/rng.h"

using namespace diemcau;
using rate::ClockSkew;

namespace {

// 100 delays a second, up to 20 ms of queue and jitter above 30 ms, on a clock that gains `ppm`.
Duration gained_in_a_second(std::int64_t ppm, Duration seen, std::uint64_t seed) {
  Rng rng(seed);
  ClockSkew skew;
  for (Duration t{}; t < seen; t += 10ms) {
    const Duration queue = std::chrono::microseconds(rng.below(20'000));
    skew.add(Timestamp{} + 1h + t, 30ms + t / 1'000'000 * ppm + queue);
  }
  return skew.gained_in(1s);
}

}  // namespace

TEST_CASE("a clock that gains or loses up to 200 ppm is known within 20 ppm after three minutes") {
  const auto ppm = GENERATE(-400, -200, -20, 0, 20, 200, 400);
  const auto seed = GENERATE(1U, 2U, 3U);
  CAPTURE(ppm, seed);
  // The least of 500 delays lies 40 µs above the base on average, 200 µs hardly ever: over edges of
  // 12 s and more that is 17 ppm.
  const Duration gained = gained_in_a_second(ppm, 190s, seed);
  CHECK(gained >= std::chrono::microseconds(ppm - 20));
  CHECK(gained <= std::chrono::microseconds(ppm + 20));
}

TEST_CASE("nothing is said about a clock in the first twenty seconds") {
  CHECK(gained_in_a_second(200, 19s, 1) == 0ns);
}

TEST_CASE("a queue that comes or goes, or another route, is no clock") {
  const auto step = GENERATE(-25ms, -5ms, 5ms, 50ms, 300ms);
  const auto lasts = GENERATE(30s, 90s, 600s);
  CAPTURE(to_ms(step), lasts.count());
  ClockSkew skew;
  for (Duration t{}; t < 10min; t += 20ms) {
    const bool stands = t >= 200s && t < 200s + lasts;
    skew.add(Timestamp{} + t, 30ms + (stands ? step : 0ms));
    // A fall within the last tenth of the window looks like a clock: three steps of 20 ppm, which
    // in half a minute are 2 ms.
    REQUIRE(skew.gained_in(1s) <= 60us);
    REQUIRE(skew.gained_in(1s) >= -60us);
  }
}
