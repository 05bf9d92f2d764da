// The default congestion controller: follows what the bottleneck gives while packets wait in front
// of it, and keeps that wait short (delay based, in the family of RFC 8298 and RFC 8698).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/rate/controller.h"
#include "core/rate/loss_judge.h"

namespace diemcau::rate {

// With packets always waiting, the line's speed is known: the rate is that speed, a little more
// when fewer wait than wanted, less when more do (a proportional controller; its time is 2.5 ×
// the reaction time, since an integrator with a dead time D is well damped from 2.7 D on). The
// wanted wait falls with the rate, so that flows in one queue meet at equal rates, or at rates in
// the ratio of their weights. With nothing waiting, the line is faster than the pace of our
// bursts, and the rate grows towards that pace.
class DelayController final : public Controller {
 public:
  DelayController(RateBounds bounds, std::uint32_t weight);

  void observe(const Observation& told) override;
  Bitrate rate() const override;
  Bitrate pace() const override;

  std::uint32_t inherent_loss_permille() const override { return losses_.inherent_permille(); }
  bool surges() const override { return surges_; }
  bool competes() const override { return greedy_.has_value(); }
  bool has_carried(Bitrate rate) const override;

 private:
  // From a decision to its effect at the bottleneck's entrance: an encoder's three pictures, and
  // half a report's interval.
  static constexpr Duration kSenderLag = 120ms;
  // A queue so much above what is wanted is not one that we are still emptying.
  static constexpr Duration kFarOver = 25ms;
  // So much more than is wanted is no noise.
  static constexpr Duration kClearlyOver = 5ms;
  // Of a rate: who sends less does not use it.
  static constexpr std::int64_t kUnusedPermille = 850;
  // So long a line that has swung is handled with care, and what it has carried is remembered.
  static constexpr Duration kSwings = 60s;
  static Bitrate permille(Bitrate r, std::int64_t n);
  Duration wanted_queue() const;
  Observation without_overflow(Observation o);
  void follow_noise(const Observation& o);
  void follow_swing(const Observation& o);
  std::int64_t headroom_permille() const;
  void watch_for_surge(const Observation& o);
  void remember(const Observation& o, Duration since);
  void remember_carried(const Observation& o, Duration since);
  std::optional<Bitrate> told_then(Timestamp then) const;
  std::optional<Bitrate> given_of_told(const Observation& o) const;
  Bitrate anchor(const Observation& o, Duration excess) const;
  void follow(const Observation& o, Duration since);
  void grow(const Observation& o, Duration since);
  void remember_full(Bitrate anchor, Duration excess, Duration since);
  void prove(const Observation& o);
  void grow_given(const Observation& o, Duration since);
  bool careful(const Observation& o) const;
  std::int64_t shared_growth_permille(Timestamp now) const;
  void compete(const Observation& o, Duration since);
  void watch_for_greedy(const Observation& o);
  void approach(Bitrate target, Duration since, Duration reaction);
  static Duration settling(Duration reaction);
  static std::int64_t part_of(Duration since, Duration reaction);  // permille
  Bitrate bounded(Bitrate r) const;
  Bitrate proven(const Observation& o) const;

  RateBounds bounds_;
  std::uint32_t weight_;
  Bitrate rate_;
  bool starting_ = true;
  bool draining_ = false;
  bool surges_ = false;
  // Of waits that grow: the first and the last.
  Timestamp surging_since_, surged_at_;
  Bitrate usual_;  // of the last seconds
  // What being full has taught about the line.
  struct Line {
    std::int64_t swing_ppm = 0;
    Timestamp swings_until;
    // What an uplink gives then, with slow growth since; and whether it has been full.
    Bitrate given;
    bool seen_full = false;
    Bitrate carried;  // at most; forgotten in some minutes
  };
  Line line_;
  Bitrate carried_;  // at most, for longer, whoever was beside us
  Timestamp waited_at_;
  Timestamp resumed_at_;
  std::optional<Bitrate> resumed_with_;  // the rate when pictures went on after a pause
  // What the encoders were told in the last second.
  struct Told {
    std::optional<Timestamp> at;
    Bitrate rate;
  };
  std::array<Told, 32> told_{};
  std::size_t next_told_ = 0;
  Duration noise_{};
  std::optional<Timestamp> observed_at_;
  // Since when the queue has been far too long without becoming shorter, and our rate before.
  struct Over {
    Timestamp since, first_at;  // the begin of this one, and of the first of several
    Duration queue{};
    Bitrate before;
    Duration shortest{};  // since `queue`, and when it last became shorter
    Timestamp falls_at;
  };
  std::optional<Over> over_;
  struct WasOver {
    Timestamp ended_at, first_at;
    Bitrate before;
  };
  std::optional<WasOver> was_over_;
  // Somebody else fills the queue, and our own restraint does not empty it.
  struct Greedy {
    Timestamp began_at, tried_at, floods_since;
    std::optional<Timestamp> cut_at, short_since, try_began_at;
    Bitrate before, sent_before, arrived_before;  // of the try
    std::uint32_t tries = 0;                      // that have found him there
    bool seems_alone = false;                     // by the last one
    std::uint32_t packets = 0, lost = 0;
  };
  static Duration until_next_try(const Greedy& g, Duration round_trip);
  bool floods(Greedy& g, const Observation& o) const;
  void meet_neighbour(const Observation& o, Bitrate with);
  void part();
  Duration far_over() const;
  std::optional<Greedy> greedy_;
  // One who was there for seconds and whose queue has ended for now, and our rate beside him.
  struct Neighbour {
    Timestamp left_at;
    Bitrate rate;
  };
  std::optional<Neighbour> neighbour_;
  Timestamp flooded_until_;
  std::optional<Timestamp> far_over_since_;
  LossJudge losses_;
};

}  // namespace diemcau::rate
