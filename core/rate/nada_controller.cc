// RFC 8698 §4.2 and §4.3 in integers: microseconds, parts of a million.
#include "core/rate/nada_controller.h"

#include <algorithm>

namespace diemcau::rate {

namespace {
// RFC 8698 §6.3, figure 4, but for ETA × KAPPA, which is 1, and PRIO, which is the weight.
constexpr Duration kXref = 10ms;
constexpr Duration kTau = 500ms;
constexpr Duration kDelta = 100ms;
constexpr Duration kLogWindow = 500ms;
constexpr Duration kQeps = 10ms;
constexpr Duration kDfilt = 120ms;
constexpr std::int64_t kGammaMaxPermille = 500;
constexpr Duration kQbound = 50ms;
constexpr std::uint64_t kMultiloss = 7;
constexpr Duration kQth = 50ms;
constexpr std::int64_t kAlphaParts = 10;     // 0.1
constexpr std::int64_t kPlrrefPpm = 10'000;  // 0.01
constexpr Duration kDloss = 10ms;
// BETA_S × 8 × one picture at FPS: 0.1 of the rate.
constexpr std::int64_t kPacePercent = 110;
// RFC 5348 §5.4: 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2.
constexpr std::array<std::uint64_t, 8> kIntervalWeights = {5, 5, 5, 5, 4, 3, 2, 1};
constexpr std::int64_t kOne = 1'000'000;

// e^−x of x in parts of a million, in parts of a million; off by less than 2.
std::int64_t exp_minus(std::int64_t x) {
  constexpr std::int64_t kE = 2'718'282;
  std::int64_t whole = kOne;
  for (; x >= kOne && whole > 0; x -= kOne) whole = whole * kOne / kE;
  if (whole == 0) return 0;
  std::int64_t series = kOne, term = kOne;
  for (std::int64_t n = 1; n < 10; ++n) {
    term = -term * x / kOne / n;
    series += term;
  }
  return whole * series / kOne;
}
}  // namespace

NadaController::NadaController(RateBounds bounds, std::uint32_t weight)
    : bounds_(bounds),
      weight_(weight),
      rate_(std::clamp(bounds.start, bounds.least, bounds.most)) {}

Bitrate NadaController::pace() const { return Bitrate::bps(rate_.bps() / 100 * kPacePercent); }

Duration NadaController::warped(Duration queue) {
  if (queue < kQth) return queue;
  // LAMBDA is a half.
  const std::int64_t exponent = to_us(queue - kQth) * kOne / (2 * to_us(kQth));
  return Duration{to_ns(kQth) / kOne * exp_minus(exponent)};
}

Duration NadaController::congestion(Duration warped_queue, std::int64_t loss_ppm) {
  const std::int64_t share = loss_ppm * loss_ppm / kPlrrefPpm;  // × PLRREF, in parts of a million
  return warped_queue + Duration{to_ns(kDloss) / kPlrrefPpm * share};
}

std::int64_t NadaController::ramp_up_permille(Duration round_trip) {
  return std::min(kGammaMaxPermille, to_us(kQbound) * 1'000 / to_us(round_trip + kDelta + kDfilt));
}

void NadaController::count(const Observation& o) {
  reports_[next_report_++ % reports_.size()] = {o.now, o.standing_queue, o.packets_received,
                                                o.packets_lost};
  std::int64_t received = 0, lost = 0;
  for (const Report& r : reports_) {
    if (!r.at || o.now - *r.at > kLogWindow) continue;
    received += r.received;
    lost += r.lost;
  }
  const std::int64_t ppm = received + lost > 0 ? lost * kOne / (received + lost) : 0;
  loss_ppm_ += (ppm - loss_ppm_) / kAlphaParts;
  intervals_[0] += o.packets_received + o.packets_lost;
  if (o.packets_lost == 0) return;
  // Losses of one round trip are one event (RFC 5348 §5.2).
  if (!lost_at_ || o.now - *lost_at_ > o.round_trip) {
    std::copy_backward(intervals_.begin(), intervals_.end() - 1, intervals_.end());
    closed_intervals_ = std::min(closed_intervals_ + 1, kIntervalWeights.size());
    intervals_[0] = 0;
  }
  lost_at_ = o.now;
}

// Seven mean intervals without a loss are the end of the losses (§4.2).
bool NadaController::losses_are_recent() const {
  if (closed_intervals_ == 0) return false;
  const auto mean = [this](std::size_t from) {
    std::uint64_t sum = 0, weights = 0;
    for (std::size_t i = 0; i < closed_intervals_; ++i) {
      sum += kIntervalWeights[i] * intervals_[i + from];
      weights += kIntervalWeights[i];
    }
    return sum / weights;
  };
  return intervals_[0] < kMultiloss * std::max(mean(0), mean(1));
}

bool NadaController::may_ramp_up(Timestamp now) const {
  for (const Report& r : reports_) {
    if (!r.at || now - *r.at > kLogWindow) continue;
    if (r.lost > 0 || r.queue >= kQeps) return false;
  }
  return true;
}

// (5), (6), (7): x_offset and x_diff.
void NadaController::change_gradually(Duration since, Duration signal) {
  const std::int64_t reference_us =
      to_us(kXref) * weight_ * bounds_.most.bps() / std::max<std::int64_t>(rate_.bps(), 1);
  const std::int64_t offset_us = to_us(signal) - reference_us;
  const std::int64_t difference_us = to_us(signal - signal_before_);
  // KAPPA is a half: half of δ/τ × x_offset/τ, and ETA × KAPPA = 1 of x_diff/τ.
  const std::int64_t by_offset = to_us(since) * offset_us / to_us(kTau) * kOne / (2 * to_us(kTau));
  const std::int64_t by_change = difference_us * kOne / to_us(kTau);
  const std::int64_t cut = std::clamp(by_offset + by_change, -kOne, kOne);
  rate_ = Bitrate::bps(rate_.bps() - rate_.bps() / 1'000 * cut / 1'000);
}

void NadaController::observe(const Observation& o) {
  const Duration since =
      observed_at_ ? std::clamp<Duration>(o.now - *observed_at_, 0ns, kLogWindow) : 0ns;
  observed_at_ = o.now;
  count(o);
  // What lies beyond a minute is a lie.
  const Duration queue = std::clamp<Duration>(o.standing_queue, 0ns, 60s);
  const Duration signal = congestion(losses_are_recent() ? warped(queue) : queue, loss_ppm_);
  if (may_ramp_up(o.now)) {
    const std::int64_t factor = 1'000 + ramp_up_permille(std::max<Duration>(o.round_trip, 0ns));
    rate_ = std::max(rate_, Bitrate::bps(o.delivered.bps() / 1'000 * factor));
  } else {
    change_gradually(since, signal);
  }
  signal_before_ = signal;
  rate_ = std::clamp(rate_, bounds_.least, bounds_.most);
}

}  // namespace diemcau::rate
