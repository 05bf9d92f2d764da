// Series with known answers: lines.
#include <catch2/catch.hpp>

#include "bench/transport/cases.h"
#include "bench/transport/judges.h"

namespace diemcau::judge {
namespace {

Timestamp at(Duration d) { return Timestamp{} + d; }

// A line of 1 Mbit/s on which ours get `own_kbps`, for `bins` of 100 ms.
LineLog line_of(std::size_t bins, std::int64_t own_kbps) {
  LineLog line;
  line.bins.resize(bins);
  for (LineBin& bin : line.bins) bin.capacity_bits = 100'000, bin.own_bits = own_kbps * 100;
  return line;
}

LinePacket waiting(Duration entered, Duration waited) {
  LinePacket p;
  p.begins = at(entered + waited);
  p.waited = waited;
  p.bits = 8000;
  return p;
}

TEST_CASE("Utilisation counts what was possible: the smaller of capacity and what media want",
          "[judge]") {
  const LineLog line = line_of(100, 450);
  CHECK(utilisation(line, from_to(0, 10), std::nullopt) == Approx(0.45));
  CHECK(utilisation(line, from_to(0, 10), Bitrate::kbps(500)) == Approx(0.9));
  CHECK(utilisation(line, from_to(0, 10), Bitrate::kbps(2000)) == Approx(0.45));
}

TEST_CASE("A line that could serve nothing has no utilisation", "[judge]") {
  LineLog line = line_of(100, 0);
  for (LineBin& bin : line.bins) bin.capacity_bits = 0;
  CHECK_FALSE(utilisation(line, from_to(0, 10), std::nullopt));
}

TEST_CASE("Queueing counts our served packets of the spans alone", "[judge]") {
  LineLog line;
  for (int i = 0; i < 100; ++i) line.packets.push_back(waiting(i * 100ms, i * 1ms));
  line.packets.push_back(waiting(5s, 900ms));
  line.packets.back().foreign = true;
  line.packets.push_back(waiting(5s, 900ms));
  line.packets.back().passage = sim::Passage::dropped_queue;
  // Those that entered from 0 to 5 s waited 0, 1, …, 49 ms; the 95 % point lies at 0.95 · 49.
  CHECK(queue_ms(line, {from_to(0, 5)}, 0.95) == Approx(46.55));
  CHECK(queue_ms(line, {from_to(0, 1), from_to(9, 10)}, 1) == Approx(99));
  CHECK_FALSE(queue_ms(line, {from_to(20, 30)}, 0.95));
}

TEST_CASE("A queue is drained when no packet waits 50 ms for a second", "[judge]") {
  LineLog line;
  for (int i = 0; i < 200; ++i) {
    const Duration t = i * 100ms;
    const bool long_wait = t < 3s || t == 3500ms || t == 10s;
    line.packets.push_back(waiting(t, long_wait ? 60ms : 10ms));
  }
  // The last that waits before a good second enters at 3.5 s; the one at 10 s is another matter.
  CHECK(seconds_to_drain(line, from_to(1, 20)) == Approx(2.5));
  CHECK(seconds_to_drain(line, from_to(5, 9)) == Approx(0));
}

TEST_CASE("A standing queue lasts from one short wait to the last long one before the next",
          "[judge]") {
  LineLog line;
  for (int i = 0; i < 200; ++i) {
    const Duration t = i * 100ms;
    line.packets.push_back(waiting(t, t > 4s && t < 8s ? 100ms : 1ms));
  }
  // 4.0 s waits shortly, 7.9 s is the last that waits long.
  CHECK(longest_standing_queue_s(line, from_to(0, 20)) == Approx(3.9));
}

TEST_CASE("Drops are ours, by queue or policer, and lost on the wire is not dropped", "[judge]") {
  LineLog line;
  for (int i = 0; i < 10; ++i) line.packets.push_back(waiting(i * 1s, 0ms));
  line.packets[1].passage = sim::Passage::dropped_queue;
  line.packets[2].passage = sim::Passage::dropped_policer;
  line.packets[3].passage = sim::Passage::lost_wire;
  line.packets[4].passage = sim::Passage::dropped_queue;
  line.packets[4].foreign = true;
  CHECK(drops(line, from_to(0, 10)) == Approx(2));
  CHECK(drop_ratio(line, from_to(0, 10)) == Approx(2.0 / 9));
}

TEST_CASE("A rate is reached at the end of the first 0.3 s that have it", "[judge]") {
  LineLog line = line_of(100, 400);
  for (std::size_t i = 57; i < 100; ++i) line.bins[i].own_bits = 90'000;
  // Bins 57, 58, 59 have 900 kbit/s: 6.0 s, one second after 5.
  CHECK(seconds_to_rate(line, from_to(5, 10), 0.8, std::nullopt) == Approx(1.0));
  CHECK_FALSE(seconds_to_rate(line, from_to(5, 10), 0.95, std::nullopt));
  CHECK(seconds_to_rate(line, from_to(5, 10), 0.8, Bitrate::kbps(500)) == Approx(0.3));
}

TEST_CASE("Jain's index is 1 for equals and 1/n when one has all", "[judge]") {
  CHECK(jain(std::vector<double>{3, 3, 3}) == Approx(1));
  CHECK(jain(std::vector<double>{1, 0, 0, 0}) == Approx(0.25));
  CHECK(jain(std::vector<double>{2, 1, 1}) == Approx(16.0 / 18));
  CHECK_FALSE(jain(std::vector<double>{0, 0}));
}

TEST_CASE("The worst seed may have half as much again between the ideal and the bar", "[judge]") {
  CHECK(most(35).worst() == Approx(52.5));
  CHECK(most(1.4, 1).worst() == Approx(1.6));
  CHECK(least(0.95).worst() == Approx(0.925));
  CHECK(least(85, 93.2).worst() == Approx(80.9));
  CHECK(least(0.25).worst() == Approx(0.25 / 1.5));  // 1 − 1.125 would allow nothing at all
  CHECK(most(0).worst() == Approx(0));
  CHECK(most(0).met(0));
  CHECK_FALSE(most(0).met(1));
}

}  // namespace
}  // namespace diemcau::judge
