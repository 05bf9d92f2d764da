// Rounds: those whose part exceeds what they want are served first, and the rest is divided anew.
#include "core/rate/share.h"

#include <algorithm>

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

void divide(Bitrate total, std::span<Claim> claims, std::span<const Basics> basics) {
  Bitrate left = total;
  int last_turn = 0;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const Bitrate sound = std::min(basics[i].sound, claims[i].most);
    if (sound > left) return divide(total, claims);
    left = left - sound;
    last_turn = std::max(last_turn, basics[i].turn);
  }
  for (std::size_t i = 0; i < claims.size(); ++i)
    claims[i].basic = std::min(basics[i].sound, claims[i].most);
  for (int turn = 0; turn <= last_turn; ++turn) {
    for (std::size_t i = 0; i < claims.size(); ++i) {
      if (basics[i].turn != turn) continue;
      const Bitrate pictures = std::min(basics[i].pictures, claims[i].most - claims[i].basic);
      if (pictures > left) continue;
      claims[i].basic += pictures;
      left = left - pictures;
    }
  }
  for (std::size_t i = 0; i < claims.size(); ++i) claims[i].most = claims[i].most - claims[i].basic;
  divide(left, claims);
  for (std::size_t i = 0; i < claims.size(); ++i) {
    claims[i].most += claims[i].basic;
    claims[i].share += claims[i].basic;
  }
}

}  // namespace diemcau::rate
