// The coefficients of a repair symbol from its key (RFC 8681 §3.6, GF(2^8)).
#pragma once

#include <cstdint>
#include <span>

#include "core/repair/tiny_mt.h"
#include "core/wire/repair.h"

namespace diemcau::repair {

// One for each symbol of the window, the oldest first; `out` is h.count long.
inline void coefficients(const wire::RepairHeader& h, std::span<std::uint8_t> out) {
  constexpr std::uint8_t kDense = 15;
  if (out.size() == 1) {  // a retransmission
    out[0] = 1;
    return;
  }
  TinyMt32 generator(h.key);
  for (std::uint8_t& c : out) {
    c = 0;
    if (h.density < kDense && generator.below_16() > h.density) continue;
    while (c == 0) c = generator.below_256();
  }
}

}  // namespace diemcau::repair
