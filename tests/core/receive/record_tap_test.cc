#include "core/receive/record_tap.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "core/base/rng.h"

using namespace diemcau;
using namespace diemcau::receive;

namespace {
Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }

AudioFrame frame(PacketId id) {
  AudioFrame f;
  f.id = id;
  return f;
}

std::vector<PacketId> take(RecordTap& tap, Timestamp now) {
  std::vector<PacketId> ids;
  while (const auto f = tap.poll(now)) ids.push_back(f->id);
  return ids;
}
using Ids = std::vector<PacketId>;
}  // namespace

TEST_CASE("frames in order go straight to the record") {
  RecordTap tap;
  for (PacketId id = 10; id < 20; ++id) {
    tap.insert(at(0ms), frame(id));
    CHECK(take(tap, at(0ms)) == Ids{id});
  }
  CHECK_FALSE(tap.deadline());
}

TEST_CASE("overtaken frames are recorded in their order") {
  RecordTap tap;
  tap.insert(at(0ms), frame(1));
  CHECK(take(tap, at(0ms)) == Ids{1});
  tap.insert(at(20ms), frame(4));
  tap.insert(at(21ms), frame(3));
  CHECK(take(tap, at(21ms)).empty());
  tap.insert(at(30ms), frame(2));
  CHECK(take(tap, at(30ms)) == Ids{2, 3, 4});
  CHECK(tap.missing() == 0);
}

TEST_CASE("a missing frame is waited for half a second, then left open") {
  RecordTap tap;
  tap.insert(at(0ms), frame(1));
  take(tap, at(0ms));
  tap.insert(at(40ms), frame(3));
  CHECK(tap.deadline() == at(540ms));
  CHECK(take(tap, at(539ms)).empty());
  CHECK(take(tap, at(540ms)) == Ids{3});
  CHECK(tap.missing() == 1);
  tap.insert(at(541ms), frame(2));
  CHECK(take(tap, at(541ms)).empty());
  CHECK(tap.too_late() == 1);
}

TEST_CASE("a frame that comes twice is recorded once") {
  RecordTap tap;
  tap.insert(at(0ms), frame(1));
  take(tap, at(0ms));
  tap.insert(at(1ms), frame(3));
  tap.insert(at(1ms), frame(3));
  tap.insert(at(2ms), frame(2));
  CHECK(take(tap, at(2ms)) == Ids{2, 3});
  CHECK(tap.repeated() == 1);
}

TEST_CASE("when the ids begin anew, what waited is recorded first and nothing counts as missing") {
  RecordTap tap;
  tap.insert(at(0ms), frame(20'000));
  take(tap, at(0ms));
  tap.insert(at(20ms), frame(20'002));
  tap.restart();
  tap.insert(at(40ms), frame(7));
  tap.insert(at(60ms), frame(8));
  CHECK(take(tap, at(60ms)) == Ids{20'002, 7, 8});
  CHECK(tap.missing() == 0);
}

TEST_CASE("ids that jump far in either direction are a new beginning") {
  RecordTap tap;
  tap.insert(at(0ms), frame(20'000));
  take(tap, at(0ms));
  tap.insert(at(20ms), frame(5));
  CHECK(take(tap, at(20ms)) == Ids{5});
  tap.insert(at(40ms), frame(30'000));
  CHECK(take(tap, at(40ms)) == Ids{30'000});
  CHECK(tap.missing() == 0);
}

TEST_CASE("under loss, reordering and duplicates the record has every frame once and in order") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    std::vector<std::pair<Timestamp, PacketId>> flights;
    std::set<PacketId> sent;
    for (PacketId id = 0; id < 1'000; ++id) {
      const auto copies = rng.below(10) == 0 ? 0U : 1 + rng.below(2);
      for (std::uint32_t i = 0; i < copies; ++i) {
        flights.emplace_back(at(id * Duration{20ms} + std::chrono::milliseconds(rng.below(400))),
                             id);
        sent.insert(id);
      }
    }
    std::stable_sort(flights.begin(), flights.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    RecordTap tap;
    Ids recorded;
    const auto drain = [&](Timestamp now) {
      for (const PacketId id : take(tap, now)) recorded.push_back(id);
    };
    for (const auto& [t, id] : flights) {
      drain(t);
      tap.insert(t, frame(id));
      drain(t);
    }
    drain(at(60s));
    // Only what comes before the first one recorded can be too late: later gaps wait long enough.
    REQUIRE(recorded.size() + 20 > sent.size());
    sent.erase(sent.begin(), sent.lower_bound(recorded.front()));
    REQUIRE(recorded == Ids(sent.begin(), sent.end()));
  }
}
