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

TEST_CASE("it is asked for again a round trip later, as long as an answer may come in time") {
  Stage s;
  s.come(0ms, 0);
  s.come(10ms, 2);
  std::vector<Duration> asked;
  for (Duration t = 10ms; t < 450ms; t += 1ms) {
    if (!s.ask(t).empty()) asked.push_back(t);
  }
  // Every 20 ms and the turn of 15 ms; the answer to one at 290 would come later than 10 + 280.
  REQUIRE(asked.size() == 8);
  for (std::size_t i = 0; i < asked.size(); ++i)
    CHECK(asked[i] == 10ms + static_cast<std::int64_t>(i) * 35ms);
  CHECK_FALSE(s.missing.oldest());
}

TEST_CASE("what has not come after the budget is late, and still waited for") {
  Stage s;
  s.come(0ms, 0);
  s.come(10ms, 2);
  for (Duration t = 10ms; t < 160ms; t += 1ms) {
    static_cast<void>(s.ask(t));
    CHECK_FALSE(s.missing.late());
  }
  static_cast<void>(s.ask(160ms));
  CHECK(s.missing.late());
  CHECK(s.missing.oldest() == 1);
  static_cast<void>(s.ask(195ms));
  CHECK(s.missing.oldest() == 1);
  s.missing.arrived(at(200ms), 1, true);
  CHECK_FALSE(s.missing.late());
}

TEST_CASE("after a long burst it is late sooner, because the encoder forgets its references") {
  Stage s;
  s.come(0ms, 0);
  s.come(140ms, 9);
  CHECK(s.ask(140ms).size() == 8);
  static_cast<void>(s.ask(175ms));
  CHECK_FALSE(s.missing.late());
  // The first answer was due at 175; 170 ms after the last packet before the burst nobody waits.
  static_cast<void>(s.ask(183ms));
  CHECK(s.missing.late());
}

