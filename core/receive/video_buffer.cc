// Grows at once, so that the next picture is in time; shrinks slowly, so that nobody sees it.
#include "core/receive/video_buffer.h"

#include <algorithm>

namespace diemcau::receive {

namespace {
// A capture time that far away is a wrong clock: such a picture is shown at once.
constexpr Duration kLongest = 1s;
constexpr std::int64_t kShrinkParts = 50;  // 20 ms a second
constexpr std::size_t kLatePer1000 = 50;
}  // namespace

Duration VideoBuffer::target_delay() const { return std::max(target_, minimum_delay_); }

std::optional<Showing> VideoBuffer::decoded(Timestamp now, std::int64_t frame_number,
                                            Timestamp captured_at) {
  const Duration lateness = now - captured_at;
  lateness_.add(std::clamp(lateness, Duration::zero(), kLongest));
  const Duration wanted = lateness_.upper(kLatePer1000);
  const Duration since = updated_at_ ? now - *updated_at_ : Duration::zero();
  target_ = std::max(wanted, target_ - since / kShrinkParts);
  updated_at_ = now;
  if (last_ && frame_number <= last_->frame_number) {
    ++stale_;
    return std::nullopt;
  }
  Timestamp at = std::max(now, std::min(captured_at + target_delay(), now + kLongest));
  if (last_) at = std::max(at, last_->at);
  last_ = Showing{frame_number, captured_at, at};
  return last_;
}

}  // namespace diemcau::receive
