// Sender and receiver, segment by segment and over a line: what is lost is repaired, nothing comes
// twice; RFC 5681, RFC 6298, RFC 6582.
#include "sim/tcp_flow.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "core/base/rng.h"
#include "tests/sim/tcp_bench.h"

namespace diemcau::sim {
namespace {

Timestamp at(Duration d) { return Timestamp{} + d; }

const Bitrate kTenMbit = Bitrate::kbps(10'000);

// A sender without a line: the test is the network and acknowledges whole segments.
struct ByHand {
  explicit ByHand(std::optional<std::uint64_t> bytes = {}) : sender(TcpKind::newreno, bytes) {}
  TcpSender sender;
  std::vector<TcpSegment> sent;

  // How many it sends now.
  std::size_t pump(Duration now) {
    const std::size_t before = sent.size();
    while (const auto s = sender.poll(at(now))) sent.push_back(*s);
    return sent.size() - before;
  }
  void ack(Duration now, std::int64_t segments, Duration echo = {}) {
    sender.on_ack(at(now), {segments * kMss, at(echo), false});
  }
  void duplicates(Duration now, std::int64_t segments, int count) {
    for (int i = 0; i < count; ++i) ack(now, segments);
  }
};

TcpSegment segment(std::int64_t number, Duration sent = {}) {
  return {number * kMss, kMss, false, at(sent)};
}

}  // namespace

TEST_CASE("a connection begins with ten segments and slow start doubles them every round trip",
          "[sim]") {
  TcpBench bench{Bitrate::kbps(1'000'000), 100ms, ByteCount::bytes(4 << 20)};
  BenchFlow& f = bench.add(TcpKind::newreno);
  std::map<std::int64_t, std::int64_t> per_round;
  bench.meddle = [&](Timestamp now, std::size_t, const TcpSegment&) -> TcpBench::Fate {
    ++per_round[to_ms(now - Timestamp{}) / 100];
    return Duration{0};
  };
  bench.run_until(at(699ms));
  CHECK(per_round[0] == 10);
  for (std::int64_t round = 1; round <= 6; ++round) {
    INFO("round " << round);
    CHECK(per_round[round] == 2 * per_round[round - 1]);
  }
  CHECK(f.sender.window().slow_start());
}

TEST_CASE("a single loss is repaired by one fast retransmission, without a timeout", "[sim]") {
  TcpBench bench{kTenMbit, 40ms, ByteCount::bytes(1 << 20)};
  BenchFlow& f = bench.add(TcpKind::newreno, 500 * kMss);
  bench.meddle = [](Timestamp, std::size_t, const TcpSegment& s) -> TcpBench::Fate {
    return s.seq == 40 * kMss && !s.retransmission ? TcpBench::Fate{} : Duration{0};
  };
  bench.run_until(at(5s));
  CHECK(f.sender.finished());
  CHECK(f.sender.figures().fast_recoveries == 1);
  CHECK(f.sender.figures().retransmissions == 1);
  CHECK(f.sender.figures().timeouts == 0);
}

TEST_CASE("the third duplicate halves the window, and every further one lets a segment go",
          "[sim]") {
  ByHand tcp;
  CHECK(tcp.pump(0ms) == 10);
  tcp.duplicates(100ms, 0, 2);
  CHECK(tcp.pump(100ms) == 2);  // limited transmit, RFC 3042
  CHECK_FALSE(tcp.sender.recovering());
  tcp.duplicates(100ms, 0, 1);
  REQUIRE(tcp.pump(100ms) == 1);
  CHECK(tcp.sent.back().seq == 0);
  CHECK(tcp.sent.back().retransmission);
  CHECK(tcp.sender.window().threshold() == 5 * kMss);
  // 5 + 3 of twelve; the fifth more opens the window beyond what is under way.
  tcp.duplicates(110ms, 0, 4);
  CHECK(tcp.pump(110ms) == 0);
  tcp.duplicates(110ms, 0, 2);
  CHECK(tcp.pump(110ms) == 2);
  tcp.ack(200ms, 12, 100ms);
  CHECK_FALSE(tcp.sender.recovering());
  CHECK(tcp.sender.window().bytes() == 3 * kMss);  // two under way and one, RFC 6582 §3.2
}

TEST_CASE("a partial acknowledgment resends the next hole at once", "[sim]") {
  ByHand tcp;
  tcp.pump(0ms);
  tcp.duplicates(100ms, 0, 3);
  tcp.pump(100ms);
  tcp.ack(200ms, 4, 100ms);
  CHECK(tcp.sender.recovering());
  CHECK(tcp.sender.window().bytes() == 5 * kMss);  // 8 − 4 + 1
  REQUIRE(tcp.pump(200ms) >= 1);
  const auto again = std::find_if(tcp.sent.begin() + 11, tcp.sent.end(),
                                  [](const TcpSegment& s) { return s.retransmission; });
  REQUIRE(again != tcp.sent.end());
  CHECK(again->seq == 4 * kMss);
}

TEST_CASE("the loss of a whole window ends in a timeout and everything arrives all the same",
          "[sim]") {
  for (const TcpKind kind : {TcpKind::newreno, TcpKind::cubic}) {
    TcpBench bench{kTenMbit, 40ms, ByteCount::bytes(1 << 20)};
    BenchFlow& f = bench.add(kind, 2'000'000);
    bench.meddle = [](Timestamp now, std::size_t, const TcpSegment&) -> TcpBench::Fate {
      return now >= at(500ms) && now < at(650ms) ? TcpBench::Fate{} : Duration{0};
    };
    bench.run_until(at(10s));
    CHECK(f.sender.figures().timeouts >= 1);
    CHECK(f.sender.finished());
    CHECK(f.receiver.goodput() == ByteCount::bytes(2'000'000));
  }
}

TEST_CASE("the timer doubles with every timeout and a fresh sample brings it back", "[sim]") {
  ByHand tcp;
  tcp.pump(0ms);
  REQUIRE(tcp.sender.next_deadline() == at(1s));  // RFC 6298 (2.1)
  tcp.sender.on_timer(at(999ms));
  CHECK(tcp.sender.figures().timeouts == 0);
  Duration now = 1s;
  for (const Duration wait : {2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    tcp.sender.on_timer(at(now));
    CHECK(tcp.pump(now) == 1);
    CHECK(tcp.sent.back().seq == 0);
    REQUIRE(tcp.sender.next_deadline() == at(now + wait));
    now += wait;
  }
  tcp.ack(now, 1, now - 50ms);
  CHECK(tcp.sender.rto() == 200ms);  // 50 ms + 4 × 25 ms, not below Linux' least
  CHECK(tcp.sender.srtt() == 50ms);
  CHECK(tcp.pump(now) == 2);  // slow start again
}

TEST_CASE("a timeout lowers the threshold once per loss", "[sim]") {
  ByHand tcp;
  tcp.pump(0ms);
  tcp.sender.on_timer(at(1s));
  CHECK(tcp.sender.window().threshold() == 5 * kMss);
  CHECK(tcp.sender.window().bytes() == kMss);
  tcp.pump(1s);
  tcp.sender.on_timer(at(3s));
  CHECK(tcp.sender.window().threshold() == 5 * kMss);
}

TEST_CASE("duplicates that our own repair after a timeout caused start no recovery", "[sim]") {
  ByHand tcp;
  tcp.pump(0ms);
  tcp.sender.on_timer(at(1s));
  tcp.pump(1s);
  tcp.duplicates(1100ms, 0, 5);  // while the window is repaired, RFC 6582 §3.2
  CHECK(tcp.sender.figures().fast_recoveries == 0);
  tcp.ack(1100ms, 10, 1s);
  tcp.pump(1100ms);
  for (int i = 0; i < 5; ++i) tcp.sender.on_ack(at(1200ms), {10 * kMss, at(1s), true});
  CHECK(tcp.sender.figures().fast_recoveries == 0);
  tcp.duplicates(1200ms, 10, 3);  // of new segments: a new loss
  CHECK(tcp.sender.figures().fast_recoveries == 1);
}

TEST_CASE("bad and old acknowledgments change nothing", "[sim]") {
  ByHand tcp;
  tcp.pump(0ms);
  tcp.ack(50ms, 4);
  tcp.pump(50ms);
  const std::int64_t window = tcp.sender.window().bytes(), flight = tcp.sender.in_flight();
  const auto deadline = tcp.sender.next_deadline();
  const auto sent = static_cast<std::int64_t>(tcp.sent.size());
  for (const std::int64_t segments :
       {sent + 1, std::int64_t{1} << 40, std::int64_t{3}, std::int64_t{0}, std::int64_t{-1}}) {
    INFO(segments);
    tcp.duplicates(60ms, segments, 5);
    CHECK(tcp.pump(60ms) == 0);
  }
  CHECK(tcp.sender.figures().acks_ignored == 25);
  CHECK(tcp.sender.window().bytes() == window);
  CHECK(tcp.sender.in_flight() == flight);
  CHECK(tcp.sender.next_deadline() == deadline);
  CHECK(tcp.sender.figures().fast_recoveries == 0);
  CHECK(tcp.sender.figures().bytes_acked == 4 * kMss);
}

TEST_CASE("an echo from the future gives no round trip sample", "[sim]") {
  ByHand tcp;
  tcp.pump(0ms);
  tcp.ack(50ms, 4, 51ms);
  CHECK(tcp.sender.srtt() == Duration{});
  CHECK(tcp.sender.figures().bytes_acked == 4 * kMss);
}

TEST_CASE("duplicates without anything under way change nothing", "[sim]") {
  ByHand tcp{10 * kMss};
  tcp.pump(0ms);
  tcp.ack(50ms, 10);
  tcp.duplicates(60ms, 10, 10);
  CHECK(tcp.pump(60ms) == 0);
  CHECK(tcp.sender.finished());
  CHECK_FALSE(tcp.sender.next_deadline());
}

TEST_CASE("a finite flow ends with its last byte, says so and is silent from then on", "[sim]") {
  for (const std::int64_t bytes : {1L, 1447L, 1448L, 1449L, 30'000L, 1'000'003L}) {
    INFO(bytes);
    TcpBench bench{kTenMbit, 40ms, ByteCount::bytes(1 << 20)};
    BenchFlow& f = bench.add(TcpKind::cubic, static_cast<std::uint64_t>(bytes));
    CHECK_FALSE(f.sender.finished());
    bench.run_until(at(10s));
    CHECK(f.sender.finished());
    CHECK(f.receiver.goodput() == ByteCount::bytes(bytes));
    CHECK(f.sender.figures().bytes_acked == bytes);
    CHECK(f.sender.figures().retransmissions == 0);
    CHECK_FALSE(f.sender.next_deadline());
    CHECK_FALSE(f.receiver.next_deadline());
  }
  CHECK(TcpSender(TcpKind::newreno, 0).finished());
  CHECK_FALSE(TcpSender(TcpKind::newreno).finished());
}

TEST_CASE("the receiver gets every byte exactly once whatever is lost or overtakes", "[sim]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Rng rng{seed};
    constexpr std::int64_t kSegments = 1500;
    constexpr std::int64_t kBytes = kSegments * kMss - 11;
    // 0 … 12 % of the segments are lost, as many held back for up to 60 ms, 3 % of the
    // acknowledgments lost.
    const std::uint64_t loss = std::uint64_t{rng.below(13)} * (std::uint64_t{1} << 32) / 100;
    TcpBench bench{kTenMbit, 40ms, ByteCount::bytes(60'000), 128'849'018};
    BenchFlow& f = bench.add(seed % 2 == 0 ? TcpKind::newreno : TcpKind::cubic, kBytes);
    bench.meddle = [&](Timestamp, std::size_t, const TcpSegment&) -> TcpBench::Fate {
      if (rng.chance(loss)) return {};
      return rng.chance(loss) ? Duration{rng.below(60'000'000)} : Duration{0};
    };
    std::vector<bool> arrived(kSegments);
    std::int64_t prefix = 0;
    bench.on_arrival = [&](Timestamp, std::size_t, const TcpSegment& s) {
      REQUIRE(f.receiver.goodput().count() == std::min(prefix * kMss, kBytes));
      REQUIRE(s.seq % kMss == 0);
      arrived[static_cast<std::size_t>(s.seq / kMss)] = true;
      while (prefix < kSegments && arrived[static_cast<std::size_t>(prefix)]) ++prefix;
      REQUIRE(f.sender.in_flight() <= kReceiveWindow);
    };
    bench.run_until(at(600s));
    CHECK(f.sender.finished());
    CHECK(f.receiver.goodput() == ByteCount::bytes(kBytes));
    CHECK(f.receiver.ranges_waiting() == 0);
  }
}

TEST_CASE("every second segment is acknowledged at once, a lone one after 40 ms", "[sim]") {
  TcpReceiver receiver;
  CHECK_FALSE(receiver.on_segment(at(10ms), segment(0, 1ms)));
  REQUIRE(receiver.next_deadline() == at(50ms));
  const auto second = receiver.on_segment(at(11ms), segment(1, 2ms));
  REQUIRE(second);
  CHECK(second->next == 2 * kMss);
  CHECK(second->echo == at(1ms));  // the first that it stands for, RFC 7323 §4.3
  CHECK_FALSE(receiver.next_deadline());

  CHECK_FALSE(receiver.on_segment(at(20ms), segment(2, 12ms)));
  CHECK_FALSE(receiver.on_timer(at(59ms)));
  const auto lone = receiver.on_timer(at(60ms));
  REQUIRE(lone);
  CHECK(lone->next == 3 * kMss);
  CHECK(lone->echo == at(12ms));
}

TEST_CASE("a gap, what fills it and what came before are acknowledged at once", "[sim]") {
  TcpReceiver receiver;
  const auto gap = receiver.on_segment(at(1ms), segment(1));
  REQUIRE(gap);
  CHECK(gap->next == 0);
  CHECK_FALSE(gap->of_duplicate);
  const auto twice = receiver.on_segment(at(2ms), segment(1));
  REQUIRE(twice);
  CHECK(twice->of_duplicate);
  const auto filled = receiver.on_segment(at(3ms), segment(0));
  REQUIRE(filled);
  CHECK(filled->next == 2 * kMss);
  CHECK_FALSE(filled->of_duplicate);
  const auto old = receiver.on_segment(at(4ms), segment(0));
  REQUIRE(old);
  CHECK(old->next == 2 * kMss);
  CHECK(old->of_duplicate);
  CHECK(receiver.figures().duplicates == 2);
}

TEST_CASE("segments that overlap count once", "[sim]") {
  TcpReceiver receiver;
  static_cast<void>(receiver.on_segment(at(1ms), {1000, 1000, false, {}}));
  static_cast<void>(receiver.on_segment(at(1ms), {3000, 500, false, {}}));
  static_cast<void>(receiver.on_segment(at(1ms), {1500, 1000, false, {}}));
  CHECK(receiver.ranges_waiting() == 2);
  static_cast<void>(receiver.on_segment(at(1ms), {2400, 700, false, {}}));
  CHECK(receiver.ranges_waiting() == 1);
  static_cast<void>(receiver.on_segment(at(1ms), {0, 1200, false, {}}));
  CHECK(receiver.goodput() == ByteCount::bytes(3500));
  CHECK(receiver.ranges_waiting() == 0);
}

TEST_CASE("what both ends remember is bounded by the receive window", "[sim]") {
  TcpReceiver receiver;
  for (std::int64_t n = 1; n < 20'000; n += 2)
    static_cast<void>(receiver.on_segment(at(1ms), segment(n)));
  CHECK(receiver.ranges_waiting() <= static_cast<std::size_t>(kReceiveWindow / kMss / 2));
  CHECK(receiver.figures().outside_window > 8'000);
  CHECK(receiver.goodput() == ByteCount::bytes(0));

  TcpBench bench{Bitrate::kbps(1'000'000), 200ms, ByteCount::bytes(1 << 30)};
  BenchFlow& f = bench.add(TcpKind::newreno);
  bench.run_until(at(10s));
  CHECK(f.sender.in_flight() <= kReceiveWindow);
  CHECK(f.sender.window().bytes() == kReceiveWindow);
  CHECK(f.receiver.figures().outside_window == 0);
}

}  // namespace diemcau::sim
