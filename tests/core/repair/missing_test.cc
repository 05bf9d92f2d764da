#include "core/repair/missing.h"

#include <catch2/catch.hpp>
#include <vector>

#include "core/repair/symbol.h"

using namespace diemcau;
using namespace diemcau::repair;

namespace {

using Ids = std::vector<PacketId>;

Timestamp at(Duration d) { return Timestamp{} + d; }

struct Stage {
  Missing missing;
  Duration rtt = 20ms;
  void come(Duration t, PacketId id) {
    missing.exists(at(t), id - 1, rtt);
    missing.arrived(at(t), id, false);
  }
  Ids ask(Duration t, std::size_t solvable = 0) {
    missing.time_passed(at(t));
    const auto due = missing.take_due(at(t), rtt, solvable);
    return {due.begin(), due.end()};
  }
};

}  // namespace

TEST_CASE("a gap is asked for when the next packet shows it") {
  Stage s;
  s.come(0ms, 0);
  CHECK(s.ask(1ms).empty());
  s.come(10ms, 3);
  CHECK(s.missing.oldest() == 1);
  CHECK(s.ask(10ms) == Ids{1, 2});
  CHECK(s.ask(11ms).empty());
}

TEST_CASE("it is asked for again a round trip later, as often as the budget bears") {
  Stage s;
  s.come(0ms, 0);
  s.come(10ms, 2);
  std::vector<Duration> asked;
  for (Duration t = 10ms; t < 400ms; t += 1ms) {
    if (!s.ask(t).empty()) asked.push_back(t);
  }
  // 20 ms and the turn of 15 ms: at 10, 45, 80, 115, 150; the answer to one at 185 could come at
  // 220, later than 10 + 150 and two turns.
  CHECK(asked == std::vector<Duration>{10ms, 45ms, 80ms, 115ms, 150ms});
  CHECK_FALSE(s.missing.oldest());
}

TEST_CASE("what no answer could bring before everything stands still is given up at once") {
  Stage s;
  s.rtt = 320ms;
  s.come(0ms, 0);
  s.come(10ms, 2);
  CHECK(s.ask(10ms).empty());
  CHECK_FALSE(s.missing.oldest());
}

TEST_CASE("what nobody could ask for in time is not asked for any more") {
  Stage s;
  s.come(0ms, 0);
  s.come(10ms, 2);
  CHECK(s.ask(400ms).empty());
  static_cast<void>(s.ask(401ms));
  CHECK_FALSE(s.missing.oldest());
}

TEST_CASE("a question that still fits is waited for until its answer would be here") {
  Stage s;
  s.rtt = 100ms;
  s.come(0ms, 0);
  s.come(10ms, 2);
  CHECK(s.ask(10ms) == Ids{1});
  // 150 ms are the budget.
  static_cast<void>(s.ask(159ms));
  CHECK(s.missing.oldest() == 1);
  static_cast<void>(s.ask(161ms));
  CHECK_FALSE(s.missing.oldest());
}

TEST_CASE("while coded repair comes it has its chance first") {
  Stage s;
  s.come(0ms, 0);
  s.missing.still_missing(at(5ms), 0, 0, true);
  s.come(10ms, 2);
  CHECK(s.ask(10ms).empty());
  CHECK(s.ask(30ms).empty());
  CHECK(s.ask(48ms) == Ids{1});
}

TEST_CASE("coded repair that did not suffice is followed by the question") {
  Stage s;
  s.come(0ms, 0);
  s.missing.still_missing(at(5ms), 0, 0, true);
  s.come(10ms, 2);
  s.missing.still_missing(at(12ms), 0, 2, false);
  CHECK(s.ask(17ms).empty());
  s.missing.still_missing(at(17ms), 0, 2, true);
  CHECK(s.ask(17ms) == Ids{1});
}

TEST_CASE("as many are not asked for as equations will give") {
  Stage s;
  s.come(0ms, 0);
  s.come(10ms, 4);
  CHECK(s.ask(10ms, 2) == Ids{1});
}

TEST_CASE("a packet that only came late makes the next question wait as long") {
  Stage s;
  s.come(0ms, 0);
  s.come(10ms, 2);
  s.come(14ms, 1);
  CHECK_FALSE(s.missing.oldest());
  s.come(20ms, 4);
  CHECK(s.ask(20ms).empty());
  CHECK(s.ask(24ms) == Ids{3});
}

TEST_CASE("a repaired packet says nothing about reordering") {
  Stage s;
  s.come(0ms, 0);
  s.come(10ms, 2);
  s.missing.arrived(at(30ms), 1, true);
  s.come(40ms, 4);
  CHECK(s.ask(40ms) == Ids{3});
}

TEST_CASE("after an outage nothing of it is asked for") {
  Stage s;
  s.come(0ms, 0);
  s.come(3s, 600);
  CHECK(s.ask(3s).empty());
  CHECK_FALSE(s.missing.oldest());
}

TEST_CASE("however much is lost, what is remembered is bounded") {
  Stage s;
  s.come(0ms, 0);
  for (int i = 1; i <= 20; ++i) s.come(i * 1ms, i * 90);
  CHECK(s.ask(20ms).size() <= Missing::kMost);
}

TEST_CASE("what an answer takes is learned, and the next question comes when it is overdue") {
  Stage s;
  s.come(0ms, 0);
  for (int i = 1; i <= 10; ++i) {
    const Duration t = i * 100ms;
    s.come(t, 2 * i);
    CHECK(s.ask(t) == Ids{2 * i - 1});
    s.missing.answered(at(t + 50ms), 2 * i - 1);
    s.missing.arrived(at(t + 50ms), 2 * i - 1, true);
  }
  s.come(2s, 22);
  CHECK(s.ask(2s) == Ids{21});
  // The same question once more after 10 ms, because questions get lost, too; then 50 ms and at
  // least 8 for what they vary by.
  CHECK(s.ask(2s + 9ms).empty());
  CHECK(s.ask(2s + 10ms) == Ids{21});
  CHECK(s.ask(2s + 57ms).empty());
  CHECK(s.ask(2s + 60ms) == Ids{21});
}

TEST_CASE("while answers come, what was asked for behind them is not asked for again") {
  Stage s;
  s.come(0ms, 0);
  s.come(10ms, 30);
  CHECK(s.ask(10ms).size() == 29);
  for (PacketId id = 1; id < 30; ++id) {
    const Duration t = 30ms + 4 * id * 1ms;
    CHECK(s.ask(t).empty());
    s.missing.answered(at(t), id);
    s.missing.arrived(at(t), id, true);
  }
}
