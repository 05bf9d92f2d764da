// Moments in which the windows of measurement do not tell the truth yet.
#include <catch2/catch.hpp>

#include "core/rate/delay_controller.h"

using namespace diemcau;
using namespace diemcau::rate;

namespace {
Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }
}  // namespace

TEST_CASE("after a pause the rate stays until those who took its place have felt it", "[rate]") {
  DelayController controller(RateBounds{}, 1);
  Observation o;
  o.round_trip = 100ms;
  o.now = at(0s);
  o.standing_queue = 12ms;
  o.sent = o.sent_then = o.delivered = o.carried = Bitrate::kbps(1'000);
  o.busy_rate = Bitrate::kbps(1'000);
  for (; o.now < at(10s); o.now += 40ms) controller.observe(o);
  const Bitrate before = controller.rate();
  o.now += 20s;
  o.resuming = true;
  for (int i = 1; i <= 8; ++i, o.now += 40ms) controller.observe(o);
  // The windows are full, but of a queue that others fill: of 900 that are sent 700 arrive.
  o.resuming = false;
  o.standing_queue = 60ms;
  o.sent = o.sent_then = Bitrate::kbps(900);
  o.delivered = o.carried = Bitrate::kbps(700);
  o.busy_rate = Bitrate::kbps(600);
  for (Duration t = 40ms; t <= 200ms; t += 40ms, o.now += 40ms) {
    controller.observe(o);
    // For a round trip and 120 ms nothing but the queue's part: 41 ms of 550.
    CHECK(controller.rate().kbps() > before.kbps() * 90 / 100);
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
