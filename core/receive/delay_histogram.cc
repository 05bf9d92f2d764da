// Forgets as NetEq does, a sixty-fourth a packet: one late packet raises the target for 1.5 s. What
// was held up together counts as one: behind the first of a stall's frames each comes a frame less
// late, and says nothing about the line that the first has not said; as fifteen late packets they
// would be felt for five seconds. The first second has the start value: what handshakes, key frames
// and encoders that open do to it says nothing about the line either.
#include "core/receive/delay_histogram.h"

#include <algorithm>
#include <span>
#include <utility>

namespace diemcau::receive {

namespace {
constexpr std::uint32_t kForget = 64;
constexpr Duration kStall = 100ms;
constexpr auto kStallBucket = static_cast<std::size_t>(kStall / DelayHistogram::kBucket);
// A spike is over when a packet is no longer that late: what it left is forgotten in a second.
constexpr std::uint32_t kForgetStall = 16;
constexpr std::uint32_t kBeyondParts = 200;  // 1/200 of the packets may come later
constexpr std::uint32_t kStartPackets = 50;  // a second of sound
}  // namespace

void DelayHistogram::add(Duration delay) {
  if (packets_ < kStartPackets) {
    ++packets_;
    return;
  }
  const bool together = stalled_ && delay < last_;
  stalled_ = together || delay >= kStall;
  last_ = delay;
  if (together) return;
  const auto bucket = static_cast<std::size_t>(
      std::clamp<std::int64_t>(delay / kBucket, 0, static_cast<std::int64_t>(kBuckets) - 1));
  used_ = std::max(used_, bucket + 1);
  // Rounded up, so that nothing stays for ever. A division by a constant is a shift.
  const auto forget = [](std::span<std::uint32_t> weights, std::uint32_t by) {
    std::uint32_t sum = 0;
    for (std::uint32_t& weight : weights) {
      weight -= by == kForget ? (weight + kForget - 1) / kForget : (weight + by - 1) / by;
      sum += weight;
    }
    return sum;
  };
  const std::span<std::uint32_t> all = std::span(weights_).first(used_);
  const std::size_t usual = delay < kStall ? std::min(used_, kStallBucket) : used_;
  const std::uint32_t sum = forget(all.first(usual), forget_) +
                            forget(all.subspan(usual), std::min(forget_, kForgetStall));
  weights_[bucket] += kOne - sum;
  while (weights_[used_ - 1] == 0) --used_;
  forget_ = std::min(forget_ + 1, kForget);
  find_target();
}

// Packets that came before the zero moved would go on asking for a wait that nothing needs.
void DelayHistogram::zero_moved(Duration later) {
  const auto buckets = static_cast<std::size_t>(std::max<std::int64_t>(later / kBucket, 0));
  if (buckets == 0 || used_ == 0) return;
  std::uint32_t nearer = 0;
  for (std::size_t i = 0; i < used_; ++i) {
    const std::uint32_t weight = std::exchange(weights_[i], 0);
    if (i <= buckets)
      nearer += weight;
    else
      weights_[i - buckets] = weight;
  }
  weights_[0] = nearer;
  used_ = used_ > buckets ? used_ - buckets : 1;
  last_ -= kBucket * static_cast<std::int64_t>(buckets);
  find_target();
}

void DelayHistogram::find_target() {
  std::uint32_t beyond = 0;
  std::size_t i = used_;
  while (i > 1 && beyond + weights_[i - 1] <= kOne / kBeyondParts) beyond += weights_[--i];
  target_ = std::max(kLeast, kBucket * static_cast<std::int64_t>(i));
}

}  // namespace diemcau::receive
