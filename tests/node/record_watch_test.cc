#include "node/record_watch.h"

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::node;

namespace {
constexpr std::uint64_t kPerSecond = 2'000'000;

// A disk with room for so long when the meeting begins, written to at that pace.
struct Disk {
  explicit Disk(Duration room) : free_bytes(kPerSecond * static_cast<std::uint64_t>(room / 1s)) {}
  RecordWatch watch;
  std::uint64_t free_bytes;
  std::uint64_t written = 0;
  Timestamp now = timestamp_from_ns(1'000'000'000);

  std::optional<Duration> second() {
    now += 1s;
    written += kPerSecond;
    free_bytes -= std::min(free_bytes, kPerSecond);
    return watch.room_lasts(now, free_bytes, written);
  }
};
}  // namespace

TEST_CASE("a disk with room for a day says nothing, and says how long it lasts two hours before",
          "[recorder]") {
  Disk day(24h);
  for (int s = 0; s < 8 * 3'600; ++s) REQUIRE_FALSE(day.second());
  Disk short_one(2h + 10min);
  int said = 0;
  Duration first{};
  for (int s = 0; s < 3'600; ++s) {
    const auto lasts = short_one.second();
    if (lasts && said++ == 0) first = *lasts;
  }
  CHECK(first > 119min);
  CHECK(first < 121min);
  CHECK(said == 5);  // of the fifty minutes, each ten
}

TEST_CASE("room that halves at once is said at once", "[recorder]") {
  Disk disk(1h);
  int seconds = 0;
  while (!disk.second()) ++seconds;
  CHECK(seconds < 15);
  CHECK_FALSE(disk.second());
  disk.free_bytes /= 2;  // somebody copies a film
  CHECK(disk.second());
}

TEST_CASE("a disk that is full is said once in ten minutes", "[recorder]") {
  Disk disk(20s);
  int said = 0;
  for (int s = 0; s < 590; ++s) said += disk.second() ? 1 : 0;
  CHECK(said > 0);
  CHECK(said <= 6);  // at first, each time that half is gone, and at none
  said = 0;
  for (int s = 0; s < 1'200; ++s) said += disk.second() ? 1 : 0;
  CHECK(said == 2);
}

TEST_CASE("frames that a slow disk has lost are said once a minute, each of them once",
          "[recorder]") {
  RecordWatch watch;
  const Timestamp t0 = timestamp_from_ns(1'000'000'000);
  CHECK_FALSE(watch.lost(t0, 0));
  CHECK(watch.lost(t0 + 1s, 7) == 7);
  CHECK_FALSE(watch.lost(t0 + 2s, 9));
  CHECK(watch.lost(t0 + 62s, 9) == 2);
  CHECK_FALSE(watch.lost(t0 + 200s, 9));
}
