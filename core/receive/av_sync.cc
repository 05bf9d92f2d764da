// First takes back what it holds on the late side, then holds the early one.
#include "core/receive/av_sync.h"

#include <algorithm>

namespace diemcau::receive {

namespace {
constexpr Duration kInterval = 1s;
constexpr Duration kTolerance = 20ms;  // inside the +30/−60 ms of the ear, with room for jitter
constexpr Duration kMostAStep = 80ms;
// What a start on a busy machine looks like is no reason to hold anything back.
constexpr Duration kSettled = 3s;
constexpr Duration kMost = 400ms;  // as far as the jitter buffers go
constexpr std::int64_t kFilter = 4;

// Lets `late` go by as much as `back`, or, when there is nothing to give back, holds `early` longer
// by `step`; what each needs by itself is its target.
void shift(Duration step, Duration back, Duration early_target, Duration late_target,
           Duration& early, Duration& late) {
  if (late >= late_target && late > Duration::zero()) {
    late = std::max(late - back, Duration::zero());
    return;
  }
  late = Duration::zero();  // below what jitter asks for anyway
  early = std::min(std::max(early, early_target) + step, kMost);
}
}  // namespace

bool AvSync::update(Timestamp now, Duration audio_target, Duration video_target) {
  if (!sound_ || !picture_) return false;
  if (!since_) since_ = now;
  if (now - *since_ < kSettled || (updated_at_ && now - *updated_at_ < kInterval)) return false;
  updated_at_ = now;
  const Duration skew = *sound_ - *picture_;
  filtered_ = filtered_ ? *filtered_ + (skew - *filtered_) / kFilter : skew;
  const Duration distance = *filtered_ < Duration::zero() ? -*filtered_ : *filtered_;
  if (distance <= kTolerance) return false;
  const Duration step = std::min(distance / 2, kMostAStep);
  const Duration back = std::min(distance, kMostAStep);  // it cannot overshoot into a hold
  if (*filtered_ > Duration::zero()) {
    shift(step, back, video_target, audio_target, video_minimum_, audio_minimum_);
  } else {
    shift(step, back, audio_target, video_target, audio_minimum_, video_minimum_);
  }
  filtered_.reset();  // the next difference is one that has felt this step
  return true;
}

}  // namespace diemcau::receive
