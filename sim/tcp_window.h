// How much a TCP sender may have under way, in bytes: NewReno (RFC 5681, RFC 6582, RFC 3465) and
// CUBIC (RFC 9438), in integers.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "core/units/time.h"

namespace diemcau::sim {

enum class TcpKind : std::uint8_t { newreno, cubic };

// 1500 bytes of Ethernet payload less IPv4 (20), TCP (20) and its timestamps (12, RFC 7323).
constexpr std::int64_t kTcpHeaders = 52;
constexpr std::int64_t kMss = 1500 - kTcpHeaders;
constexpr std::int64_t kInitialWindow = 10 * kMss;  // RFC 6928 §2
// What a receiver lets be under way: the order of Linux' largest default (tcp_rmem, 6 MB), and the
// bound on what both ends remember.
constexpr std::int64_t kReceiveWindow = std::int64_t{4} << 20;

// Largest r with r³ ≤ x, for 0 ≤ x < 2^60.
constexpr std::int64_t cube_root(std::int64_t x) {
  std::int64_t root = 0;
  for (int bit = 19; bit >= 0; --bit) {
    const std::int64_t next = root | std::int64_t{1} << bit;
    if (next * next * next <= x) root = next;
  }
  return root;
}

// Told what happened, answers how much; it knows no sequence numbers. One thread at a time.
class CongestionWindow {
 public:
  explicit CongestionWindow(TcpKind kind) : kind_(kind) {}
  std::int64_t bytes() const { return window_; }
  std::int64_t threshold() const { return threshold_; }
  bool slow_start() const { return window_ < threshold_; }

  // New data was acknowledged outside of recovery; `repairing` as long as it was sent before a
  // timeout.
  void on_acked(Timestamp now, std::int64_t acked, Duration srtt, bool repairing);

  // Fast recovery (RFC 6582 §3.2), in the order in which it can happen. `flight`: bytes sent and
  // not acknowledged.
  void enter_recovery(std::int64_t flight);
  void on_left_network();  // a further duplicate acknowledgment
  void on_partly_acked(std::int64_t acked);
  void leave_recovery(std::int64_t flight);

  // `known_loss`: the threshold has been lowered for this loss already (RFC 5681 §3.1).
  void on_timeout(std::int64_t flight, bool known_loss);

 private:
  void lower_threshold(std::int64_t flight);
  void grow_newreno(std::int64_t acked);
  void grow_cubic(Timestamp now, std::int64_t acked, Duration srtt);
  void begin_epoch(Timestamp now);
  std::int64_t cubic_at(std::int64_t since_epoch_ms) const;

  TcpKind kind_;
  std::int64_t window_ = kInitialWindow;
  std::int64_t threshold_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t counted_ = 0;  // NewReno: bytes acknowledged towards the next segment of growth

  // CUBIC, names as in RFC 9438 §4.1.2.
  std::optional<Timestamp> epoch_;  // begin of this congestion avoidance
  std::int64_t w_max_ = 0;
  std::int64_t prior_window_ = 0;  // cwnd_prior
  std::int64_t k_ms_ = 0;
  std::int64_t reno_q16_ = 0;    // W_est, bytes × 2^16
  std::int64_t growth_q16_ = 0;  // parts of a byte not yet added to the window
};

}  // namespace diemcau::sim