TEST_CASE("what is late is let go when nobody waits for it any more, and only that") {
  Stage s;
  s.come(0ms, 0);
  s.come(10ms, 2);
  for (Duration t = 10ms; t <= 160ms; t += 5ms) static_cast<void>(s.ask(t));
  s.come(161ms, 4);
  s.missing.let_late_go();
  CHECK(s.missing.oldest() == 3);
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

TEST_CASE("far away a second question goes out as well, because its answer beats the encoder") {
  Stage s;
  s.rtt = 100ms;
  s.come(0ms, 0);
  s.come(10ms, 2);
  CHECK(s.ask(10ms) == Ids{1});
  CHECK(s.ask(124ms) == Ids{1});  // and once more, for the question may have been lost
  CHECK(s.ask(125ms) == Ids{1});
  CHECK(s.ask(241ms).empty());  // a third answer would be here at 355
  static_cast<void>(s.ask(289ms));
  CHECK(s.missing.oldest() == 1);
  static_cast<void>(s.ask(291ms));
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

TEST_CASE("where no answer comes coded repair has its chance as long as there is any") {
  Stage s;
  s.rtt = 400ms;
  s.come(0ms, 0);
  s.missing.still_missing(at(5ms), 0, 0, true);
  s.come(10ms, 2);
  CHECK(s.ask(100ms).empty());
  CHECK(s.missing.oldest() == 1);
  CHECK(s.ask(131ms).empty());
  CHECK_FALSE(s.missing.oldest());
}

TEST_CASE("coded repair has its chance as long as an answer may still be in time") {
  Stage s;
  s.rtt = 120ms;
  s.come(0ms, 0);
  s.missing.still_missing(at(5ms), 0, 0, true);
  s.come(10ms, 2);
  // An answer is reckoned to take 135 of 150 ms.
  CHECK(s.ask(20ms).empty());
  CHECK(s.ask(26ms) == Ids{1});
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

TEST_CASE("an outage is one that lasts longer than repair may, or takes more; it is told once") {
  Stage s;
  s.come(0ms, 0);
  s.come(169ms, 20);
  CHECK_FALSE(s.missing.take_outage());
  s.come(339ms, 40);
  CHECK(s.missing.take_outage() == Duration{170ms});
  CHECK_FALSE(s.missing.take_outage());
  s.come(349ms, 42 + Missing::kMostGap);
  CHECK(s.missing.take_outage() == Duration{10ms});
  // A silence without a loss is none.
  s.come(3s, 43 + Missing::kMostGap);
  CHECK_FALSE(s.missing.take_outage());
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
  // The same question once more after 9 ms, because questions get lost, too; then 50 ms and at
  // least 8 for what they vary by.
  CHECK(s.ask(2s + 8ms).empty());
  CHECK(s.ask(2s + 9ms) == Ids{21});
  CHECK(s.ask(2s + 57ms).empty());
  CHECK(s.ask(2s + 60ms) == Ids{21});
}

TEST_CASE("far away questions go on after the first answer") {
  Stage s;
  s.rtt = 220ms;
  s.come(0ms, 0);
  s.come(10ms, 2);
  REQUIRE(s.ask(10ms) == Ids{1});
  s.missing.answered(at(232ms), 1);
  s.missing.arrived(at(232ms), 1, true);
  s.come(1s, 4);
  CHECK(s.ask(1s) == Ids{3});
}

TEST_CASE("after answers that took too long questions are tried again") {
  Stage s;
  s.come(0ms, 0);
  Duration t = 10ms;
  PacketId id = 2;
  // A queue that grows on the way back.
  for (Duration took = 20ms; took < 400ms; took += 5ms, id += 2, t += 1s) {
    s.come(t, id);
    if (s.ask(t).empty()) break;
    s.missing.answered(at(t + took), id - 1);
    s.missing.arrived(at(t + took), id - 1, true);
  }
  s.come(t, id);
  REQUIRE(s.ask(t).empty());
  s.come(t + 11s, id + 2);
  CHECK(s.ask(t + 11s) == Ids{id + 1});
}

TEST_CASE("a way that has become longer is asked once until its answer can be there") {
  Stage s;
  s.come(0ms, 0);
  PacketId id = 2;
  Duration t = 10ms;
  for (int i = 0; i < 10; ++i, id += 2, t += 100ms) {
    s.come(t, id);
    REQUIRE(s.ask(t) == Ids{id - 1});
    s.missing.answered(at(t + 22ms), id - 1);
    s.missing.arrived(at(t + 22ms), id - 1, true);
  }
  s.rtt = 200ms;
  s.come(t, id);
  CHECK(s.ask(t) == Ids{id - 1});
  CHECK(s.ask(t + 9ms) == Ids{id - 1});  // its echo
  for (Duration later = 10ms; later < 200ms; later += 1ms) {
    CAPTURE(later.count());
    CHECK(s.ask(t + later).empty());
  }
}

TEST_CASE("one packet that came late is forgotten after a few thousand in order") {
  Stage s;
  s.come(0ms, 0);
  s.come(10ms, 2);
  s.missing.arrived(at(30ms), 1, false);
  PacketId id = 3;
  for (; id < 6'000; ++id) s.come(40ms + id * 1ms, id);
  const Duration now = 50ms + id * 1ms;
  s.come(now, id + 1);
  CHECK(s.ask(now + 1ms) == Ids{id});
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

namespace {
// Packets 10 ms apart up to number 20, a burst that takes 21 to 29, and their answer.
Stage after_burst(Duration answer = 40ms) {
  Stage s;
  for (int i = 0; i <= 20; ++i) s.come(i * 10ms, i);
  s.come(300ms, 30);
  CHECK(s.ask(300ms).size() == 9);
  s.missing.answered(at(300ms + answer), 21);
  for (PacketId id = 21; id < 30; ++id) s.missing.arrived(at(300ms + answer), id, true);
  for (int i = 31; i <= 40; ++i) s.come(i * 10ms, i);
  return s;
}
}  // namespace

TEST_CASE(
    "a question whose answer takes long is sent twice, three times where questions get lost") {
  const bool way_back_loses = GENERATE(false, true);
  CAPTURE(way_back_loses);
  Stage s;
  s.rtt = 60ms;
  s.missing.set_way_back_loses(way_back_loses);
  s.come(0ms, 0);
  s.come(10ms, 2);
  std::vector<Duration> asked;
  for (Duration t = 10ms; t < 80ms; t += 1ms) {
    if (!s.ask(t).empty()) asked.push_back(t);
  }
  // Within half a round trip of the first: the other end takes them for one.
  std::vector<Duration> expected{10ms, 19ms};
  if (way_back_loses) expected.push_back(28ms);
  CHECK(asked == expected);
}

TEST_CASE("an answer that was overtaken by a later one is asked for again at once") {
  Stage s = after_burst();
  s.come(410ms, 45);
  CHECK(s.ask(410ms) == Ids{41, 42, 43, 44});
  CHECK(s.ask(420ms).size() == 4);  // the same question once more
  s.missing.answered(at(450ms), 42);
  s.missing.arrived(at(450ms), 42, true);
  // A copy of the first may follow, 12 ms apart; those behind are still coming.
  const Ids asked = s.ask(464ms);
  CHECK(asked == Ids{41});
}

TEST_CASE("where a burst has taken everything, the next silence is asked about") {
  Stage s = after_burst();
  CHECK(s.ask(419ms).empty());
  CHECK(s.missing.ask_due() == at(420ms));  // twice what is usual
  const Ids asked = s.ask(420ms);
  REQUIRE(asked.size() == static_cast<std::size_t>(kOfSilence) + 1);
  CHECK(asked.front() == 41);
  CHECK(asked[asked.size() - 2] == 40 + kOfSilence);
  CHECK(asked.back() == 40 + kNotYet);
}

TEST_CASE("where bursts are known, questions go on while what is late is still wanted") {
  Stage s = after_burst();
  s.come(410ms, 42);
  std::size_t questions = 0;
  for (Duration t = 410ms; t < 800ms; t += 1ms) {
    for (const PacketId id : s.ask(t)) questions += id == 41;
  }
  // Every 60 ms until 690, and each once more.
  CHECK(questions >= 7);
}

TEST_CASE("a silence that goes on is asked about a few times, and no more until something comes") {
  Stage s = after_burst();
  std::size_t questions = 0;
  for (Duration t = 400ms; t < 3s; t += 1ms) questions += !s.ask(t).empty();
  CHECK(questions == 6);
  CHECK_FALSE(s.missing.ask_due());
  s.come(3s, 41);
  CHECK(s.missing.ask_due());
}

TEST_CASE("where answers come soon, silences are not asked about") {
  Stage s = after_burst(20ms);
  CHECK_FALSE(s.missing.ask_due());
}

TEST_CASE("a path without bursts is not asked about its silences") {
  Stage s;
  for (int i = 0; i <= 20; ++i) s.come(i * 10ms, 2 * i);  // every second is lost
  for (Duration t = 200ms; t < 1s; t += 1ms) {
    for (const PacketId id : s.ask(t)) CHECK(id < 40);
  }
}

TEST_CASE("half a minute after the last burst silences mean nothing again") {
  Stage s = after_burst();
  for (int i = 41; i <= 3'200; ++i) s.come(i * 10ms, i);
  CHECK_FALSE(s.missing.ask_due());
}
