// Which delay is the path itself.
#include "core/rate/base_delay.h"

#include <algorithm>

namespace diemcau::rate {

namespace {
constexpr Duration kPart = 5s;
// Jitter moves the least of five seconds by less, and a queue worth remembering is longer.
constexpr Duration kRisen = 10ms;
// Twice what was lost before, and one in twenty: a part has 250 packets of sound at least, of which
// 3 σ at 5 % are 4 %.
constexpr std::uint64_t kFullPermille = 50;
// Uploads end or rest, and what is ours has long been cut by then: the route is a longer one that
// loses by itself. A line too thin for sound alone stays full for good, and loses more than that.
constexpr Duration kMostHeld = 2min;
constexpr std::uint64_t kMostRoutePermille = 250;
}  // namespace

bool BaseDelay::counts(const Part& part) const {
  return part.number >= 0 && newest_ - part.number < static_cast<std::int64_t>(parts_.size());
}

void BaseDelay::arrived(Timestamp now, Duration delay, const ClockSkew& skew) {
  const std::int64_t number = now.time_since_epoch() / kPart;
  if (number != newest_) part_over(now, number, skew);
  Part& part = parts_[static_cast<std::size_t>(number) % parts_.size()];
  if (arrived_++ == 0 || delay < part.least.delay) part.least = {delay, now};
  least_ = std::min(least_, delay);
  last_ = delay;
}

// What the part that has just ended says decides whether a base that nobody has seen for half a
// minute still is one.
void BaseDelay::part_over(Timestamp now, std::int64_t number, const ClockSkew& skew) {
  const std::uint64_t all = std::max<std::uint64_t>(lost_ + arrived_, 1);
  const std::uint64_t lost_permille = lost_ * 1'000 / all;
  if (const auto known = least(now, skew); known && last_ <= *known + kRisen)
    clear_permille_ = (3 * clear_permille_ + lost_permille) / 4;
  Part& next = parts_[static_cast<std::size_t>(number) % parts_.size()];
  if (!held_ && counts(next)) {
    held_ = next.least;
    held_since_ = now;
  }
  next = Part{number, {}};
  newest_ = number;
  lost_ = arrived_ = 0;
  if (held_) {
    const Duration held = now_as(*held_, now, skew);
    const bool drained = std::ranges::any_of(parts_, [&](const Part& p) {
      return p.number != number && counts(p) && now_as(p.least, now, skew) <= held + kRisen;
    });
    const bool full = lost_permille > 2 * clear_permille_ + kFullPermille;
    const bool route = now - held_since_ > kMostHeld && lost_permille <= kMostRoutePermille;
    if (drained || !full || route) held_.reset();
  }
  least_ = held_ ? held_->delay : kNone;
  for (const Part& part : parts_) {
    if (part.number != number && counts(part)) least_ = std::min(least_, part.least.delay);
  }
}

std::optional<Duration> BaseDelay::least(Timestamp now, const ClockSkew& skew) const {
  if (skew.none() || least_ == kNone) return least();
  std::optional<Duration> all;
  if (held_) all = now_as(*held_, now, skew);
  for (const Part& part : parts_) {
    if (!counts(part)) continue;
    const Duration value = now_as(part.least, now, skew);
    all = std::min(all.value_or(value), value);
  }
  return all;
}

}  // namespace diemcau::rate
