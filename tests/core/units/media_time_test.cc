// Media clocks against nanoseconds.
#include "core/units/media_time.h"

#include <catch2/catch.hpp>

using namespace diemcau;

TEST_CASE("20 ms are 960 ticks of the audio clock and 1,800 of the video clock", "[units]") {
  CHECK(MediaTime::from(20ms, kAudioClockHz).ticks() == 960);
  CHECK(MediaTime::from(20ms, kVideoClockHz).ticks() == 1'800);
}

TEST_CASE("a media time is at or before its instant, by less than a tick", "[units]") {
  for (std::int64_t ns = 0; ns < 100'000'000; ns += 1'234'567) {
    const Duration back = MediaTime::from(Duration{ns}, kVideoClockHz).duration();
    REQUIRE(back.count() <= ns);
    REQUIRE(back.count() > ns - 11'112);  // 1/90,000 s
  }
}

TEST_CASE("a day of media time does not overflow and wraps only on the wire", "[units]") {
  const MediaTime t = MediaTime::from(24h, kVideoClockHz);
  CHECK(t.ticks() == 7'776'000'000);
  CHECK(t.rtp() == 7'776'000'000 - 4'294'967'296);
  CHECK(t.duration() == 24h);
}
