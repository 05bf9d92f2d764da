// Counter-based randomness: a draw depends on (seed, purpose, id, counter) only, so that one link's
// draws never shift another's and two designs under one seed see the same weather (common random
// numbers).
#pragma once

#include <cstdint>

#include "core/base/rng.h"

namespace diemcau::sim {

enum class Purpose : std::uint8_t {
  wire_loss,
  bridge_seed,
  start_offset,
  wall_offset,
  video,
  audio,
  keys,
  outage,
  capacity,
  jitter,
  spike,
  damage,
  host,
  cross,
  page
};

// The generator is splitmix64 read at any position: its state after n steps is the key plus n
// golden steps.
class CounterRandom {
 public:
  constexpr CounterRandom(std::uint64_t seed, Purpose purpose, std::uint64_t id) {
    std::uint64_t state = seed;
    key_ = splitmix64(state);
    state = key_ ^ (static_cast<std::uint64_t>(purpose) << 56 | id);
    key_ = splitmix64(state);
  }
  constexpr std::uint64_t at(std::uint64_t counter) const {
    std::uint64_t state = key_ + counter * 0x9E37'79B9'7F4A'7C15U;
    return splitmix64(state);
  }
  constexpr std::uint64_t next() { return at(counter_++); }
  // The same stream read from another position: far enough away it is a stream of its own.
  constexpr CounterRandom from(std::uint64_t counter) const {
    CounterRandom other = *this;
    other.counter_ = counter;
    return other;
  }
  constexpr std::uint32_t next_u32() { return static_cast<std::uint32_t>(next() >> 32); }

 private:
  std::uint64_t key_ = 0;
  std::uint64_t counter_ = 0;
};

// −ln((u + 1) / 2^32) in units of 2^-16, for u of 32 uniform bits: an exponential variate of mean
// 65,536. Integers only (the logarithm's bits by repeated squaring), because libm may differ from
// one machine to the next.
constexpr std::uint32_t exponential_q16(std::uint32_t u) {
  const std::uint64_t x = std::uint64_t{u} + 1;  // 1 … 2^32
  unsigned exponent = 0;
  while ((x >> (exponent + 1)) != 0) ++exponent;
  std::uint64_t mantissa = x << (32 - exponent) >> 1;  // [2^31, 2^32) stands for [1, 2)
  std::uint64_t fraction = 0;
  for (int bit = 0; bit < 16; ++bit) {
    mantissa = mantissa * mantissa >> 31;
    fraction <<= 1;
    if (mantissa >> 32 != 0) {
      fraction |= 1;
      mantissa >>= 1;
    }
  }
  const std::uint64_t log2_q16 = (std::uint64_t{exponent} << 16) + fraction;
  constexpr std::uint64_t kLn2Q32 = 2'977'044'472;  // ln 2 × 2^32
  const std::uint64_t missing = (std::uint64_t{32} << 16) - log2_q16;
  return static_cast<std::uint32_t>(missing * kLn2Q32 >> 32);
}

// Laplace(0, 1) in units of 2^-16.
constexpr std::int32_t laplace_q16(std::uint64_t draw) {
  const auto magnitude =
      static_cast<std::int32_t>(exponential_q16(static_cast<std::uint32_t>(draw >> 32)));
  return (draw & 1) != 0 ? magnitude : -magnitude;
}

}  // namespace diemcau::sim
