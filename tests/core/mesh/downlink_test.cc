#include "core/mesh/downlink.h"

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::mesh;
using quality::PictureLimit;

namespace {
constexpr Downlink::Second kFine{5ms, 60, 0, 12'000};
constexpr Downlink::Second kCrowded{90ms, 50, 10, 10'000};
constexpr Downlink::Second kLossy{5ms, 50, 10, 10'000};
constexpr Downlink::Second kWaits{90ms, 60, 0, 12'000};

struct Line {
  Downlink downlink;
  Timestamp now = timestamp_from_ns(0) + 100s;
  void pass(int seconds, const Downlink::Second& of_each, int peers = 6) {
    for (int s = 0; s < seconds; ++s, now += 1s) {
      for (int p = 0; p < peers; ++p) downlink.second_over(now + p * 1ms, of_each);
    }
  }
  // Until the limit is that one; how long it took.
  int pass_until(PictureLimit limit, const Downlink::Second& of_each, int most = 400) {
    int seconds = 0;
    for (; downlink.limit() != limit && seconds < most; ++seconds) pass(1, of_each);
    return seconds;
  }
};
}  // namespace

TEST_CASE(
    "a line on which most peers' sound waits and packets are lost asks for fewer pictures, "
    "step by step",
    "[mesh][downlink]") {
  Line line;
  line.pass(5, kFine);
  CHECK(line.downlink.limit() == PictureLimit::none);
  CHECK(line.pass_until(PictureLimit::small, kCrowded) <= 4);
  CHECK(line.downlink.take_change());
  CHECK_FALSE(line.downlink.take_change());
  CHECK(line.pass_until(PictureLimit::speaker, kCrowded) <= 4);
  CHECK(line.pass_until(PictureLimit::nobodys, kCrowded) <= 4);
}

TEST_CASE("losses without a queue, and a queue without losses, cost no picture",
          "[mesh][downlink]") {
  Line line;
  line.pass(30, kLossy);
  CHECK(line.downlink.limit() == PictureLimit::none);
  line.pass(30, kWaits);
  CHECK(line.downlink.limit() == PictureLimit::none);
}

TEST_CASE("peers who wait behind uploads of their own are no reason to ask for less",
          "[mesh][downlink]") {
  Line line;
  // Two of three have a queue of seconds at home and lose there, the third waits for nothing.
  for (int s = 0; s < 60; ++s, line.now += 1s) {
    line.downlink.second_over(line.now, {1500ms, 60, 4});
    line.downlink.second_over(line.now + 1ms, {1510ms, 60, 4});
    line.downlink.second_over(line.now + 2ms, {2ms, 60, 0});
  }
  CHECK(line.downlink.limit() == PictureLimit::none);
  CHECK_FALSE(line.downlink.crowded());
  // All of them have, but each its own.
  for (int s = 0; s < 60; ++s, line.now += 1s) {
    for (int p = 0; p < 5; ++p)
      line.downlink.second_over(line.now + p * 1ms, {300ms + p * 150ms, 60, 4});
  }
  CHECK(line.downlink.limit() == PictureLimit::none);
  CHECK_FALSE(line.downlink.crowded());
}

TEST_CASE("a line that most share is found beside one who has an upload at home",
          "[mesh][downlink]") {
  Line line;
  for (int s = 0; s < 5; ++s, line.now += 1s) {
    for (int p = 0; p < 4; ++p) line.downlink.second_over(line.now + p * 1ms, kCrowded);
    line.downlink.second_over(line.now + 9ms, {900ms, 60, 4});
  }
  CHECK(line.downlink.limit() != PictureLimit::none);
}

TEST_CASE("one second of crowding is somebody's burst and costs no picture", "[mesh][downlink]") {
  Line line;
  for (int i = 0; i < 10; ++i) {
    line.pass(1, kCrowded);
    line.pass(2, kFine);
  }
  CHECK(line.downlink.limit() == PictureLimit::none);
}

TEST_CASE("few peers who wait equally for seconds may have full queues of the same length at home",
          "[mesh][downlink]") {
  Line line;
  for (int i = 0; i < 10; ++i) {
    line.pass(3, kCrowded, 3);
    line.pass(1, kFine, 3);
  }
  CHECK(line.downlink.limit() == PictureLimit::none);
  CHECK(line.pass_until(PictureLimit::small, kCrowded) <= 6);
  Line many;
  many.pass(4, kCrowded, 10);
  CHECK(many.downlink.limit() == PictureLimit::small);
}

TEST_CASE("one or two senders settle it between themselves", "[mesh][downlink]") {
  Line line;
  line.pass(30, kCrowded, 2);
  CHECK(line.downlink.limit() == PictureLimit::none);
}

TEST_CASE("when crowding stays without any picture, it is not ours, and pictures come back",
          "[mesh][downlink]") {
  Line line;
  line.pass_until(PictureLimit::nobodys, kCrowded);
  CHECK(line.pass_until(PictureLimit::none, kCrowded) <= 12);
  // And nothing is tried again for a while: the first patience, doubled at least once.
  line.pass(28, kCrowded);
  CHECK(line.downlink.limit() == PictureLimit::none);
}

TEST_CASE("when all wait as long although much less comes, the way has become longer",
          "[mesh][downlink]") {
  Line line;
  line.pass_until(PictureLimit::small, kCrowded);
  // Half of what a full line brings drains two and a half seconds of queue in five.
  CHECK(line.pass_until(PictureLimit::none, {90ms, 50, 0, 5'000}) <= 6);
  CHECK(line.downlink.take_longer_way());
  CHECK_FALSE(line.downlink.take_longer_way());
}

TEST_CASE("a line that is full with sound alone stays a full one", "[mesh][downlink]") {
  Line line;
  line.pass_until(PictureLimit::nobodys, kCrowded);
  // As many bytes as before, in smaller packets.
  line.pass_until(PictureLimit::none, {90ms, 90, 18, 10'000});
  CHECK_FALSE(line.downlink.take_longer_way());
}

TEST_CASE("after calm seconds pictures come back, and later after every time that went wrong",
          "[mesh][downlink]") {
  Line line;
  line.pass_until(PictureLimit::small, kCrowded);
  const int first = line.pass_until(PictureLimit::none, kFine);
  CHECK(first >= 14);
  CHECK(first <= 17);
  line.pass_until(PictureLimit::small, kCrowded);
  const int second = line.pass_until(PictureLimit::none, kFine);
  CHECK(second >= 2 * first - 3);
}

TEST_CASE("questions stop while answers would only wait in the same queue", "[mesh][downlink]") {
  Line line;
  line.pass(3, kFine);
  CHECK_FALSE(line.downlink.crowded());
  line.pass(3, kCrowded);
  CHECK(line.downlink.crowded());
  line.pass(3, kWaits);  // the losses have ended, the queue has not
  CHECK(line.downlink.crowded());
  line.pass(3, kFine);
  CHECK_FALSE(line.downlink.crowded());
}
