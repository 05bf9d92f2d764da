// Moments in which the windows of measurement do not tell the truth yet.
#include <catch2/catch.hpp>

#include "core/rate/delay_controller.h"

using namespace diemcau;
using namespace diemcau::rate;

namespace {
Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }

// Of a line that others share 1 Mbit/s was ours, with 12 ms of queue; after twenty seconds without
// them the pictures go on.
struct Paused {
  Paused() {
    o.round_trip = 100ms;
    o.now = at(0s);
    o.standing_queue = 12ms;
    o.sent = o.sent_then = o.delivered = o.carried = Bitrate::kbps(1'000);
    o.busy_rate = Bitrate::kbps(1'000);
    while (o.now < at(10s)) observe();
    before = controller.rate();
    REQUIRE(before.kbps() > 900);
    o.now += 20s;
    o.resuming = true;
  }
  void observe() {
    controller.observe(o);
    o.now += 40ms;
  }
  DelayController controller{RateBounds{}, 1};
  Observation o;
  Bitrate before;
};
}  // namespace

TEST_CASE("after a pause of the pictures the rate is what it was, whatever the first packets say",
          "[rate]") {
  Paused p;
  // The windows fill up within 300 ms.
  for (int i = 1; i <= 8; ++i) {
    p.o.standing_queue = 12ms + i * 2ms;
    p.o.sent = p.o.sent_then = p.o.delivered = p.o.carried = Bitrate::kbps(p.before.kbps() * i / 8);
    p.o.busy_rate = Bitrate::kbps(p.before.kbps() / 2);
    p.observe();
    // The queue's part of it is taken once: at most 16 of 550 ms.
    CHECK(p.controller.rate().kbps() > p.before.kbps() * 96 / 100);
  }
}

TEST_CASE("after a pause the rate stays until those who took its place have felt it", "[rate]") {
  Paused p;
  for (int i = 1; i <= 8; ++i) p.observe();
  // The windows are full, but of a queue that others fill: of 900 that are sent 700 arrive.
  p.o.resuming = false;
  p.o.standing_queue = 60ms;
  p.o.sent = p.o.sent_then = Bitrate::kbps(900);
  p.o.delivered = p.o.carried = Bitrate::kbps(700);
  p.o.busy_rate = Bitrate::kbps(600);
  for (int i = 1; i <= 5; ++i) {
    p.observe();
    // For a round trip and 120 ms nothing but the queue's part: 41 ms of 550.
    CHECK(p.controller.rate().kbps() > p.before.kbps() * 90 / 100);
  }
}

TEST_CASE("a wait that bursts of ours do not explain is a line that becomes slower", "[rate]") {
  DelayController controller(RateBounds{}, 1);
  Observation o;
  o.round_trip = 100ms;
  o.now = at(0s);
  o.sent = o.sent_then = o.delivered = o.carried = Bitrate::kbps(1'440);
  // A third of 14,400 bits are 3.3 ms at that rate.
  o.surge = 12ms;
  controller.observe(o);
  CHECK_FALSE(controller.surges());
  o.now += 40ms;
  o.surge = 15ms;
  controller.observe(o);
  CHECK(controller.surges());
  // A line that jitters by as much has not changed.
  o.spread = 15ms;
  o.surge = {};
  for (int i = 0; i < 50; ++i, o.now += 40ms) controller.observe(o);
  o.surge = 15ms;
  controller.observe(o);
  CHECK_FALSE(controller.surges());
}

TEST_CASE("waits that always grow are no news after 300 ms", "[rate]") {
  DelayController controller(RateBounds{}, 1);
  Observation o;
  o.round_trip = 100ms;
  o.sent = o.sent_then = o.delivered = o.carried = Bitrate::kbps(1'440);
  o.surge = 30ms;
  for (Duration t = 0ms; t < 2s; t += 40ms) {
    o.now = at(t);
    controller.observe(o);
    // As long as what is carried is counted.
    CHECK(controller.surges() == (t < 300ms));
  }
}
