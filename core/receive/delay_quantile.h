// A quantile of recent delays over a sliding window of samples, in buckets, without floats and
// allocation.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/units/time.h"

namespace diemcau::receive {

// Holds the last `Samples` delays in `Buckets` buckets of `BucketMs`. Above the last bucket counts
// as the last.
template <std::size_t Samples, std::size_t Buckets, std::int64_t BucketMs>
class DelayQuantile {
 public:
  static constexpr Duration kBucket = std::chrono::milliseconds(BucketMs);

  void add(Duration delay) {
    std::int64_t bucket = delay / kBucket;
    if (bucket < 0) bucket = 0;
    if (bucket >= static_cast<std::int64_t>(Buckets)) bucket = Buckets - 1;
    std::uint16_t& slot = ring_[next_ % Samples];
    if (next_ >= Samples) --counts_[slot];
    slot = static_cast<std::uint16_t>(bucket);
    ++counts_[slot];
    used_ = std::max(used_, std::size_t{slot} + 1);
    while (counts_[used_ - 1] == 0) --used_;
    ++next_;
  }
  std::size_t size() const { return next_ < Samples ? static_cast<std::size_t>(next_) : Samples; }
  // Upper edge of the bucket below which all but `above_per_1000` of the samples lie; zero when
  // empty.
  Duration upper(std::size_t above_per_1000) const {
    const std::size_t allowed = size() * above_per_1000 / 1000;
    std::size_t above = 0;
    for (std::size_t i = used_; i-- > 0;) {
      above += counts_[i];
      if (above > allowed) return kBucket * static_cast<std::int64_t>(i + 1);
    }
    return Duration::zero();
  }
  void clear() { *this = DelayQuantile{}; }

 private:
  std::array<std::uint16_t, Samples> ring_{};
  std::array<std::uint16_t, Buckets> counts_{};
  std::size_t used_ = 0;  // buckets from here on are empty
  std::uint64_t next_ = 0;
};

}  // namespace diemcau::receive
