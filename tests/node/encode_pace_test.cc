// Rules of the encoder's step-down, on invented encode times.
#include "node/encode_pace.h"

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::node;
using codecs::LayerEffort;

namespace {

constexpr Duration kInterval = 33'333'333ns;

// A camera at 30 pictures a second whose pictures take `full` at full effort.
struct Camera {
  EncodePace pace{kInterval};
  Timestamp now{1s};

  void run_for(Duration length, Duration took) {
    for (const Timestamp end = now + length; now < end; now += kInterval) pace.encoded(now, took);
  }
  int changes_in(Duration length, Duration at_light, Duration at_full) {
    int changes = 0;
    for (const Timestamp end = now + length; now < end; now += kInterval) {
      const bool full = pace.effort() == LayerEffort::full;
      if (pace.encoded(now, full ? at_full : at_light)) ++changes;
    }
    return changes;
  }
};

}  // namespace

TEST_CASE("a fast machine reaches the full rate in three seconds and full effort in twelve",
          "[pace]") {
  Camera camera;
  CHECK(camera.pace.effort() == LayerEffort::half_rate);
  camera.run_for(3s, 5ms);  // one to open everything, one to look, one of margin
  CHECK(camera.pace.effort() == LayerEffort::all_light);
  camera.run_for(9s, 5ms);  // two steps of four seconds, one of margin
  CHECK(camera.pace.effort() == LayerEffort::full);
}

TEST_CASE("a machine that encodes in half the interval stays light, at the full rate", "[pace]") {
  Camera camera;
  camera.run_for(60s, 15ms);
  CHECK(camera.pace.effort() == LayerEffort::all_light);
}

TEST_CASE("a machine that just keeps up at half the rate leaves it", "[pace]") {
  Camera camera;
  camera.run_for(3s, 32ms);
  CHECK(camera.pace.effort() == LayerEffort::all_light);
}

TEST_CASE("lateness at the bottom is no climb that had to be taken back", "[pace]") {
  Camera camera;
  camera.run_for(3s, 10ms);
  REQUIRE(camera.pace.effort() == LayerEffort::all_light);
  camera.run_for(8s, 40ms);  // one step down, then late at half the rate as well
  REQUIRE(camera.pace.effort() == LayerEffort::half_rate);
  camera.run_for(9s, 10ms);  // one climb taken back: tried again after twice four seconds
  CHECK(camera.pace.effort() == LayerEffort::all_light);
}

TEST_CASE("pictures that are late go down to half the rate within a second", "[pace]") {
  Camera camera;
  camera.run_for(5s, 10ms);
  REQUIRE(camera.pace.effort() >= LayerEffort::all_light);
  camera.run_for(2s, 40ms);  // at most two steps, each after its share of a second
  CHECK(camera.pace.effort() == LayerEffort::half_rate);
}

TEST_CASE("a picture that was left out counts as late", "[pace]") {
  Camera camera;
  camera.run_for(3s, 15ms);
  REQUIRE(camera.pace.effort() == LayerEffort::all_light);
  bool changed = false;
  for (int i = 0; i < 12; ++i) changed = camera.pace.left_out(camera.now) || changed;
  CHECK(changed);
  CHECK(camera.pace.effort() == LayerEffort::half_rate);
}

TEST_CASE("a camera of five pictures a second keeps them all, and climbs like any other",
          "[pace]") {
  Camera camera{EncodePace{200ms}};
  CHECK(camera.pace.effort() == LayerEffort::all_light);
  for (int n = 0; n < 75; ++n, camera.now += 200ms) camera.pace.encoded(camera.now, 10ms);
  CHECK(camera.pace.effort() == LayerEffort::full);
  for (int n = 0; n < 75; ++n, camera.now += 200ms) camera.pace.encoded(camera.now, 300ms);
  CHECK(camera.pace.effort() == LayerEffort::all_light);
}

TEST_CASE("one late picture a second changes nothing", "[pace]") {
  Camera camera;
  camera.run_for(20s, 5ms);
  REQUIRE(camera.pace.effort() == LayerEffort::full);
  for (int second = 0; second < 60; ++second) {
    camera.run_for(1s, 5ms);
    camera.pace.encoded(camera.now, 50ms);
  }
  CHECK(camera.pace.effort() == LayerEffort::full);
}

TEST_CASE("an effort that does not hold is tried ever more rarely", "[pace]") {
  Camera camera;
  camera.run_for(8s, 5ms);
  const int first_minute = camera.changes_in(60s, 5ms, 40ms);
  camera.changes_in(240s, 5ms, 40ms);
  const int sixth_minute = camera.changes_in(60s, 5ms, 40ms);
  CHECK(first_minute >= 4);
  CHECK(sixth_minute <= 2);  // the wait has doubled to minutes: one try, up and down
}
