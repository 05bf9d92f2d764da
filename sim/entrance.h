// What is on its way to a line from the lines before it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/units/time.h"

namespace diemcau::sim {

// Told in any order, taken in the order of time; of two that come at one time the one told first
// goes first. What is far away is looked at seldom: the lines before may have long queues. One
// thread.
class Entrance {
 public:
  struct Coming {
    std::int64_t at_ns = 0;
    std::uint32_t number = 0;
    std::uint32_t flight = 0;
    Timestamp at() const { return timestamp_from_ns(at_ns); }
    bool operator<(const Coming& o) const {
      return at_ns != o.at_ns ? at_ns < o.at_ns
                              : static_cast<std::int32_t>(number - o.number) < 0;  // it wraps
    }
  };
  void add(Timestamp at, std::uint32_t flight) {
    const Coming coming{to_ns(at), number_++, flight};
    (coming.at_ns < far_from_ns_ ? near_ : far_).push_back(coming);
    first_ns_ = std::min(first_ns_, coming.at_ns);
  }
  std::optional<Timestamp> first() const {
    return first_ns_ != kNever ? std::optional(timestamp_from_ns(first_ns_)) : std::nullopt;
  }
  // Those that come at or before `until`; valid until the next call.
  std::span<const Coming> take(Timestamp until) {
    due_.clear();
    const std::int64_t until_ns = to_ns(until);
    if (first_ns_ > until_ns) return {};
    if (until_ns >= far_from_ns_) {
      far_from_ns_ = until_ns + kNear.count();
      split(far_, far_from_ns_ - 1, near_);
    }
    const std::int64_t first_near_ns = split(near_, until_ns, due_);
    first_ns_ = near_.empty() ? first_of(far_) : first_near_ns;
    std::sort(due_.begin(), due_.end());
    return due_;
  }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  static constexpr Duration kNear = 50ms;
  // Moves what comes until then from one to the other; gives when the first of the rest comes.
  static std::int64_t split(std::vector<Coming>& from, std::int64_t until_ns,
                            std::vector<Coming>& to) {
    std::int64_t first_ns = kNever;
    std::size_t kept = 0;
    for (const Coming coming : from) {
      if (coming.at_ns <= until_ns) {
        to.push_back(coming);
      } else {
        first_ns = std::min(first_ns, coming.at_ns);
        from[kept++] = coming;
      }
    }
    from.resize(kept);
    return first_ns;
  }
  static std::int64_t first_of(const std::vector<Coming>& all) {
    std::int64_t first_ns = kNever;
    for (const Coming& coming : all) first_ns = std::min(first_ns, coming.at_ns);
    return first_ns;
  }

  std::vector<Coming> near_, far_, due_;  // before far_from_ns_, from then on, just taken
  std::int64_t first_ns_ = kNever;
  std::int64_t far_from_ns_ = 0;
  std::uint32_t number_ = 0;
};

}  // namespace diemcau::sim
