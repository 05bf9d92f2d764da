// Tells losses that sending less would end (a policer, a queue without room) from those of the
// line itself.
#pragma once

#include <cstdint>
#include <optional>

#include "core/rate/observation.h"

namespace diemcau::rate {

// By experiment: when losses stay above what the line is known to lose, the rate goes for a moment
// below what arrived. If half of them stay, the line loses them whatever we do, and that is its
// inherent loss from then on. If they end, what arrived is a limit, which then grows slowly.
// One that was found twice, each time by sending more, is believed after half the evidence.
class LossJudge {
 public:
  // `queueing`: the losses have an explanation, the delay answers for them.
  void observe(const Observation& o, bool queueing);
  // The rate may not be higher just now.
  std::optional<Bitrate> limit() const { return limit_; }
  std::uint32_t inherent_permille() const { return inherent_permille_; }

 private:
  enum class State : std::uint8_t { calm, settling, trying };
  struct Window {
    std::uint32_t permille;           // of all losses
    std::uint32_t doubtful_permille;  // of those that may be our doing
    std::uint32_t runs_ppm;           // of all losses
    bool several;                     // of these, not all in one go
    bool more;                        // runs of these than the line is known to have
  };
  bool beyond_chance(std::uint32_t runs) const;
  void window_over(const Observation& o, const Window& window);
  void calm_window_over(const Observation& o, const Window& window);
  void trial_window_over(const Observation& o, const Window& window);
  bool keeps_to_limit(const Observation& o) const;
  void limit_found(Timestamp now);
  void forget_limit();

  State state_ = State::calm;
  std::uint32_t inherent_permille_ = 0, inherent_runs_ppm_ = 0;
  std::uint32_t known_windows_ = 0;
  std::uint32_t before_permille_ = 0;  // what the experiment began with
  std::uint32_t high_windows_ = 0;
  Timestamp trying_since_;
  bool kept_to_limit_ = false;  // in the window before
  std::uint32_t sent_ = 0, lost_ = 0, blacked_out_ = 0, runs_ = 0;
  std::optional<Timestamp> window_began_at_, observed_at_, not_before_;
  Duration patience_{};
  std::optional<Bitrate> limit_;
  Timestamp limited_at_;
  Bitrate through_;          // what arrived when the experiment began
  std::uint32_t found_ = 0;  // limits, one after the other
};

}  // namespace diemcau::rate
