// Network-assisted dynamic adaptation (NADA, RFC 8698), with the RFC's constants: kept so that the
// default controller has something to be compared with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/rate/controller.h"

namespace diemcau::rate {

// One aggregate congestion signal made of queueing delay and loss, and a rate that moves by its
// distance from a reference and by its change (RFC 8698 §4). The RFC's receiver is our report: its
// filter of fifteen delays is the least wait of the last packets. `bounds.most` is the RFC's RMAX,
// to which the reference scales: what the media can use at best.
class NadaController final : public Controller {
 public:
  NadaController(RateBounds bounds, std::uint32_t weight);

  void observe(const Observation& o) override;
  Bitrate rate() const override { return rate_; }
  Bitrate pace() const override;

  // The parts of the RFC's equations, for its tests.
  // (1): a delay that others cause is worth less the longer it is, while losses are recent.
  static Duration warped(Duration queue);
  // (2) without ECN.
  static Duration congestion(Duration warped_queue, std::int64_t loss_ppm);
  // (3) and (4): one more than the ratio is the factor.
  static std::int64_t ramp_up_permille(Duration round_trip);

 private:
  struct Report {
    std::optional<Timestamp> at;
    Duration queue{};
    std::uint32_t received = 0, lost = 0;
  };
  void count(const Observation& o);
  bool losses_are_recent() const;
  bool may_ramp_up(Timestamp now) const;
  void change_gradually(Duration since, Duration signal);

  RateBounds bounds_;
  std::uint32_t weight_;
  Bitrate rate_;
  std::optional<Timestamp> observed_at_;
  Duration signal_before_{};
  std::array<Report, 64> reports_{};  // of the last half second
  std::size_t next_report_ = 0;
  std::int64_t loss_ppm_ = 0;
  // Packets between losses, the newest first (RFC 5348 §5.4); the first of them is still open.
  std::array<std::uint32_t, 9> intervals_{};
  std::size_t closed_intervals_ = 0;
  std::optional<Timestamp> lost_at_;
};

}  // namespace diemcau::rate
