// Virtual time runs in one total order.
#include "sim/event_queue.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "core/base/rng.h"

namespace diemcau::sim {
namespace {

constexpr Timestamp kForEver = timestamp_from_ns(INT64_MAX);

}  // namespace

TEST_CASE("events come by time, then class, then id, then the order of pushing", "[sim]") {
  EventQueue q;
  const Timestamp t = timestamp_from_ns(5);
  q.push(t, EventClass::timer, 1, 40);
  q.push(t, EventClass::arrival, 2, 30);
  q.push(t, EventClass::arrival, 1, 10);
  q.push(t, EventClass::arrival, 1, 20);
  q.push(timestamp_from_ns(4), EventClass::warmup_over, 9, 0);
  for (const std::uint32_t expected : {0U, 10U, 20U, 30U, 40U})
    CHECK(q.pop(kForEver)->payload == expected);
  CHECK_FALSE(q.pop(kForEver));
}

TEST_CASE("nothing is given out before its time", "[sim]") {
  EventQueue q;
  q.push(timestamp_from_ns(1'000'000'000), EventClass::timer, 0);
  CHECK_FALSE(q.pop(timestamp_from_ns(999'999'999)));
  CHECK(q.pop(timestamp_from_ns(1'000'000'000)));
}

TEST_CASE("random pushing and popping gives what sorting gives, near and far", "[sim]") {
  const std::uint64_t seed = 20241231;
  INFO("seed " << seed);
  Rng rng{seed};
  EventQueue q;
  std::vector<SimEvent> popped;
  std::int64_t now = 0;
  std::size_t pushed = 0;
  while (pushed < 200'000 || q.size() > 0) {
    if (pushed < 200'000 && rng.below(100) < 55) {
      // From the same instant to 1 s ahead: current slot, wheel and heap.
      const std::int64_t ahead = rng.below(4) == 0 ? rng.below(1'000'000'000) : rng.below(200'000);
      q.push(timestamp_from_ns(now + ahead), static_cast<EventClass>(rng.below(12)),
             static_cast<std::uint16_t>(rng.below(11)));
      ++pushed;
    } else if (const auto event = q.pop(kForEver)) {
      now = event->time_ns;
      popped.push_back(*event);
    }
  }
  REQUIRE(popped.size() == 200'000);
  // An event pushed at the present instant may follow one of a higher class that was popped before
  // it was known.
  CHECK(std::is_sorted(popped.begin(), popped.end(),
                       [](const SimEvent& a, const SimEvent& b) { return a.time_ns < b.time_ns; }));
}

}  // namespace diemcau::sim
