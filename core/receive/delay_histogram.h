// The delay that nearly all packets keep: a histogram that forgets, in integers (after NetEq's
// delay manager).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/units/time.h"

namespace diemcau::receive {

class DelayHistogram {
 public:
  static constexpr Duration kBucket = 5ms;  // provincial jitter is 5 ms: 20 ms would be too coarse
  static constexpr Duration kCap = 400ms;
  static constexpr Duration kStart = 40ms;
  // What is rarer than the quantile, a picture's burst in front of a packet of sound, still hits.
  // Below 100 ms from mouth to ear delay costs nothing (G.107), a gap does.
  static constexpr Duration kLeast = 15ms;

  void add(Duration delay);
  // What delays are counted from has become later by that much: a queue that stands.
  void zero_moved(Duration later);
  // Upper edge of the bucket below which 99.5 % of the weight lies, but kLeast at least.
  Duration target() const { return target_; }

 private:
  static constexpr std::size_t kBuckets = static_cast<std::size_t>(kCap / kBucket);
  static constexpr std::uint32_t kOne = std::uint32_t{1} << 30;

  void find_target();

  std::array<std::uint32_t, kBuckets> weights_{};  // their sum is kOne
  std::size_t used_ = 0;  // buckets from here on weigh nothing: most lines need a few only
  std::uint32_t forget_ = 1;
  std::uint32_t packets_ = 0;  // up to the end of the start
  Duration target_ = kStart;
  Duration last_{};
  bool stalled_ = false;
};

}  // namespace diemcau::receive
