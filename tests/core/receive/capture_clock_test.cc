#include "core/receive/capture_clock.h"

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::receive;

namespace {
constexpr NtpTime kNoon = NtpTime::from_ns(4'000'000'000'000'000'000U);

Duration abs_of(Duration d) { return d < Duration::zero() ? -d : d; }
}  // namespace

TEST_CASE("a packet without capture time is placed by its RTP time from the last one that had it") {
  CaptureTimes times(90'000);
  CHECK(times.at(1'000, kNoon) == kNoon);
  const auto later = times.at(1'000 + 3'000, std::nullopt);
  REQUIRE(later);
  CHECK(abs_of((*later - kNoon) - Duration{33'333'333}) < 2us);
  const auto earlier = times.at(0xFFFF'FFFF - 7'999, std::nullopt);
  REQUIRE(earlier);
  CHECK(abs_of((*earlier - kNoon) + 100ms) < 2us);
}

TEST_CASE("before the first capture time no packet has a place") {
  CaptureTimes times(48'000);
  CHECK_FALSE(times.at(5, std::nullopt));
  CHECK(times.at(965, kNoon));
  CHECK(times.at(5, std::nullopt));
}

TEST_CASE("placing goes on when the RTP time wraps") {
  CaptureTimes times(48'000);
  times.at(0xFFFF'FFFF - 479, kNoon);
  const auto later = times.at(480, std::nullopt);
  REQUIRE(later);
  CHECK(abs_of((*later - kNoon) - 20ms) < 2us);
}

TEST_CASE("the first clock offset is taken at once, later ones at one millisecond a second") {
  PeerClock clock;
  CHECK_FALSE(clock.known());
  clock.update(timestamp_from_ns(0), 250ms);
  CHECK(clock.offset() == 250ms);
  clock.update(timestamp_from_ns(1'000'000'000), 260ms);
  CHECK(clock.offset() == 251ms);
  clock.update(timestamp_from_ns(2'000'000'000), 245ms);
  CHECK(clock.offset() == 250ms);
}

TEST_CASE("a clock that was set is followed at once") {
  PeerClock clock;
  clock.update(timestamp_from_ns(0), 0ms);
  clock.update(timestamp_from_ns(1'000'000'000), 500ms);
  CHECK(clock.offset() == 500ms);
}
