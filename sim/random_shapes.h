// Shapes of chance in integers only: the logarithms and roots of libm may differ from one machine
// to the next, and with them a digest.
#pragma once

#include <array>
#include <cstdint>

#include "core/units/time.h"
#include "sim/counter_random.h"

namespace diemcau::sim {

// Standard normal in units of 2^-16: the sum of twelve uniform variates less six (Irwin and Hall),
// within 0.2 % of the normal distribution up to 3 σ and never beyond 6 σ. Takes three draws.
inline std::int32_t normal_q16(CounterRandom& random) {
  std::int32_t sum = 0;
  for (int draw = 0; draw < 3; ++draw) {
    const std::uint64_t bits = random.next();
    for (int part = 0; part < 4; ++part)
      sum += static_cast<std::int32_t>(bits >> (16 * part) & 0xFFFF);
  }
  return sum - 6 * 65'536;
}

// 2^x for x in Q16, as Q16. Saturates above 2^31; 0 below 2^-16.
constexpr std::uint64_t exp2_q16(std::int64_t x) {
  // 2^(2^-k) in Q32, k = 1 … 16.
  constexpr std::array<std::uint64_t, 16> kRoots{
      6'074'001'000, 5'107'605'667, 4'683'695'048, 4'485'121'744, 4'389'014'833, 4'341'736'423,
      4'318'288'544, 4'306'612'134, 4'300'785'774, 4'297'875'550, 4'296'421'177, 4'295'694'175,
      4'295'330'720, 4'295'149'004, 4'295'058'149, 4'295'012'722};
  std::int64_t whole = x >> 16;
  if (whole > 31) return std::uint64_t{1} << 47;
  if (whole < -16) return 0;
  std::uint64_t value = std::uint64_t{1} << 32;  // Q32
  for (unsigned bit = 0; bit < 16; ++bit) {
    if ((static_cast<std::uint64_t>(x) >> (15 - bit) & 1U) == 0) continue;
    // Q32 × Q32 without 128 bits: value stays below 2^33.
    value = (value >> 16) * (kRoots[bit] >> 16) + ((value >> 16) * (kRoots[bit] & 0xFFFF) >> 16) +
            ((value & 0xFFFF) * (kRoots[bit] >> 16) >> 16);
  }
  return whole >= 16 ? value << (whole - 16) : value >> (16 - whole);
}

// e^x for x in Q16, as Q16.
constexpr std::uint64_t exp_q16(std::int64_t x) {
  constexpr std::int64_t kLog2OfE = 94'548;  // × 2^16
  return exp2_q16(x * kLog2OfE >> 16);
}

// An exponential time of that mean.
inline Duration exponential_time(CounterRandom& random, Duration mean) {
  const std::uint32_t factor = exponential_q16(random.next_u32());
  const std::int64_t ns = mean.count();
  return Duration{(ns >> 16) * std::int64_t{factor} + ((ns & 0xFFFF) * std::int64_t{factor} >> 16)};
}

// Of 2^32.
constexpr bool happens(std::uint32_t draw, std::uint64_t parts) { return draw < parts; }

}  // namespace diemcau::sim
