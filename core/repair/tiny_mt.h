// TinyMT32 with the parameters of RFC 8682: the random numbers that both ends draw coefficients
// from.
#pragma once

#include <array>
#include <cstdint>

namespace diemcau::repair {

class TinyMt32 {
 public:
  explicit TinyMt32(std::uint32_t seed) : state_{seed, kMat1, kMat2, kTemper} {
    for (std::uint32_t i = 1; i < kRounds; ++i) {
      const std::uint32_t before = state_[(i - 1) & 3U];
      state_[i & 3U] ^= i + 1'812'433'253U * (before ^ (before >> 30U));
    }
    for (std::uint32_t i = 0; i < kRounds; ++i) step();
  }

  std::uint32_t next() {
    step();
    std::uint32_t t0 = state_[3];
    const std::uint32_t t1 = state_[0] + (state_[2] >> 8U);
    t0 ^= t1;
    if ((t1 & 1U) != 0) t0 ^= kTemper;
    return t0;
  }
  // RFC 8681 §3.5.
  std::uint8_t below_16() { return static_cast<std::uint8_t>(next() & 0xFU); }
  std::uint8_t below_256() { return static_cast<std::uint8_t>(next() & 0xFFU); }

 private:
  static constexpr std::uint32_t kMat1 = 0x8f7011ee, kMat2 = 0xfc78ff1f, kTemper = 0x3793fdff;
  static constexpr std::uint32_t kRounds = 8;

  void step() {
    std::uint32_t y = state_[3];
    std::uint32_t x = (state_[0] & 0x7FFF'FFFFU) ^ state_[1] ^ state_[2];
    x ^= x << 1U;
    y ^= (y >> 1U) ^ x;
    state_[0] = state_[1];
    state_[1] = state_[2];
    state_[2] = x ^ (y << 10U);
    state_[3] = y;
    if ((y & 1U) != 0) {
      state_[1] ^= kMat1;
      state_[2] ^= kMat2;
    }
  }

  std::array<std::uint32_t, 4> state_;
};

}  // namespace diemcau::repair
