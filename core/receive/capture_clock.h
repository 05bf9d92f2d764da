// When a received frame was captured, on our own clock: RTP time, the origin's wall clock and its
// offset from ours.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/units/ntp_time.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"

namespace diemcau::receive {

// The offset of one peer's wall clock as playout uses it: follows the estimate slowly, because
// every step of it would be a step in what people see and hear. One thread at a time.
class PeerClock {
 public:
  // A new estimate of (peer's wall clock − ours).
  void update(Timestamp now, Duration offset) {
    if (!offset_ || abs_of(offset - *offset_) > kJump) {
      offset_ = offset;  // the first ones, or a clock that was set: following it slowly would take
                         // minutes
    } else {
      const Duration most = (now - updated_at_) / kSlewParts;
      *offset_ += std::clamp(offset - *offset_, -most, most);
    }
    updated_at_ = now;
  }
  bool known() const { return offset_.has_value(); }
  Duration offset() const { return offset_.value_or(Duration::zero()); }

 private:
  static constexpr Duration abs_of(Duration d) { return d < Duration::zero() ? -d : d; }
  static constexpr Duration kJump = 20ms;
  static constexpr std::int64_t kSlewParts =
      1000;  // 1 ms per second: inaudible, faster than 200 ppm of drift
  std::optional<Duration> offset_;
  Timestamp updated_at_;
};

// RTP timestamps of one stream as capture times on the origin's wall clock. Packets without the
// extension are placed from the last anchor.
class CaptureTimes {
 public:
  explicit CaptureTimes(std::uint32_t clock_hz) : clock_hz_(clock_hz) {}
  std::optional<NtpTime> at(std::uint32_t rtp_timestamp, std::optional<NtpTime> captured) {
    const std::int64_t ticks = unwrapper_.unwrap(rtp_timestamp);
    if (captured) {
      anchor_ticks_ = ticks;
      anchor_ = captured;
      return captured;
    }
    if (!anchor_) return std::nullopt;
    const std::int64_t diff = ticks - anchor_ticks_;
    return *anchor_ + Duration{diff / clock_hz_ * 1'000'000'000 +
                               diff % clock_hz_ * 1'000'000'000 / clock_hz_};
  }

 private:
  std::int64_t clock_hz_;
  Unwrapper<std::uint32_t> unwrapper_;
  std::int64_t anchor_ticks_ = 0;
  std::optional<NtpTime> anchor_;
};

}  // namespace diemcau::receive
