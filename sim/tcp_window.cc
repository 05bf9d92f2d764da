// Growth and reduction of the congestion window; RFC 5681 §3, RFC 6582 §3.2, RFC 9438 §4.
#include "sim/tcp_window.h"

#include <algorithm>

#include "core/base/check.h"

namespace diemcau::sim {

namespace {

constexpr std::int64_t kSmallestThreshold = 2 * kMss;  // RFC 5681 (4)

// RFC 9438 §4.6: β = 0.7; §4.7: W_max = cwnd (1 + β) / 2 when the flow lost before it reached the
// old one.
constexpr std::int64_t kBetaTenths = 7;
// RFC 9438 §4.3: α = 3 (1 − β) / (1 + β) = 9 / 17 until W_est has reached cwnd_prior, 1 then.
constexpr std::int64_t kAlphaParts = 9, kAlphaWhole = 17;
// RFC 9438 §5: C = 0.4 segments / s³ = 4 kMss / 10^10 bytes / ms³.
constexpr std::int64_t kCubicBytes = 4 * kMss, kCubicPer = 10'000'000'000;
// A minute beyond K is 86,400 segments beyond W_max, far above the receive window; d³ × 4 kMss
// stays below 2^61.
constexpr std::int64_t kFarthestMs = 60'000;

// RFC 3465 §2.2 and §2.3: two segments of growth per acknowledgment in slow start, so that delayed
// ones still double the window, but one when they may stand for data that arrived long ago.
constexpr std::int64_t kSlowStartLimit = 2 * kMss, kRepairLimit = kMss;

}  // namespace

void CongestionWindow::on_acked(Timestamp now, std::int64_t acked, Duration srtt, bool repairing) {
  DC_CHECK(acked > 0);
  if (slow_start()) {
    window_ += std::min(acked, repairing ? kRepairLimit : kSlowStartLimit);
  } else if (kind_ == TcpKind::newreno) {
    grow_newreno(acked);
  } else {
    grow_cubic(now, acked, srtt);
  }
  // A window above what the receiver takes has not been tested by the network (RFC 7661 §4).
  window_ = std::min(window_, kReceiveWindow);
}

void CongestionWindow::grow_newreno(std::int64_t acked) {
  counted_ += acked;
  if (counted_ < window_) return;
  counted_ -= window_;
  window_ += kMss;
}

void CongestionWindow::begin_epoch(Timestamp now) {
  epoch_ = now;
  growth_q16_ = 0;
  reno_q16_ = window_ << 16;
  w_max_ = std::max(w_max_, window_);
  // K = cbrt((W_max − cwnd) / C), with C as above.
  k_ms_ = cube_root((w_max_ - window_) * (kCubicPer / 4) / kMss);
}

std::int64_t CongestionWindow::cubic_at(std::int64_t since_epoch_ms) const {
  const std::int64_t d = std::clamp(since_epoch_ms - k_ms_, -kFarthestMs, kFarthestMs);
  return w_max_ + d * d * d * kCubicBytes / kCubicPer;
}

void CongestionWindow::grow_cubic(Timestamp now, std::int64_t acked, Duration srtt) {
  if (!epoch_) begin_epoch(now);
  const std::int64_t since_ms = to_ms(now - *epoch_);

  const bool below_prior = reno_q16_ >> 16 < prior_window_;
  reno_q16_ +=
      (acked * kMss << 16) / window_ * (below_prior ? kAlphaParts : kAlphaWhole) / kAlphaWhole;
  const std::int64_t reno = reno_q16_ >> 16;
  if (cubic_at(since_ms) < reno) {  // the Reno-friendly region, §4.3
    window_ = std::max(window_, reno);
    return;
  }
  // §4.4 and §4.5: towards where the curve will be in one round trip, at most half as much again.
  const std::int64_t target =
      std::clamp(cubic_at(since_ms + to_ms(srtt)), window_, window_ + window_ / 2);
  growth_q16_ += ((target - window_) * acked << 16) / window_;
  window_ += growth_q16_ >> 16;
  growth_q16_ &= 0xFFFF;
}

void CongestionWindow::lower_threshold(std::int64_t flight) {
  // Segments of limited transmit lie above the window and do not count (RFC 5681 §3.2).
  const std::int64_t used = std::min(flight, window_);
  if (kind_ == TcpKind::newreno) {
    threshold_ = std::max(used / 2, kSmallestThreshold);
    counted_ = 0;
    return;
  }
  threshold_ = std::max(used * kBetaTenths / 10, kSmallestThreshold);
  prior_window_ = window_;
  w_max_ = window_ < w_max_ ? window_ * (10 + kBetaTenths) / 20 : window_;
  epoch_.reset();
}

void CongestionWindow::enter_recovery(std::int64_t flight) {
  lower_threshold(flight);
  window_ = threshold_ + 3 * kMss;  // three segments have left the network
}

void CongestionWindow::on_left_network() { window_ += kMss; }

void CongestionWindow::on_partly_acked(std::int64_t acked) {
  window_ = std::max(window_ - acked, kMss);
  if (acked >= kMss) window_ += kMss;
}

void CongestionWindow::leave_recovery(std::int64_t flight) {
  // RFC 6582 §3.2 step 3, option 1: no burst when little is under way.
  window_ = std::min(threshold_, std::max(flight, kMss) + kMss);
}

void CongestionWindow::on_timeout(std::int64_t flight, bool known_loss) {
  if (!known_loss) lower_threshold(flight);
  window_ = kMss;
  counted_ = 0;
  // RFC 9438 §4.8: the next congestion avoidance begins with K = 0 and W_max = cwnd.
  w_max_ = 0;
  epoch_.reset();
}

}  // namespace diemcau::sim
