// Seeded randomness, the same on every machine: xoshiro256** seeded by splitmix64 (Blackman and
// Vigna, 2018).
#pragma once

#include <array>
#include <cstdint>

namespace diemcau {

constexpr std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9E37'79B9'7F4A'7C15U);
  z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9U;
  z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EBU;
  return z ^ (z >> 31);
}

// A uniform word made uniform in [0, bound); bound > 0. Multiply-shift; its bias is below bound /
// 2^32.
constexpr std::uint32_t scaled_below(std::uint32_t bound, std::uint32_t word) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * bound) >> 32);
}

class Rng {
 public:
  constexpr explicit Rng(std::uint64_t seed) {
    for (auto& word : state_) word = splitmix64(seed);
  }
  constexpr std::uint64_t next() {
    const std::uint64_t result = rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotl(state_[3], 45);
    return result;
  }
  constexpr std::uint32_t next_u32() { return static_cast<std::uint32_t>(next() >> 32); }
  constexpr std::uint32_t below(std::uint32_t bound) { return scaled_below(bound, next_u32()); }
  // True with probability parts / 2^32.
  constexpr bool chance(std::uint64_t parts) { return next_u32() < parts; }

 private:
  static constexpr std::uint64_t rotl(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace diemcau
