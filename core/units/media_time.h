// A position on a media clock of a stated rate (RTP timestamps, RFC 3550 §5.1).
#pragma once

#include <cstdint>

#include "core/units/time.h"

namespace diemcau {

constexpr std::uint32_t kVideoClockHz = 90'000;  // RFC 6184 §8.2.1
constexpr std::uint32_t kAudioClockHz = 48'000;  // RFC 7587 §4.1

class MediaTime {
 public:
  constexpr MediaTime(std::int64_t ticks, std::uint32_t clock_hz)
      : ticks_(ticks), clock_hz_(clock_hz) {}
  // Nearest tick at or before `since_start`.
  static constexpr MediaTime from(Duration since_start, std::uint32_t clock_hz) {
    const std::int64_t seconds = since_start.count() / 1'000'000'000;
    const std::int64_t rest = since_start.count() % 1'000'000'000;
    return MediaTime{seconds * clock_hz + rest * clock_hz / 1'000'000'000, clock_hz};
  }
  constexpr std::int64_t ticks() const { return ticks_; }
  constexpr std::uint32_t clock_hz() const { return clock_hz_; }
  constexpr std::uint32_t rtp() const { return static_cast<std::uint32_t>(ticks_); }
  constexpr Duration duration() const {
    const std::int64_t hz = clock_hz_;
    return Duration{ticks_ / hz * 1'000'000'000 + ticks_ % hz * 1'000'000'000 / hz};
  }
  constexpr bool operator==(const MediaTime&) const = default;

 private:
  std::int64_t ticks_;
  std::uint32_t clock_hz_;
};

}  // namespace diemcau
