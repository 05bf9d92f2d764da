// Rounds: those whose part exceeds what they want are served first, and the rest is divided anew.
#include "core/rate/share.h"

namespace diemcau::rate {

void divide(Bitrate total, std::span<Claim> claims) {
  constexpr Bitrate kOpen = Bitrate::bps(-1);
  std::int64_t left = total.bps();
  std::int64_t weights = 0;
  for (Claim& c : claims) {
    c.share = kOpen;
    weights += c.weight;
  }
  for (bool served = true; served && weights > 0;) {
    served = false;
    const std::int64_t unit = left / weights;
    for (Claim& c : claims) {
      if (c.share != kOpen || c.most.bps() > unit * c.weight) continue;
      c.share = c.most;
      left -= c.most.bps();
      weights -= c.weight;
      served = true;
    }
  }
  for (Claim& c : claims) {
    if (c.share == kOpen) c.share = Bitrate::bps(left / weights * c.weight);
  }
}

}  // namespace diemcau::rate
