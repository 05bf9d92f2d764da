#include "core/receive/av_sync.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::receive;

namespace {
// Sound and picture of one origin with what each needs by itself; both follow the minimum delays at
// once.
struct Viewer {
  explicit Viewer(Duration sound, Duration picture, Duration after_sound = {},
                  Duration after_picture = {})
      : sound_needs(sound),
        picture_needs(picture),
        sound_offset(after_sound),
        picture_offset(after_picture) {}
  Duration sound_needs, picture_needs;
  Duration sound_offset, picture_offset;  // what lies outside of the buffers
  AvSync sync;
  Timestamp now = timestamp_from_ns(1'000'000'000);
  Duration largest_step{};

  Duration sound_target() const { return std::max(sound_needs, sync.audio_minimum()); }
  Duration picture_target() const { return std::max(picture_needs, sync.video_minimum()); }
  Duration skew() const {
    return sound_target() + sound_offset - picture_target() - picture_offset;
  }
  void run(Duration d) {
    for (const Timestamp end = now + d; now < end; now += 20ms) {
      const Duration before = skew();
      sync.sound_played(now, sound_target() + sound_offset);
      sync.picture_shown(now, picture_target() + picture_offset);
      sync.update(now, sound_target(), picture_target());
      const Duration step = skew() - before;
      largest_step = std::max(largest_step, step < Duration::zero() ? -step : step);
    }
  }
};
}  // namespace

TEST_CASE("nothing is held back while sound and picture are within 30 ms") {
  Viewer v(10ms, 20ms, 20ms, 30ms);
  v.run(20s);
  CHECK(v.sync.audio_minimum() == 0ms);
  CHECK(v.sync.video_minimum() == 0ms);
}

TEST_CASE("sound waits for a late picture until they are within 30 ms") {
  Viewer v(10ms, 130ms);
  v.run(15s);
  CHECK(v.skew() <= 30ms);
  CHECK(v.skew() >= -30ms);
  CHECK(v.sync.audio_minimum() > 0ms);
  CHECK(v.sync.video_minimum() == 0ms);
}

TEST_CASE("what the jitter buffer has taken back of a hold is not held again") {
  Viewer v(10ms, 130ms);
  v.run(15s);
  const Duration held = v.sync.audio_minimum();
  // A queue that came to stand has made both later by as much.
  v.picture_needs += 80ms;
  v.sound_offset += 80ms;
  v.sync.sound_held(held - 80ms);
  v.sound_needs = held;
  v.run(5s);
  CHECK(v.sync.audio_minimum() <= held);
  CHECK(v.skew() <= 30ms);
}

TEST_CASE("the picture waits for late sound until they are within 30 ms") {
  Viewer v(60ms, 10ms, 40ms);
  v.run(15s);
  CHECK(v.skew() <= 30ms);
  CHECK(v.skew() >= -30ms);
  CHECK(v.sync.video_minimum() > 0ms);
  CHECK(v.sync.audio_minimum() == 0ms);
}

TEST_CASE("when the reason is gone the wait is given back, not answered by a second one") {
  Viewer v(10ms, 200ms);
  v.run(15s);
  v.picture_needs = 20ms;
  v.run(15s);
  CHECK(v.skew() <= 30ms);
  CHECK(v.skew() >= -30ms);
  CHECK(v.sync.video_minimum() == 0ms);
  CHECK(v.sync.audio_minimum() <= 60ms);
}

TEST_CASE("a hold that is no longer needed goes, inside the tolerance too") {
  Viewer v(20ms, 10ms);
  v.sound_needs = 150ms;  // a spike
  v.run(10s);
  REQUIRE(v.sync.video_minimum() >= 100ms);
  // What is left over when the sound's need ends just inside 20 ms of where the picture is held.
  v.sound_needs = v.picture_target() - 18ms;
  v.run(10s);
  CHECK(v.skew() > -6ms);
  CHECK(v.skew() <= 30ms);
}

TEST_CASE(
    "pictures that waited for sound at the start go on without it as soon as the ear allows") {
  Viewer v(180ms, 110ms);
  v.run(10s);
  REQUIRE(v.picture_target() >= 140ms);
  v.sound_needs = 130ms;  // 20 ms later than the picture needs: nothing has to wait
  v.run(10s);
  CHECK(v.picture_target() == 110ms);
  CHECK(v.sound_target() == 130ms);
}

TEST_CASE("a step is at most 80 ms, there is at most one a second, and none in the first three") {
  Viewer v(10ms, 390ms);
  v.run(3s);
  CHECK(v.sync.audio_minimum() == 0ms);
  v.run(900ms);
  CHECK(v.sync.audio_minimum() == 90ms);  // 10 ms of its own and the step
  v.run(900ms);
  CHECK(v.sync.audio_minimum() <= 170ms);
  v.run(20s);
  CHECK(v.largest_step <= 80ms);
}

TEST_CASE("no minimum delay goes beyond what the buffers can hold") {
  Viewer v(5s, 10ms);
  v.run(60s);
  CHECK(v.sync.video_minimum() == 400ms);
}

TEST_CASE("without a picture there is nothing to follow") {
  AvSync sync;
  for (std::int64_t i = 0; i < 1'000; ++i) {
    const Timestamp now = timestamp_from_ns(i * 20'000'000);
    sync.sound_played(now, 300ms);
    CHECK_FALSE(sync.update(now, 100ms, 0ms));
  }
  CHECK(sync.skew() == std::nullopt);
}

TEST_CASE("sound does not wait for a picture that is later than a conversation bears") {
  Viewer v(10ms, 500ms, 40ms);
  v.run(30s);
  CHECK(v.sound_target() + v.sound_offset <= 130ms);
  CHECK(v.sound_target() + v.sound_offset >= 110ms);  // the last step is at most 80 ms, and is cut
}

TEST_CASE("what waited for pictures that have stopped is let go within five seconds") {
  Viewer v(10ms, 130ms);
  v.run(15s);
  REQUIRE(v.sync.audio_minimum() > 80ms);
  const Timestamp stopped = v.now;
  while (v.sync.audio_minimum() > Duration::zero() && v.now - stopped < 10s) {
    v.sync.sound_played(v.now, v.sound_target());
    v.sync.update(v.now, v.sound_target(), v.picture_target());
    v.now += 20ms;
  }
  // A second until it counts as stopped, one to the next step, and two steps of 80 ms.
  CHECK(v.now - stopped <= 5s);
}
