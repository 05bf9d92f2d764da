#include "core/rate/base_delay.h"

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::rate;

namespace {
// Fifty packets a second, of which some do not arrive.
struct Path {
  BaseDelay base;
  ClockSkew skew;
  Timestamp now = timestamp_from_ns(0) + 1'000s;
  void pass(Duration d, Duration delay, int lost_of_ten) {
    int n = 0;
    for (const Timestamp end = now + d; now < end; now += 20ms, ++n) {
      if (n % 10 < lost_of_ten) {
        base.lost();
      } else {
        base.arrived(now, delay, skew);
      }
    }
  }
};
}  // namespace

TEST_CASE("a delay that is longer for half a minute is the path's new one", "[rate][base]") {
  Path path;
  path.pass(20s, 10ms, 0);
  path.pass(20s, 60ms, 0);
  CHECK(path.base.least() == Duration{10ms});
  path.pass(20s, 60ms, 0);
  CHECK(path.base.least() == Duration{60ms});
}

TEST_CASE("a longer route on a line that always lost as much is believed too", "[rate][base]") {
  Path path;
  path.pass(30s, 10ms, 2);
  path.pass(45s, 60ms, 2);
  CHECK(path.base.least() == Duration{60ms});
}

TEST_CASE("a queue that is full and loses never becomes the path's delay", "[rate][base]") {
  Path path;
  path.pass(20s, 10ms, 0);
  path.pass(300s, 110ms, 3);
  CHECK(path.base.least() == Duration{10ms});
}

TEST_CASE("a longer route that loses more than the old one is believed after two minutes",
          "[rate][base]") {
  Path path;
  path.pass(20s, 10ms, 0);
  path.pass(170s, 75ms, 2);
  CHECK(path.base.least() == Duration{75ms});
}

TEST_CASE("when the losses end and the delay stays, it is the path's", "[rate][base]") {
  Path path;
  path.pass(20s, 10ms, 0);
  path.pass(60s, 110ms, 3);
  path.pass(15s, 110ms, 0);
  CHECK(path.base.least() == Duration{110ms});
}

TEST_CASE("a shorter delay counts at once", "[rate][base]") {
  Path path;
  path.pass(20s, 50ms, 0);
  path.pass(20ms, 12ms, 0);
  CHECK(path.base.least() == Duration{12ms});
}
