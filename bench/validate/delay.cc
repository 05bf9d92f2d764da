// Jitter: of the width that was asked for, in order unless asked otherwise (RFC 8868 §4.5).
#include <cmath>
#include <cstdint>

#include "bench/validate/row.h"
#include "sim/delay_line.h"

namespace diemcau::validate {

namespace {

constexpr std::int64_t kPackets = 1'000'000;
using Kind = sim::JitterConfig::Kind;

struct Seen {
  double reordered = 0;  // came before the packet that departed just before
  double mean_ms = 0, sigma_ms = 0;
  double furthest_ms = 0;  // from the base
};

Seen observe(Kind kind, Duration gap) {
  sim::DelayConfig config;
  config.base = 50ms;
  config.jitter = {kind, 5ms, 20ms};
  sim::DelayLine line{config, kSeed, 0};
  Seen seen;
  double sum = 0, squares = 0;
  std::int64_t before_ns = -1;
  for (std::int64_t n = 0; n < kPackets; ++n) {
    const std::int64_t departs_ns = n * gap.count();
    const std::int64_t arrives_ns = line.carry(departs_ns).at_ns;
    const double off_ms = to_ms_double(Duration{arrives_ns - departs_ns} - config.base);
    sum += off_ms;
    squares += off_ms * off_ms;
    seen.furthest_ms = std::max(seen.furthest_ms, std::abs(off_ms));
    seen.reordered += arrives_ns < before_ns ? 1 : 0;
    before_ns = arrives_ns;
  }
  seen.mean_ms = sum / kPackets;
  seen.sigma_ms = std::sqrt(squares / kPackets - seen.mean_ms * seen.mean_ms);
  return seen;
}

void in_order(Rows& rows) {
  // 1 ms apart under a σ of 5 ms: a jitter that let packets overtake would show it.
  rows.push_back(within("jitter/in_order/reordered", observe(Kind::bounded_inorder, 1ms).reordered,
                        0, 0, "packets"));
  // 50 ms apart none is held by the one before, and the law is seen as it is: a normal one cut at
  // ± 4 σ has 0.9995 σ, ours is within 0.2 % of normal; five standard deviations of the mean are
  // 5 × 5 ms / 1,000, and of σ 5 / √(2 × 10^6) of it.
  const Seen alone = observe(Kind::bounded_inorder, 50ms);
  rows.push_back(within("jitter/in_order/mean", alone.mean_ms, 0, 0.025, "ms"));
  rows.push_back(
      within_part("jitter/in_order/sigma", alone.sigma_ms, 5 * 0.9995, 0.0035 + 0.002, "ms"));
  rows.push_back(within("jitter/in_order/furthest", alone.furthest_ms, 20, 0.5, "ms"));
}

void reorder(Rows& rows) {
  // Two packets 1 ms apart change places when the difference of two normal variates is beyond it:
  // Φ(−1 / (5 √2)). Neighbouring pairs share a packet; the bound is five binomial deviations × 2.
  const double share = std::erfc(1 / (5 * std::sqrt(2.0)) / std::sqrt(2.0)) / 2;
  const double sigma = std::sqrt(share * (1 - share) / kPackets);
  rows.push_back(within("jitter/reorder/share",
                        observe(Kind::bounded_reorder, 1ms).reordered / kPackets, share, 10 * sigma,
                        "of packets"));
}

}  // namespace

const std::vector<Check> kDelayChecks{{"jitter/in_order", in_order}, {"jitter/reorder", reorder}};

}  // namespace diemcau::validate
