// Bits per second with the arithmetic that links it to bytes and time, in integers.
#pragma once

#include <compare>
#include <cstdint>

#include "core/units/byte_count.h"
#include "core/units/time.h"

namespace diemcau {

class Bitrate {
 public:
  constexpr Bitrate() = default;
  static constexpr Bitrate bps(std::int64_t n) { return Bitrate{n}; }
  static constexpr Bitrate kbps(std::int64_t n) { return Bitrate{n * 1000}; }
  constexpr std::int64_t bps() const { return bps_; }
  constexpr std::int64_t kbps() const { return bps_ / 1000; }
  constexpr auto operator<=>(const Bitrate&) const = default;
  constexpr Bitrate operator+(Bitrate o) const { return Bitrate{bps_ + o.bps_}; }
  constexpr Bitrate operator-(Bitrate o) const { return Bitrate{bps_ - o.bps_}; }
  constexpr Bitrate& operator+=(Bitrate o) {
    bps_ += o.bps_;
    return *this;
  }

  // Time that `size` takes at this rate, rounded up to a nanosecond. Needs a positive rate and size
  // < 2^30 bytes.
  constexpr Duration time_for(ByteCount size) const {
    return Duration{(size.bits() * 1'000'000'000 + bps_ - 1) / bps_};
  }
  // Bytes that fit into `d` at this rate, rounded down. Split into seconds and rest so that nothing
  // overflows.
  constexpr ByteCount bytes_in(Duration d) const {
    const std::int64_t seconds = d.count() / 1'000'000'000;
    const std::int64_t rest = d.count() % 1'000'000'000;
    return ByteCount::bytes(seconds * bps_ / 8 + rest * (bps_ / 8 / 1000) / 1'000'000 +
                            rest * (bps_ / 8 % 1000) / 1'000'000'000);
  }

 private:
  constexpr explicit Bitrate(std::int64_t n) : bps_(n) {}
  std::int64_t bps_ = 0;
};

}  // namespace diemcau
