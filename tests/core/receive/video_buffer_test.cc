#include "core/receive/video_buffer.h"

#include <catch2/catch.hpp>

#include "core/base/rng.h"

using namespace diemcau;
using namespace diemcau::receive;

namespace {
constexpr Duration kFrame = 33ms;

Timestamp captured(std::int64_t n) { return timestamp_from_ns(10'000'000'000) + n * kFrame; }

// Shows `count` pictures from `first` on, each decoded `late` after its capture.
std::optional<Showing> show(VideoBuffer& buffer, std::int64_t first, std::int64_t count,
                            Duration late) {
  std::optional<Showing> last;
  for (std::int64_t n = first; n < first + count; ++n) {
    last = buffer.decoded(captured(n) + late, n, captured(n));
  }
  return last;
}

VideoBuffer after_start() {
  VideoBuffer buffer;
  show(buffer, -90, 90, 5ms);
  return buffer;
}
}  // namespace

TEST_CASE("the first three seconds wait for the sound alone and do not count afterwards") {
  VideoBuffer buffer;
  auto showing = show(buffer, 0, 60, 300ms);
  CHECK(showing->at == captured(59) + 300ms);
  showing = show(buffer, 60, 30, 12ms);
  CHECK(showing->at == captured(89) + 60ms);
  show(buffer, 90, 90, 12ms);  // 45 ms too long, gone within three seconds
  CHECK(buffer.target_delay() == 15ms);
}

TEST_CASE("a picture is shown the target after its capture") {
  VideoBuffer buffer = after_start();
  const auto showing = show(buffer, 0, 100, 42ms);
  REQUIRE(showing);
  CHECK(buffer.target_delay() == 45ms);  // the upper edge of its 5 ms bucket
  CHECK(showing->at == captured(99) + 45ms);
}

TEST_CASE("the target grows at once when more than one picture in ten is later") {
  VideoBuffer buffer = after_start();
  show(buffer, 0, 100, 22ms);
  CHECK(buffer.target_delay() == 25ms);
  show(buffer, 100, 10, 81ms);
  CHECK(buffer.target_delay() == 25ms);
  show(buffer, 110, 3, 81ms);
  CHECK(buffer.target_delay() == 85ms);
}

TEST_CASE("a target that is far too long loses what is too much within seconds") {
  VideoBuffer buffer = after_start();
  show(buffer, 0, 40, 95ms);
  show(buffer, 40, 265, 15ms);  // 35 late ones are still among the last 300
  const Duration before = buffer.target_delay();
  CHECK(before == 100ms);
  show(buffer, 305, 5, 15ms);  // and now 30
  show(buffer, 310, 30, 15ms);
  // 80 ms too long: 80 ms a second at first, then as the rest asks; 1 − 1/e of it is 51 ms after
  // one second.
  CHECK(before - buffer.target_delay() <= 60ms);
  CHECK(before - buffer.target_delay() >= 40ms);
  show(buffer, 340, 60, 15ms);
  CHECK(buffer.target_delay() == 20ms);
}

TEST_CASE("the target never shrinks by more than 150 ms a second") {
  VideoBuffer buffer = after_start();
  show(buffer, 0, 40, 595ms);
  show(buffer, 40, 270, 15ms);
  const Duration before = buffer.target_delay();
  REQUIRE(before >= 590ms);
  show(buffer, 310, 30, 15ms);
  CHECK(before - buffer.target_delay() <= 152ms);
  CHECK(before - buffer.target_delay() >= 145ms);
}

TEST_CASE("a picture that is older than one already given is stale") {
  VideoBuffer buffer = after_start();
  show(buffer, 0, 10, 20ms);
  CHECK_FALSE(buffer.decoded(captured(10), 8, captured(8)));
  CHECK_FALSE(buffer.decoded(captured(10), 9, captured(9)));
  CHECK(buffer.stale() == 2);
  CHECK(buffer.decoded(captured(11), 10, captured(10)));
}

TEST_CASE("pictures wait for the sound when the lip sync asks for it") {
  VideoBuffer buffer = after_start();
  buffer.set_minimum_delay(120ms);
  const auto showing = show(buffer, 0, 10, 20ms);
  REQUIRE(showing);
  CHECK(showing->at == captured(9) + 120ms);
}

TEST_CASE("a wrong clock never holds a picture for more than a second") {
  VideoBuffer buffer = after_start();
  const Timestamp now = captured(0);
  const auto showing = buffer.decoded(now, 0, now + 3600s);
  REQUIRE(showing);
  CHECK(showing->at <= now + 1s);
}

TEST_CASE("times of showing never go back and never lie before the decoding") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    VideoBuffer buffer = after_start();
    Timestamp now = captured(0), last{};
    for (std::int64_t n = 0; n < 1'000; ++n) {
      if (rng.below(10) == 0) continue;  // lost
      now = std::max(now, captured(n) + std::chrono::microseconds(rng.below(150'000)));
      const auto showing = buffer.decoded(now, n, captured(n));
      if (!showing) continue;
      REQUIRE(showing->at >= now);
      REQUIRE(showing->at >= last);
      last = showing->at;
    }
  }
}

TEST_CASE("while repair takes so long that pictures nearly freeze, all are held 30 ms longer") {
  VideoBuffer buffer = after_start();
  show(buffer, 0, 100, 20ms);
  const Duration usual = buffer.target_delay();
  buffer.decoded(captured(100) + 180ms, 100, captured(100), true);
  CHECK(buffer.target_delay() == usual + 30ms);
  show(buffer, 101, 600, 20ms);
  CHECK(buffer.target_delay() == usual + 30ms);
  show(buffer, 701, 2'000, 20ms);  // for a minute
  CHECK(buffer.target_delay() == usual);
}

TEST_CASE("a picture that is late without repair, or mended soon, holds nothing") {
  VideoBuffer buffer = after_start();
  show(buffer, 0, 100, 20ms);
  const Duration usual = buffer.target_delay();
  buffer.decoded(captured(100) + 180ms, 100, captured(100));
  buffer.decoded(captured(110) + 70ms, 110, captured(110), true);
  CHECK(buffer.target_delay() == usual);
}

TEST_CASE("a screen that has stood for 100 ms shows what comes at once, and the next in its time") {
  VideoBuffer buffer = after_start();
  show(buffer, 0, 100, 42ms);                                           // a target of 45 ms
  CHECK(show(buffer, 102, 1, 12ms)->at == captured(99) + 45ms + 99ms);  // stood for 99 ms
  CHECK(show(buffer, 108, 1, 12ms)->at == captured(108) + 12ms);
  CHECK(show(buffer, 109, 1, 12ms)->at == captured(109) + 45ms);
}

TEST_CASE("pictures that are far apart wait for their time like others") {
  VideoBuffer buffer = after_start();
  show(buffer, 0, 100, 42ms);
  std::optional<Showing> showing;
  for (std::int64_t n = 100; n < 160; n += 4) {  // 132 ms
    showing = buffer.decoded(captured(n) + 12ms, n, captured(n));
  }
  CHECK(showing->at == captured(156) + buffer.target_delay());
  CHECK(buffer.target_delay() == 45ms);
}

TEST_CASE("what is mended behind an outage holds no other picture back") {
  VideoBuffer buffer = after_start();
  show(buffer, 0, 100, 42ms);
  static_cast<void>(buffer.decoded(captured(100) + 3s, 100, captured(100), true));
  CHECK(show(buffer, 190, 10, 42ms)->at == captured(199) + 45ms);
  static_cast<void>(buffer.decoded(captured(200) + 150ms, 200, captured(200), true));
  CHECK(show(buffer, 204, 1, 42ms)->at == captured(204) + 75ms);
}
