// Grows at once, so that the next picture is in time; shrinks so that nobody sees it.
#include "core/receive/video_buffer.h"

#include <algorithm>

namespace diemcau::receive {

namespace {
// A capture time that far away is a wrong clock: such a picture is shown at once.
constexpr Duration kLongest = 1s;
// At least 20 ms a second, which nobody sees; the far end of a spike goes faster, by what is too
// much per second, but never by more than 150 ms: motion 15 % too fast, as much as sound is ever
// stretched. At a steady 20 ms a second the start of a meeting on a busy PC would be felt for half
// a minute.
constexpr std::int64_t kShrinkParts = 50;
constexpr std::int64_t kShrinkPercentMost = 15;
// Those that are later are shown at once: on a cell's line 10 ms less for all, and no longer gap.
constexpr std::size_t kLatePer1000 = 100;
// A picture that comes so much behind the target is nearly a freeze. Bursts of loss that long come
// once or twice a minute; a delay that nobody notices takes most of them from sight.
constexpr Duration kNearlyFrozen = 70ms;
constexpr Duration kMostHeld = 30ms;
// Behind an outage it would have been too late whatever is held.
constexpr Duration kOutage = 400ms;
constexpr Duration kMostForSound = 50ms;
constexpr Duration kEpoch = 30s;
// A screen that has stood so long, and twice as long as pictures are apart, is not let stand for
// the sake of a steady delay: three pictures at 30 a second.
constexpr Duration kStands = 100ms;
constexpr std::int64_t kIntervalFilter = 16;
// A start (encoders and decoders opening, key frames, ten bridges joining) says nothing about the
// line: three seconds wait for nothing but the sound and are then forgotten, instead of being the
// 0.9 quantile of the next ten.
constexpr std::uint32_t kStartPictures = 90;
// What the sound of the same start is behind its capture: 20 ms of frame and the 40 ms that its
// buffer starts with.
constexpr Duration kStartDelay = 60ms;
}  // namespace

Duration VideoBuffer::target_delay() const { return std::max(target_, minimum_delay_); }

void VideoBuffer::remember_mended(Timestamp now, Duration lateness) {
  if (now - epoch_began_ >= kEpoch) {
    mended_before_ = now - epoch_began_ < 2 * kEpoch ? mended_now_ : Duration::zero();
    mended_now_ = Duration::zero();
    epoch_began_ = now;
  }
  mended_now_ = std::max(mended_now_, lateness);
}

std::optional<Showing> VideoBuffer::decoded(Timestamp now, std::int64_t frame_number,
                                            Timestamp captured_at, bool mended) {
  const Duration lateness = now - captured_at;
  lateness_.add(std::clamp(lateness, Duration::zero(), kLongest));
  remember_mended(now, mended && lateness < kOutage ? lateness : Duration::zero());
  const Duration needed = lateness_.upper(kLatePer1000);
  const Duration for_mended = std::max(mended_now_, mended_before_) - kNearlyFrozen;
  const Duration usual = std::clamp(minimum_delay_, needed, needed + kMostForSound);
  const Duration wanted = std::max(needed, std::min(for_mended, usual + kMostHeld));
  const Duration since = updated_at_ ? now - *updated_at_ : Duration::zero();
  const Duration excess = std::max(target_ - wanted, Duration::zero());
  const Duration step = std::clamp(to_ms(excess) * since / 1000, since / kShrinkParts,
                                   since * kShrinkPercentMost / 100);
  target_ = std::max(wanted, target_ - step);
  updated_at_ = now;
  if (pictures_ < kStartPictures && ++pictures_ == kStartPictures) lateness_.clear();
  if (pictures_ < kStartPictures || lateness_.size() == 0) target_ = kStartDelay;
  if (last_ && frame_number <= last_->frame_number) {
    ++stale_;
    return std::nullopt;
  }
  const Timestamp at = show_at(now, captured_at);
  last_ = Showing{frame_number, captured_at, at};
  return last_;
}

Timestamp VideoBuffer::show_at(Timestamp now, Timestamp captured_at) {
  const Timestamp at = std::max(now, std::min(captured_at + target_delay(), now + kLongest));
  if (!last_) return at;
  const Duration apart = std::clamp(captured_at - last_->captured_at, Duration::zero(), kLongest);
  const Timestamp stands = last_->at + std::max(kStands, 2 * interval_);
  interval_ += (apart - interval_) / kIntervalFilter;
  return std::max(last_->at, std::min(at, std::max(now, stands)));
}

}  // namespace diemcau::receive
