// Whether some viewers of a layer should get every second of its pictures, so that others need not
// see less because of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/units/bitrate.h"

namespace diemcau::rate {

struct LayerBounds {
  Bitrate least, most;
};

// Of a layer in two temporal layers, the base takes 54 to 56 % of the bits (x264, talking head).
constexpr std::int64_t kBasePercent = 56;
// It costs everybody 0.95 dB. At 300 kbit/s that is a fifth of the rate; at 40 dB hardly any of it
// is seen, so that it counts as a tenth.
constexpr std::int64_t kTemporalWorthPercent = 90;
// What half rate needs of a path, of the layer's least rate: 56 % of a rate that is a quarter
// higher, so that each picture looks no worse than at the least rate.
constexpr std::int64_t kHalfLeastPercent = 70;

constexpr Bitrate base_of(Bitrate layer) { return Bitrate::bps(layer.bps() * kBasePercent / 100); }
constexpr Bitrate half_least(const LayerBounds& bounds) {
  return Bitrate::bps(bounds.least.bps() * kHalfLeastPercent / 100);
}

// One who may get the layer, if there is room: at full rate, at half rate, or either.
struct HalfCandidate {
  Bitrate room;
  std::int64_t weight = 1;
  bool full = false, half = false;
  std::int64_t worth_below = 0;  // its weight × what it sees if it gets the next layer instead
};

// The rate of the layer, and what everybody's pictures are then worth, in the unit of root().
struct HalfOffer {
  Bitrate rate;
  std::int64_t worth = 0;
};

enum class PictureRate : std::uint8_t { none, half, full };
// What a candidate gets of a layer of that rate, with some at half rate.
PictureRate served_at(const HalfCandidate& c, Bitrate rate);

// Whether it can be worth while at all, from the rooms alone: quickly said, and mostly no.
bool halves_may_help(std::span<const HalfCandidate> candidates, const LayerBounds& bounds);

// The best of all rates at which somebody gets half of the pictures; none when nobody would gain.
// Full rate goes before: only where no candidate can have the layer whole, it may be for viewers at
// half rate alone. A picture is worth the root of its rate (twice the rate is not twice the
// picture), and nine tenths of that at half the picture rate, which is what is given up before
// resolution: of a talking head little is lost. So one of two viewers at half rate pays for what
// two layers cost the other, one of four only if it is worth more.
std::optional<HalfOffer> best_with_halves(std::span<const HalfCandidate> candidates,
                                          const LayerBounds& bounds);

// The whole square root.
std::int64_t root(std::int64_t n);

}  // namespace diemcau::rate
