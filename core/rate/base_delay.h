// The least one-way delay of a path: what it takes with nothing waiting (base delay of RFC 6817,
// with a rule of its own for what replaces it).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/rate/clock_skew.h"

namespace diemcau::rate {

// The least of the last half minute, in six parts. A longer route makes it longer, and so does a
// queue that nobody lets run empty: which of them it was, losses tell. Where packets are lost since
// the delay has risen that were not lost before, the queue is full, and the old delay stays what
// the path takes until the losses end. One thread at a time.
class BaseDelay {
 public:
  void lost() { ++lost_; }
  void arrived(Timestamp now, Duration delay, const ClockSkew& skew);
  // None before the first arrival.
  std::optional<Duration> least() const {
    return least_ != kNone ? std::optional(least_) : std::nullopt;
  }
  // Of delays between clocks that run apart: what the least would be now.
  std::optional<Duration> least(Timestamp now, const ClockSkew& skew) const;

 private:
  struct Least {
    Duration delay{};
    Timestamp at;
  };
  struct Part {
    std::int64_t number = -1;
    Least least;
  };
  void part_over(Timestamp now, std::int64_t number, const ClockSkew& skew);
  static Duration now_as(const Least& least, Timestamp now, const ClockSkew& skew) {
    return least.delay + skew.gained_in(now - least.at);
  }
  bool counts(const Part& part) const;

  std::array<Part, 6> parts_{};
  std::int64_t newest_ = -1;
  std::uint64_t lost_ = 0, arrived_ = 0;  // in the newest part
  Duration last_{};
  std::uint64_t clear_permille_ = 0;  // lost in parts at whose end nothing waited
  std::optional<Least> held_;         // older than the parts
  Timestamp held_since_;
  static constexpr Duration kNone = Duration::max();
  Duration least_ = kNone;
};

}  // namespace diemcau::rate
