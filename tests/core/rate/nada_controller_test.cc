#include "core/rate/nada_controller.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "core/base/rng.h"

using namespace diemcau;
using namespace diemcau::rate;

namespace {

Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }

RateBounds media() {
  RateBounds b;
  b.least = Bitrate::kbps(150);  // RMIN and RMAX of RFC 8698 §6.3
  b.most = Bitrate::kbps(1'500);
  b.start = Bitrate::kbps(500);
  return b;
}
Observation report(Duration when, Duration queue, std::uint32_t lost = 0,
                   Bitrate delivered = Bitrate::kbps(500)) {
  Observation o;
  o.now = at(when);
  o.round_trip = 100ms;
  o.standing_queue = queue;
  o.delivered = delivered;
  o.packets_received = 10 - lost;
  o.packets_lost = lost;
  return o;
}
double ms(Duration d) { return to_ms_double(d); }
}  // namespace

TEST_CASE("a queue is warped as equation 1 says", "[rate]") {
  CHECK(NadaController::warped(49ms) == 49ms);
  for (const int queue : {50, 60, 100, 150, 400, 1'000}) {
    CAPTURE(queue);
    // Parts of a million of 50 ms are 50 ns.
    CHECK(ms(NadaController::warped(queue * Duration{1ms})) ==
          Approx(50 * std::exp(-0.5 * (queue - 50) / 50.0)).margin(0.001));
  }
}

TEST_CASE("losses add to the signal as equation 2 says", "[rate]") {
  for (const double loss : {0.0, 0.005, 0.01, 0.05, 0.2, 1.0}) {
    CAPTURE(loss);
    const auto ppm = static_cast<std::int64_t>(loss * 1e6);
    // Whole parts of 10 ms ÷ 10,000 are a microsecond.
    CHECK(ms(NadaController::congestion(7ms, ppm)) ==
          Approx(7 + 10 * std::pow(loss / 0.01, 2)).margin(0.002));
  }
}

TEST_CASE("the ramp-up is bounded by the queue that it could fill", "[rate]") {
  // Equation 4: 50 ms ÷ (round trip + 100 + 120 ms), a half at most.
  CHECK(NadaController::ramp_up_permille(100ms) == 156);
  CHECK(NadaController::ramp_up_permille(0ms) == 227);
}

TEST_CASE("an empty line is ramped up on by equation 3", "[rate]") {
  NadaController c(media(), 1);
  c.observe(report(0ms, 0ms));
  CHECK(c.rate() == Bitrate::bps(500'000 / 1'000 * 1'156));
  // A rate above what arrives is kept.
  c.observe(report(40ms, 0ms, 0, Bitrate::kbps(100)));
  CHECK(c.rate() == Bitrate::bps(500'000 / 1'000 * 1'156));
}

TEST_CASE("a queue moves the rate as equations 5 to 7 say", "[rate]") {
  NadaController c(media(), 1);
  double before = 0, rate = 500e3;
  for (int n = 0; n < 50; ++n) {
    CAPTURE(n);
    const double queue = 15 + 5 * (n % 4);
    const double delta = n == 0 ? 0 : 40;
    const double offset = queue - 10 * 1'500e3 / rate;
    rate -= 0.5 * delta / 500 * offset / 500 * rate + 0.5 * 2 * (queue - before) / 500 * rate;
    rate = std::min(std::max(rate, 150e3), 1'500e3);
    before = queue;
    c.observe(report(n * Duration{40ms}, std::chrono::milliseconds(static_cast<int>(queue))));
    // Each step rounds by less than 2 bit/s in 10^6 of the cut and 1,000 bit/s ÷ 1,000.
    CHECK(static_cast<double>(c.rate().bps()) == Approx(rate).epsilon(0.001));
  }
}

TEST_CASE("a steady queue settles where it equals the reference", "[rate]") {
  NadaController c(media(), 1);
  // x_offset = 0: 20 ms = 10 ms × 1,500 ÷ rate.
  for (int n = 0; n < 5'000; ++n) c.observe(report(n * Duration{40ms}, 20ms));
  CHECK(c.rate().kbps() == Approx(750).epsilon(0.01));
  NadaController heavy(media(), 2);
  for (int n = 0; n < 5'000; ++n) heavy.observe(report(n * Duration{40ms}, 20ms));
  CHECK(heavy.rate().kbps() == Approx(1'500).epsilon(0.01));
}

TEST_CASE("whatever is told, the rate of NADA stays within its bounds", "[rate]") {
  const std::uint64_t seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{1} + 20));
  CAPTURE(seed);
  Rng rng(seed);
  NadaController c(media(), 1 + rng.below(4));
  Duration now{};
  for (int n = 0; n < 2'000; ++n) {
    now += Duration{std::int64_t{rng.below(400'000)} * 1'000};
    Observation o = report(now, Duration{std::int64_t{rng.next_u32()} * 100}, rng.below(11),
                           Bitrate::bps(std::int64_t{rng.next_u32()} * 4));
    o.round_trip = Duration{std::int64_t{rng.next_u32()}};
    c.observe(o);
    REQUIRE(c.rate() >= media().least);
    REQUIRE(c.rate() <= media().most);
  }
}
