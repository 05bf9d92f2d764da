// First takes back what it holds on the late side, then holds the early one.
#include "core/receive/av_sync.h"

#include <algorithm>

namespace diemcau::receive {

namespace {
constexpr Duration kInterval = 1s;
// Inside the +30/−60 ms of the ear, with room for jitter: sound that is late is what distance does,
// and to show pictures later for it would cost all of them.
constexpr Duration kMostEarly = 20ms, kMostLate = 40ms;
constexpr Duration kTogether = 5ms;
constexpr Duration kNearLate = 30ms;  // sound may go on being that late
constexpr Duration kMostAStep = 80ms;
// What a start on a busy machine looks like is no reason to hold anything back.
constexpr Duration kSettled = 3s;
constexpr Duration kMost = 400ms;  // as far as the jitter buffers go
constexpr std::int64_t kFilter = 4;

// With what a buffer lets lie above its target, and what jitter adds, up to 150 ms: that delay
// costs a conversation nothing (G.107: a fifth of a point of R, at 200 ms already three).
constexpr Duration kMostForPictures = 120ms;
constexpr Duration kStopped = 1s;

// Lets `late` go by as much as `back`, or, when there is nothing to give back, holds `early` longer
// by `step` and no more than `most`; what each needs by itself is its target.
void shift(Duration step, Duration back, Duration most, Duration early_target, Duration late_target,
           Duration& early, Duration& late) {
  if (late >= late_target && late > Duration::zero()) {
    late = std::max(late - back, Duration::zero());
    return;
  }
  late = Duration::zero();  // below what jitter asks for anyway
  const Duration held = std::max(early, early_target) + step;
  early = std::min({held, std::max(early, most), kMost});
}
}  // namespace

// What waited for the other one need not any more.
bool AvSync::release() {
  const bool holds = audio_minimum_ > Duration::zero() || video_minimum_ > Duration::zero();
  audio_minimum_ = std::max(audio_minimum_ - kMostAStep, Duration::zero());
  video_minimum_ = std::max(video_minimum_ - kMostAStep, Duration::zero());
  filtered_.reset();
  return holds;
}

// Inside the tolerance nothing is held back more, but what is the later one and still held goes on
// being let go, and pictures as far as the ear allows: a spike's hold, or the start's, would stay
// for the rest of the meeting.
bool AvSync::loosen() {
  const Duration room = kNearLate - *filtered_;
  Duration* held = nullptr;
  Duration by{};
  if (video_minimum_ > Duration::zero() && room >= kTogether) {
    held = &video_minimum_;
    by = room / 2;
  } else if (audio_minimum_ > Duration::zero() && *filtered_ >= kTogether) {
    held = &audio_minimum_;
    by = *filtered_ / 2;
  } else {
    return false;
  }
  *held = std::max(*held - by, Duration::zero());
  filtered_.reset();
  return true;
}

bool AvSync::update(Timestamp now, Duration audio_target, Duration video_target) {
  if (!sound_ || !picture_) return false;
  if (!since_) since_ = now;
  if (now - *since_ < kSettled || (updated_at_ && now - *updated_at_ < kInterval)) return false;
  updated_at_ = now;
  if (now - sound_->at > kStopped || now - picture_->at > kStopped) return release();
  const Duration skew = sound_->delay - picture_->delay;
  filtered_ = filtered_ ? *filtered_ + (skew - *filtered_) / kFilter : skew;
  const Duration distance = *filtered_ < Duration::zero() ? -*filtered_ : *filtered_;
  if (distance <= (*filtered_ > Duration::zero() ? kMostLate : kMostEarly)) return loosen();
  const Duration step = std::min(distance / 2, kMostAStep);
  const Duration back = std::min(distance, kMostAStep);  // it cannot overshoot into a hold
  if (*filtered_ > Duration::zero()) {
    shift(step, back, kMost, video_target, audio_target, video_minimum_, audio_minimum_);
  } else {
    const Duration most = audio_target + kMostForPictures - sound_->delay;
    shift(step, back, most, audio_target, video_target, audio_minimum_, video_minimum_);
  }
  filtered_.reset();  // the next difference is one that has felt this step
  return true;
}

}  // namespace diemcau::receive
