#include "sim/page_meter.h"

namespace diemcau::sim {

void PageMeter::shown(const PictureShown& picture) {
  if (!picture.page || picture.page->turned_at < since_) return;
  Pair& pair = pairs_[{picture.from, picture.to}];
  pair.report.from = picture.from;
  pair.report.to = picture.to;
  if (pair.turned_at != picture.page->turned_at) {
    pair.turned_at = picture.page->turned_at;
    pair.whole = false;
    ++pair.report.pages;
  }
  if (!picture.page->whole || pair.whole) return;
  pair.whole = true;
  ++pair.report.whole;
  pair.report.until_whole.add(picture.shown_at - *pair.turned_at);
}

void PageMeter::reset(Timestamp now) {
  since_ = now;
  pairs_.clear();
}

std::vector<PageReport> PageMeter::reports() const {
  std::vector<PageReport> all;
  for (const auto& [ends, pair] : pairs_) all.push_back(pair.report);
  return all;
}

}  // namespace diemcau::sim
