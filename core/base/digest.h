// The 64-bit digest over a run's events: order-sensitive, cheap, and a line of Python to recompute
// (docs/LAB.md).
#pragma once

#include <cstdint>

namespace diemcau {

class Digest {
 public:
  constexpr void add(std::uint64_t word) {
    value_ ^= word;
    value_ *= 0x9E37'79B9'7F4A'7C15U;
    value_ ^= value_ >> 32;
  }
  constexpr std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xCBF2'9CE4'8422'2325U;  // FNV's offset basis, so that leading zeros count
};

}  // namespace diemcau
