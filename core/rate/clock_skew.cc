// The hull's slope at both ends of the window, in integers: a route that changed and a queue that
// came or went tilt one of them.
#include "core/rate/clock_skew.h"

#include <algorithm>
#include <cstddef>
#include <span>

namespace diemcau::rate {

namespace {
constexpr std::int64_t kFewestParts = 4;
// Twice what crystals do; more is a route that changed.
constexpr std::int64_t kMostPpb = 500'000;
// A clock does not change: after a first minute, what seems to is believed by 20 ppm in five
// seconds.
constexpr std::int64_t kFirstParts = 12;
constexpr std::int64_t kMostChangePpb = 20'000;

struct Point {
  std::int64_t at_us = 0, delay_us = 0;
};

// Whether b lies on or above the line from a to c.
bool above(const Point& a, const Point& b, const Point& c) {
  return (b.delay_us - a.delay_us) * (c.at_us - a.at_us) >=
         (c.delay_us - a.delay_us) * (b.at_us - a.at_us);
}

// Of the edge over that time.
std::int64_t slope_ppb(std::span<const Point> hull, std::int64_t at_us) {
  std::size_t edge = 1;
  while (edge + 1 < hull.size() && hull[edge].at_us < at_us) ++edge;
  const Point &a = hull[edge - 1], &b = hull[edge];
  return std::clamp((b.delay_us - a.delay_us) * 1'000'000'000 / (b.at_us - a.at_us), -kMostPpb,
                    kMostPpb);
}

// The one nearer to zero, which is what they agree on.
std::int64_t common(std::int64_t a, std::int64_t b) {
  if (a > 0 && b > 0) return std::min(a, b);
  return a < 0 && b < 0 ? std::max(a, b) : 0;
}
}  // namespace

void ClockSkew::add(Timestamp now, Duration delay) {
  const std::int64_t number = now.time_since_epoch() / kPart;
  if (number != newest_) {
    if (newest_ >= 0) fit(newest_);
    newest_ = number;
  }
  Part& part = parts_[static_cast<std::size_t>(number % kParts)];
  const std::int64_t delay_us = to_us(delay);
  if (part.number != number || delay_us < part.least_us) {
    part = Part{number, to_us(now.time_since_epoch() - number * kPart), delay_us};
  }
}

void ClockSkew::fit(std::int64_t last) {
  std::array<Point, kParts> hull;
  std::size_t size = 0;
  std::int64_t first = last, seen = 0;
  for (std::int64_t number = std::max<std::int64_t>(last - kParts + 1, 0); number <= last;
       ++number) {
    const Part& part = parts_[static_cast<std::size_t>(number % kParts)];
    if (part.number != number) continue;
    if (seen++ == 0) first = number;
    const Point p{(number - first) * to_us(kPart) + part.at_us, part.least_us};
    while (size >= 2 && above(hull[size - 2], hull[size - 1], p)) --size;
    hull[size++] = p;
  }
  if (seen < kFewestParts || size < 2) return;
  const std::int64_t end_us = (last + 1 - first) * to_us(kPart);
  const std::span<const Point> all(hull.data(), size);
  const std::int64_t seems = common(slope_ppb(all, end_us / 10), slope_ppb(all, end_us / 10 * 9));
  const std::int64_t most = seen < kFirstParts ? kMostPpb : kMostChangePpb;
  ppb_ += std::clamp(seems - ppb_, -most, most);
}

}  // namespace diemcau::rate
