// So many at once, and one more each while: what somebody else may cost us.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/units/time.h"

namespace diemcau {

// Full at first. Pure: no clock; one thread at a time.
class TokenBucket {
 public:
  constexpr TokenBucket(std::int64_t most, Duration each) : most_(most), each_(each), left_(most) {}

  // One of what is saved up; false when there is none.
  bool take(Timestamp now) {
    const std::int64_t earned = (now - earned_at_) / each_;
    if (earned > 0) {
      left_ = std::min(left_ + earned, most_);
      earned_at_ = now;
    }
    if (left_ == 0) return false;
    --left_;
    return true;
  }

 private:
  std::int64_t most_;
  Duration each_;
  std::int64_t left_;
  Timestamp earned_at_;
};

}  // namespace diemcau
