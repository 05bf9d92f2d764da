// Forgets as NetEq does, a sixty-fourth a packet: one late packet raises the target for 1.5 s, a
// burst of them for five. The first second has the start value: what handshakes, key frames and
// encoders that open do to it says nothing about the line, and would be felt for seconds.
#include "core/receive/delay_histogram.h"

#include <algorithm>
#include <span>

namespace diemcau::receive {

namespace {
constexpr std::uint32_t kForget = 64;
constexpr std::uint32_t kBeyondParts = 200;  // 1/200 of the packets may come later
constexpr std::uint32_t kStartPackets = 50;  // a second of sound
}  // namespace

void DelayHistogram::add(Duration delay) {
  if (packets_ < kStartPackets) {
    ++packets_;
    return;
  }
  const auto bucket = static_cast<std::size_t>(
      std::clamp<std::int64_t>(delay / kBucket, 0, static_cast<std::int64_t>(kBuckets) - 1));
  used_ = std::max(used_, bucket + 1);
  std::uint32_t sum = 0;
  // Rounded up, so that nothing stays for ever. A division by a constant is a shift.
  for (std::uint32_t& weight : std::span(weights_).first(used_)) {
    weight -=
        forget_ == kForget ? (weight + kForget - 1) / kForget : (weight + forget_ - 1) / forget_;
    sum += weight;
  }
  weights_[bucket] += kOne - sum;
  while (weights_[used_ - 1] == 0) --used_;
  forget_ = std::min(forget_ + 1, kForget);
  std::uint32_t beyond = 0;
  std::size_t i = used_;
  while (i > 1 && beyond + weights_[i - 1] <= kOne / kBeyondParts) beyond += weights_[--i];
  target_ = kBucket * static_cast<std::int64_t>(i);
}

}  // namespace diemcau::receive
