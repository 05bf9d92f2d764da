// What a bridge shows of its randomness tells nothing of what it will show next: SipHash-2-4 of a
// counter (Aumasson and Bernstein, 2012), so that an input log's seed still replays every draw.
#pragma once

#include <bit>
#include <cstdint>

#include "core/base/rng.h"

namespace diemcau {

class SecretRng {
 public:
  // The key has the seed's 64 bits of secret: trying them all is what it takes. In braces: from
  // left to right with every compiler.
  constexpr explicit SecretRng(std::uint64_t seed)
      : SecretRng{splitmix64(seed), splitmix64(seed), 0} {}
  // The two halves of a key, each in SipHash's order of bytes, and what is hashed first.
  constexpr SecretRng(std::uint64_t low, std::uint64_t high, std::uint64_t first)
      : low_(low), high_(high), counter_(first) {}

  constexpr std::uint64_t next() {
    State s{low_ ^ 0x736F'6D65'7073'6575U, high_ ^ 0x646F'7261'6E64'6F6DU,
            low_ ^ 0x6C79'6765'6E65'7261U, high_ ^ 0x7465'6462'7974'6573U};
    s.absorb(counter_++);
    s.absorb(std::uint64_t{sizeof(counter_)} << 56);
    s.c ^= 0xFF;
    for (int i = 0; i < kFinalRounds; ++i) s.round();
    return s.a ^ s.b ^ s.c ^ s.d;
  }
  constexpr std::uint32_t next_u32() { return static_cast<std::uint32_t>(next() >> 32); }
  constexpr std::uint32_t below(std::uint32_t bound) { return scaled_below(bound, next_u32()); }

 private:
  static constexpr int kRounds = 2, kFinalRounds = 4;
  struct State {
    std::uint64_t a, b, c, d;
    constexpr void round() {
      a += b;
      c += d;
      b = std::rotl(b, 13) ^ a;
      d = std::rotl(d, 16) ^ c;
      a = std::rotl(a, 32);
      c += b;
      a += d;
      b = std::rotl(b, 17) ^ c;
      d = std::rotl(d, 21) ^ a;
      c = std::rotl(c, 32);
    }
    constexpr void absorb(std::uint64_t word) {
      d ^= word;
      for (int i = 0; i < kRounds; ++i) round();
      a ^= word;
    }
  };
  std::uint64_t low_, high_, counter_;
};

}  // namespace diemcau
