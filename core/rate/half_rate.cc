// Every viewer's room is a rate that might be the layer's: the whole of it, or its base.
#include "core/rate/half_rate.h"

#include <algorithm>
#include <bit>

namespace diemcau::rate {

namespace {
constexpr std::int64_t kHalfWorthTenths = 9;

// A spread of rooms smaller than that is no reason: 1.9 √0.9 of a rate must beat 2 √ of the least.
constexpr std::int64_t kSpreadPercent = 80;

struct Spread {
  Bitrate largest, least_half;
  bool full = false, half = false, half_alone = false;
};

Spread spread_of(std::span<const HalfCandidate> candidates) {
  Spread s;
  for (const HalfCandidate& c : candidates) {
    s.full = s.full || c.full;
    if (c.full) s.largest = std::max(s.largest, c.room);
    if (!c.half) continue;
    s.half_alone = s.half_alone || !c.full;
    s.least_half = s.half ? std::min(s.least_half, c.room) : c.room;
    s.half = true;
  }
  return s;
}

// None when nobody is at half rate then, or somebody could have had the whole.
std::optional<std::int64_t> worth_at(std::span<const HalfCandidate> candidates, Bitrate rate,
                                     bool some_full) {
  const std::int64_t seen = root(rate.bps() * kTemporalWorthPercent / 100);
  std::int64_t full = 0, half = 0, below = 0;
  for (const HalfCandidate& c : candidates) {
    switch (served_at(c, rate)) {
      case PictureRate::full: full += c.weight; break;
      case PictureRate::half: half += c.weight; break;
      case PictureRate::none: below += c.worth_below; break;
    }
  }
  if (half == 0 || (some_full && full == 0)) return std::nullopt;
  return full * seen + half * seen * kHalfWorthTenths / 10 + below;
}
}  // namespace

std::int64_t root(std::int64_t n) {
  // From the highest bit that can be in it, of 21; the square grows along.
  std::int64_t root = 0, rest = n;
  const auto bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(n)));
  for (int i = std::min(20, bits / 2); i >= 0; --i) {
    const std::int64_t more = ((root << 1) + (std::int64_t{1} << i)) << i;
    if (more > rest) continue;
    rest -= more;
    root += std::int64_t{1} << i;
  }
  return root;
}

PictureRate served_at(const HalfCandidate& c, Bitrate rate) {
  if (c.full && c.room >= rate) return PictureRate::full;
  return c.half && c.room >= base_of(rate) ? PictureRate::half : PictureRate::none;
}

// Who cannot have the whole may have half; who can has no reason to while all are nearly alike.
bool halves_may_help(std::span<const HalfCandidate> candidates, const LayerBounds& bounds) {
  const Spread spread = spread_of(candidates);
  const Bitrate largest = std::min(spread.largest, bounds.most);
  const bool apart = spread.least_half.bps() * 100 <= largest.bps() * kSpreadPercent;
  return spread.half_alone || (spread.half && apart);
}

std::optional<HalfOffer> best_with_halves(std::span<const HalfCandidate> candidates,
                                          const LayerBounds& bounds) {
  const bool some_full = spread_of(candidates).full;
  const Bitrate least = Bitrate::bps(half_least(bounds).bps() * 100 / kBasePercent);
  std::optional<HalfOffer> best;
  const auto consider = [&](Bitrate rate) {
    rate = std::min(rate, bounds.most);
    if (rate < least) return;
    const auto worth = worth_at(candidates, rate, some_full);
    if (worth && (!best || *worth > best->worth)) best = HalfOffer{rate, *worth};
  };
  for (const HalfCandidate& c : candidates) {
    if (c.full) consider(c.room);
    if (c.half) consider(Bitrate::bps(c.room.bps() * 100 / kBasePercent));
  }
  return best;
}

}  // namespace diemcau::rate
