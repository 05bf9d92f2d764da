// Congestion windows against arithmetic and the response functions of their papers; RFC 5681, RFC
// 9438 §5, Mathis et al. 1997.
#include "sim/tcp_window.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "core/base/rng.h"
#include "tests/sim/tcp_bench.h"

namespace diemcau::sim {
namespace {

Timestamp at(Duration d) { return Timestamp{} + d; }

const Bitrate kTenMbit = Bitrate::kbps(10'000);
const TcpBench::Fate kLost = std::nullopt;

// The share of a line's rate that one flow takes between 10 s and 70 s, headers included.
double share_of_line(TcpKind kind) {
  TcpBench bench{kTenMbit, 40ms, path_capacity(kTenMbit, 40ms)};
  BenchFlow& f = bench.add(kind);
  bench.run_until(at(10s));
  const std::uint64_t timeouts = f.sender.figures().timeouts;
  const std::int64_t before = f.receiver.goodput().count();
  bench.run_until(at(70s));
  CHECK(f.sender.figures().timeouts == timeouts);
  const std::int64_t bits = (f.receiver.goodput().count() - before) * 8 * 1500 / kMss;
  return static_cast<double>(bits) / 60 / static_cast<double>(kTenMbit.bps());
}

// How long a flow on a line of 100 Mbit/s and 100 ms takes from the loss of one segment until its
// window is as large again.
Duration time_to_refill(TcpKind kind) {
  TcpBench bench{Bitrate::kbps(100'000), 100ms, ByteCount::bytes(4 << 20)};
  BenchFlow& f = bench.add(kind);
  std::int64_t peak = 0;
  bench.meddle = [&](Timestamp, std::size_t, const TcpSegment& s) -> TcpBench::Fate {
    if (f.sender.figures().fast_recoveries == 0) peak = f.sender.window().bytes();
    return s.seq == 1'000 * kMss && !s.retransmission ? kLost : Duration{0};
  };
  bench.run_while(at(10s), [&] { return f.sender.figures().fast_recoveries == 0; });
  const Timestamp noticed = bench.now();
  bench.run_while(at(10s), [&] { return f.sender.recovering(); });
  CHECK(f.sender.window().bytes() < peak * 3 / 4);
  bench.run_while(at(300s), [&] { return f.sender.window().bytes() < peak; });
  CHECK(f.sender.figures().timeouts == 0);
  return bench.now() - noticed;
}

// Two flows of one kind from 0 s and 3 s: the first's bytes per byte of the second, 30 s to 330 s.
double share_of_first(TcpKind kind) {
  TcpBench bench{kTenMbit, 40ms, path_capacity(kTenMbit, 40ms)};
  BenchFlow& a = bench.add(kind);
  BenchFlow& b = bench.add(kind, {}, at(3s));
  // Up to a segment's time in the host: without it drop-tail can hit one flow only (Floyd and
  // Jacobson 1991).
  Rng rng{7};
  std::vector<Timestamp> last(2);
  bench.meddle = [&](Timestamp now, std::size_t i, const TcpSegment&) -> TcpBench::Fate {
    last[i] = std::max(last[i], now + Duration{rng.below(1'200'000)});
    return last[i] - now;
  };
  bench.run_until(at(30s));
  const std::int64_t a0 = a.receiver.goodput().count(), b0 = b.receiver.goodput().count();
  bench.run_until(at(330s));
  return static_cast<double>(a.receiver.goodput().count() - a0) /
         static_cast<double>(b.receiver.goodput().count() - b0);
}

// The mean window in segments when one of `period` new segments is lost, on a line that never
// queues.
double mean_window(TcpKind kind, std::int64_t period, Duration round_trip) {
  TcpBench bench{Bitrate::kbps(10'000'000), round_trip, ByteCount::bytes(1 << 30)};
  BenchFlow& f = bench.add(kind);
  bench.meddle = [&](Timestamp, std::size_t, const TcpSegment& s) -> TcpBench::Fate {
    return !s.retransmission && s.seq / kMss % period == period / 2 ? kLost : Duration{0};
  };
  const Duration settled = 60s, end = 660s;
  bench.run_until(at(settled));
  const std::int64_t before = f.receiver.goodput().count();
  bench.run_until(at(end));
  CHECK(f.sender.figures().timeouts == 0);
  const auto segments = static_cast<double>(f.receiver.goodput().count() - before) / kMss;
  return segments * to_ms_double(round_trip) / to_ms_double(end - settled);
}

}  // namespace

TEST_CASE("the integer cube root is the largest whose cube fits", "[sim]") {
  for (std::int64_t r = 0; r < 100'000; r += 7) {
    REQUIRE(cube_root(r * r * r) == r);
    REQUIRE(cube_root(r * r * r + 3 * r * r + 3 * r) == r);
    if (r > 0) REQUIRE(cube_root(r * r * r - 1) == r - 1);
  }
}

TEST_CASE("NewReno grows by one segment per window acknowledged, beyond slow start", "[sim]") {
  CongestionWindow window{TcpKind::newreno};
  window.enter_recovery(10 * kMss);
  window.leave_recovery(10 * kMss);
  REQUIRE(window.bytes() == 5 * kMss);
  for (std::int64_t w = 5; w < 50; ++w) {
    for (std::int64_t n = 0; n < w; ++n) {
      REQUIRE(window.bytes() == w * kMss);
      window.on_acked(at(1s), kMss, 100ms, false);
    }
  }
}

TEST_CASE("CUBIC is back at W_max after K, flat there, and goes beyond", "[sim]") {
  CongestionWindow window{TcpKind::cubic};
  constexpr std::int64_t kPeak = 1000 * kMss;
  constexpr Duration kRoundTrip = 100ms;
  while (window.bytes() < kPeak) window.on_acked(at(0s), 2 * kMss, kRoundTrip, false);
  window.enter_recovery(kPeak);
  window.leave_recovery(kPeak);
  REQUIRE(window.bytes() == kPeak * 7 / 10);
  // K = cbrt(300 / 0.4) = 9.086 s.
  const auto at_time = [&](Duration end, Duration begin) {
    for (Duration t = begin; t < end; t += 1ms)
      window.on_acked(at(t), window.bytes() / 100 + 1, kRoundTrip, false);
    return static_cast<double>(window.bytes()) / kMss;
  };
  // What the curve says one round trip later, less the round trip that the window follows it by.
  const auto curve = [](double t) { return 0.4 * std::pow(t - 9.086, 3) + 1000; };
  CHECK(at_time(3s, 0s) == Approx(curve(3.0)).margin(8));
  CHECK(at_time(6s, 3s) == Approx(curve(6.0)).margin(4));
  CHECK(at_time(9s, 6s) == Approx(1000).margin(1));
  CHECK(at_time(13s, 9s) == Approx(curve(13.0)).margin(4));
}

TEST_CASE("CUBIC that loses below its last peak makes room for others", "[sim]") {
  CongestionWindow window{TcpKind::cubic};
  while (window.bytes() < 1000 * kMss) window.on_acked(at(0s), 2 * kMss, 1s, false);
  window.enter_recovery(1000 * kMss);
  window.leave_recovery(1000 * kMss);
  window.enter_recovery(700 * kMss);
  window.leave_recovery(700 * kMss);
  CHECK(window.bytes() == 490 * kMss);
  // Fast convergence: W_max = 700 × 0.85 = 595, so K = cbrt(105 / 0.4) = 6.40 s; without it the
  // window would be 698 by then.
  for (Duration t = 0s; t < 6400ms; t += 1ms)
    window.on_acked(at(t), window.bytes() / 1000, 1s, false);
  CHECK(static_cast<double>(window.bytes()) / kMss == Approx(595).margin(3));
}

TEST_CASE("CUBIC aims at where the curve is in one round trip, at most half as high again",
          "[sim]") {
  CongestionWindow window{TcpKind::cubic};
  while (window.bytes() < 1000 * kMss) window.on_acked(at(0s), 2 * kMss, 1s, false);
  window.enter_recovery(1000 * kMss);
  window.leave_recovery(1000 * kMss);
  window.on_acked(at(0s), 1, 1s, false);
  window.on_acked(at(1s), window.bytes(), 1s, false);
  // 1000 − 0.4 (9.086 − 2)³.
  CHECK(static_cast<double>(window.bytes()) / kMss == Approx(857.7).margin(0.5));
  const std::int64_t before = window.bytes();
  window.on_acked(at(40s), before, 1s, false);
  CHECK(window.bytes() == before + before / 2);
}

TEST_CASE("after a timeout CUBIC starts a new curve where slow start ends", "[sim]") {
  CongestionWindow window{TcpKind::cubic};
  while (window.bytes() < 1000 * kMss) window.on_acked(at(0s), 2 * kMss, 1s, false);
  window.on_timeout(1000 * kMss, false);
  REQUIRE(window.bytes() == kMss);
  while (window.slow_start()) window.on_acked(at(0s), kMss, 1s, true);
  CHECK(window.bytes() == 700 * kMss);
  for (Duration t = 0s; t < 5s; t += 1ms)
    window.on_acked(at(t), window.bytes() / 100, 100ms, false);
  CHECK(static_cast<double>(window.bytes()) / kMss == Approx(700 + 0.4 * 125).margin(1));
}

TEST_CASE("CUBIC's Reno estimate grows by 9 / 17 up to the old window and by one beyond", "[sim]") {
  CongestionWindow window{TcpKind::cubic};
  while (window.bytes() < 100 * kMss) window.on_acked(at(0s), 2 * kMss, 10ms, false);
  window.enter_recovery(100 * kMss);
  window.leave_recovery(100 * kMss);
  const auto rounds = [&](int from, int to) {
    for (int n = from; n < to; ++n) window.on_acked(at(n * 10ms), window.bytes(), 10ms, false);
    return static_cast<double>(window.bytes()) / kMss;
  };
  CHECK(rounds(0, 34) == Approx(70 + 18).margin(1));
  CHECK(rounds(34, 100) == Approx(100 + 43).margin(2));  // at the old window after 57 rounds
}

TEST_CASE("an acknowledgment of much grows slow start by two segments, of repairs by one",
          "[sim]") {
  CongestionWindow window{TcpKind::newreno};
  window.on_acked(at(0s), 9 * kMss, 100ms, false);
  CHECK(window.bytes() == 12 * kMss);
  window.on_acked(at(0s), 9 * kMss, 100ms, true);
  CHECK(window.bytes() == 13 * kMss);
}

TEST_CASE("a partial acknowledgment takes from the window what it acknowledges, less a segment",
          "[sim]") {
  CongestionWindow window{TcpKind::newreno};
  window.enter_recovery(10 * kMss);
  for (int n = 0; n < 6; ++n) window.on_left_network();
  REQUIRE(window.bytes() == 14 * kMss);
  window.on_partly_acked(4 * kMss);
  CHECK(window.bytes() == 11 * kMss);
  window.on_partly_acked(kMss / 2);
  CHECK(window.bytes() == 11 * kMss - kMss / 2);
  window.on_partly_acked(100 * kMss);
  CHECK(window.bytes() == 2 * kMss);
}

TEST_CASE("a NewReno flow alone fills a line whose queue holds one round trip", "[sim]") {
  CHECK(share_of_line(TcpKind::newreno) >= 0.95);
}

TEST_CASE("a CUBIC flow alone fills a line whose queue holds one round trip", "[sim]") {
  CHECK(share_of_line(TcpKind::cubic) >= 0.95);
}

TEST_CASE("CUBIC refills a long fat line faster than NewReno", "[sim]") {
  CHECK(3 * time_to_refill(TcpKind::cubic) < time_to_refill(TcpKind::newreno));
}

TEST_CASE("two equal flows share a line", "[sim]") {
  for (const TcpKind kind : {TcpKind::newreno, TcpKind::cubic}) {
    const double ratio = share_of_first(kind);
    CHECK(ratio > 0.7);
    CHECK(ratio < 1.4);
  }
}

TEST_CASE("NewReno's mean window under periodic loss is sqrt(3 / 2p)", "[sim]") {
  for (const std::int64_t period : {300, 1000, 10'000}) {
    INFO("one of " << period);
    const double expected = std::sqrt(1.5 * static_cast<double>(period));
    CHECK(mean_window(TcpKind::newreno, period, 50ms) == Approx(expected).epsilon(0.1));
  }
}

TEST_CASE("CUBIC's mean window under periodic loss is near that of RFC 9438 §5.1", "[sim]") {
  // 1.054 (RTT / p)^(3/4): a formula without fast convergence, which keeps the window below it.
  for (const std::int64_t period : {3'000, 10'000, 30'000}) {
    INFO("one of " << period);
    const double expected = 1.054 * std::pow(0.2 * static_cast<double>(period), 0.75);
    CHECK(mean_window(TcpKind::cubic, period, 200ms) == Approx(expected).epsilon(0.15));
  }
}

TEST_CASE("CUBIC is no slower than NewReno where round trips are short", "[sim]") {
  const double newreno = mean_window(TcpKind::newreno, 500, 10ms);
  const double cubic = mean_window(TcpKind::cubic, 500, 10ms);
  CHECK(cubic == Approx(newreno).epsilon(0.15));
}

}  // namespace diemcau::sim
