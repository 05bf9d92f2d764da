// What the ways of the last packets tell of the next one's.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/units/time.h"

namespace diemcau::receive {

// Of `transit`: arrival minus media time. One thread at a time.
class ArrivalTrend {
 public:
  void add(Duration transit) { last_[count_++ % last_.size()] = transit; }
  // What each of the last five needed: a queue that stands; none before there are five, and none
  // while what has stood is let go.
  std::optional<Duration> standing() const {
    constexpr Duration kDrains = 40ms;
    if (count_ < last_.size() || back(4) - back(0) >= kDrains) return std::nullopt;
    return *std::ranges::min_element(last_);
  }
  // By how much each was later than the one before, over the last five. 0 when the last was not,
  // more than the second of a pair is; and behind a stall: a queue does not become so long in five
  // packets.
  Duration growth() const {
    constexpr Duration kStall = 200ms, kPair = 10ms;
    if (count_ < last_.size() || back(0) + kPair < back(1) || back(0) - back(4) >= kStall)
      return {};
    return std::max(Duration{}, (back(0) - back(4)) / std::int64_t{4});
  }
  Duration last() const { return count_ == 0 ? Duration{} : back(0); }
  void clear() { count_ = 0; }

 private:
  Duration back(std::size_t n) const { return last_[(count_ - 1 - n) % last_.size()]; }

  std::array<Duration, 5> last_{};
  std::size_t count_ = 0;
};

}  // namespace diemcau::receive
