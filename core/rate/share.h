// Dividing a rate by weights among those who want some of it (the sharing step of RFC 8699).
#pragma once

#include <cstddef>
#include <span>

#include "core/units/bitrate.h"

namespace diemcau::rate {

struct Claim {
  std::int64_t weight = 1;  // > 0
  Bitrate most;             // never more than this
  Bitrate share;            // the result
  Bitrate basic{};          // what of it came before the weights
};

// Everybody gets in proportion to the weights, nobody more than wanted; what that leaves over goes
// to the others. O(n²) at worst, for n paths; exact to n bits per second.
void divide(Bitrate total, std::span<Claim> claims);

// What comes before the weights: sound, and then the least pictures that move.
struct Basics {
  Bitrate sound, pictures;
  int turn = 0;  // the lower goes first
};

// Everybody gets sound, then as many as possible their least pictures, in the order of the turns;
// what is left is divided as above. Without room for everybody's sound, weights alone decide. Of
// each claim there are basics in the same place, none beyond its most.
void divide(Bitrate total, std::span<Claim> claims, std::span<const Basics> basics);

}  // namespace diemcau::rate
