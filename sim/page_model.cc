#include "sim/page_model.h"

#include <algorithm>
#include <utility>

namespace diemcau::sim {

namespace {
// Headers and skipped macroblocks of a page that stands still.
constexpr std::int64_t kStill = 120;
// The encoder's rate buffer (codecs/x264_encoder.cc): two pictures of the average.
constexpr std::int64_t kBufferPictures = 2;
// Pages differ: a table, a form, a letter.
constexpr std::int64_t kPageScaleQ16 = 9830;  // 0.15
}  // namespace

void PageModel::turn(Timestamp now, ByteCount page) {
  turned_at_ = now;
  this_page_ = rest_ = varied(page.count(), kPageScaleQ16);
}

void PageModel::set(const mesh::SetEncoder& s) {
  // What a lost picture brought must be brought again.
  if (s.invalidate_from) {
    for (Picture& p : pictures_) {
      if (p.number < *s.invalidate_from || p.shown.turned_at != turned_at_) continue;
      rest_ = std::min(this_page_, rest_ + std::exchange(p.brought, 0));
    }
  }
  VideoModel::set(s);
}

std::int64_t PageModel::size_of_next(const Frame& frame) {
  reach_rate();
  const std::int64_t average = std::max(kStill, current_bps() / 8 / fps());
  allowance_ = std::min(allowance_ + average, kBufferPictures * average);
  if (frame.key) rest_ = this_page_;
  brings_ = std::min(rest_, std::max<std::int64_t>(allowance_ - kStill, 0));
  rest_ -= brings_;
  allowance_ = std::max<std::int64_t>(allowance_ - brings_ - kStill, 0);
  return brings_ + kStill;
}

std::optional<VideoModel::Frame> PageModel::capture(Timestamp now) {
  const auto frame = VideoModel::capture(kPageFps);
  if (frame)
    pictures_[frame->number % pictures_.size()] = {
        frame->number, brings_, {now, turned_at_, rest_ == 0}};
  return frame;
}

}  // namespace diemcau::sim
