#include "core/receive/foreign_queue.h"

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::receive;

namespace {
struct Way {
  ForeignQueue queue;
  Duration now{};

  // A packet each 20 ms, behind so much.
  void run(Duration time, Duration waits) {
    for (const Duration end = now + time; now < end; now += 20ms)
      queue.add(timestamp_from_ns(to_ns(now)) + waits, 30ms + waits, 30ms + waits);
  }
};
}  // namespace

TEST_CASE("a queue that has stood is expected back for three seconds") {
  Way way;
  way.run(10s, 0ms);
  CHECK_FALSE(way.queue.comes_and_goes());
  way.run(1s, 100ms);
  CHECK(way.queue.comes_and_goes());
  way.run(2s, 0ms);
  CHECK(way.queue.comes_and_goes());
  way.run(2s, 0ms);
  CHECK_FALSE(way.queue.comes_and_goes());
}

TEST_CASE("a queue of our own, which is gone sooner, is not expected back") {
  Way way;
  way.run(10s, 0ms);
  for (int i = 0; i < 10; ++i) {
    way.run(300ms, 100ms);
    way.run(700ms, 0ms);
  }
  CHECK_FALSE(way.queue.comes_and_goes());
}

TEST_CASE("a queue is nearly full within 50 ms of what it was at most in 20 s, from 100 ms on") {
  Way way;
  way.run(10s, 0ms);
  way.run(1s, 90ms);
  CHECK_FALSE(way.queue.nearly_full(120ms));
  way.run(1s, 150ms);
  way.run(3s, 60ms);
  CHECK(way.queue.nearly_full(135ms) == Duration{180ms});
  CHECK_FALSE(way.queue.nearly_full(125ms));
  way.run(21s, 60ms);
  CHECK_FALSE(way.queue.nearly_full(135ms));
}
