#include "core/mesh/clock_filter.h"

#include <catch2/catch.hpp>

#include "core/base/rng.h"
#include "core/mesh/wall_time.h"

using namespace diemcau;
using namespace diemcau::mesh;

TEST_CASE("The exchange with the least delay decides the offset", "[core][mesh]") {
  ClockFilter filter;
  const NtpTime ours = NtpTime::from_ns(4'000'000'000'000'000'000);
  const Duration offset = 250ms;
  // 5 ms each way and no queue: exact. 60 ms of queue on the way there: off by 30 ms, and not
  // believed.
  filter.add(70ms, ours, ours + offset + 65ms, ours + offset + 65ms);
  REQUIRE(filter.estimate());
  CHECK(filter.estimate()->offset - offset > 25ms);
  filter.add(11ms, ours + 1s, ours + 1s + offset + 5ms, ours + 1s + offset + 6ms);
  CHECK(std::abs(to_ns(filter.estimate()->offset - offset)) < 1000);
  CHECK(filter.estimate()->uncertainty == filter.estimate()->rtt / 2);
}

TEST_CASE("A peer that claims to have held a check longer than it was away is not believed",
          "[core][mesh]") {
  ClockFilter filter;
  const NtpTime ours = NtpTime::from_ns(4'000'000'000'000'000'000);
  filter.add(10ms, ours, ours + 1ms, ours + 1s);
  filter.add(10ms, ours, ours + 1s, ours + 1ms);
  CHECK_FALSE(filter.estimate());
}

TEST_CASE("A clock that stood still is found with the first exchange after it, queues or not",
          "[core][mesh]") {
  ClockFilter filter;
  const NtpTime ours = NtpTime::from_ns(4'000'000'000'000'000'000);
  for (int i = 0; i < 32; ++i)
    filter.add(10ms, ours + i * 1s, ours + i * 1s + 5ms, ours + i * 1s + 5ms);
  CHECK(filter.estimate()->offset == 0ms);
  // 300 ms of queue on one way alone: by itself off by 150 ms, and not believed.
  filter.add(310ms, ours + 33s, ours + 33s + 305ms, ours + 33s + 305ms);
  CHECK(filter.estimate()->offset == 0ms);
  // We slept for three seconds, the line is as full.
  filter.add(310ms, ours + 34s, ours + 37s + 305ms, ours + 37s + 305ms);
  CHECK(std::abs(to_ns(filter.estimate()->offset - 3s)) <= 150'000'000);
  filter.add(10ms, ours + 35s, ours + 38s + 5ms, ours + 38s + 5ms);
  CHECK(std::abs(to_ns(filter.estimate()->offset - 3s)) < 1000);
}

TEST_CASE("A step of the PC's clock does not move the wire's clock", "[core][mesh]") {
  WallTime wall;
  const Timestamp start = timestamp_from_ns(5'000'000'000);
  const NtpTime ntp = NtpTime::from_ns(4'000'000'000'000'000'000);
  wall.read(start, ntp);
  wall.read(start + 10s, ntp + 10s + 500ms);
  CHECK(wall.at(start + 11s) - ntp == 11s);
  CHECK(std::abs(to_ns(wall.stepped() - 500ms)) < 10);
  CHECK(std::abs(to_ns(wall.local(wall.at(start + 3s)) - (start + 3s))) < 10);
}
