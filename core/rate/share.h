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
};

// Everybody gets in proportion to the weights, nobody more than wanted; what that leaves over goes
// to the others. O(n²) at worst, for n paths; exact to n bits per second.
void divide(Bitrate total, std::span<Claim> claims);

}  // namespace diemcau::rate
