// Which layer goes to which peer, and at which rate each layer is encoded: once for all who get it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/units/bitrate.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::rate {

struct LayerBounds {
  Bitrate least, most;
};

// One peer that wants pictures of ours.
struct Viewer {
  PeerId peer;
  Layer wanted = Layer::hi;  // the best it can use
  std::uint32_t weight = 1;
  Bitrate room;                 // what its path and its share of the uplink leave for pictures
  std::optional<Layer> now;     // what it gets; none: nothing yet
  std::optional<Layer> served;  // the result
};

struct LayerRates3 {
  std::array<Bitrate, 4> rate{};  // by Layer; 0: nobody gets it
  Bitrate of(Layer layer) const { return rate[static_cast<std::size_t>(layer)]; }
};

// A shared layer is as fast as the slowest of its viewers allows, so the question is whom to keep:
// each viewer's worth is its weight times the square root of the rate it sees (twice the rate is
// not twice the picture), and the threshold with the greatest sum wins. A viewer moves up only when
// there has been room for a fifth more than the layer needs for two seconds, and down when its room
// has been too small for longer than a queue takes to drain. One thread at a time.
class LayerChoice {
 public:
  // `keeps_all`: whoever has room for a layer's least rate gets it, however slow that makes it for
  // the others. Their weights then count for nothing.
  LayerChoice(std::array<LayerBounds, 4> bounds, std::size_t peers, bool keeps_all = false)
      : bounds_(bounds), keeps_all_(keeps_all), roomy_since_(peers), tight_since_(peers) {}
  // Sets `served` of every viewer.
  LayerRates3 choose(Timestamp now, std::vector<Viewer>& viewers);

 private:
  bool may_have(Timestamp now, const Viewer& v, Layer layer, Bitrate rate);
  void settle(Timestamp now, std::vector<Viewer>& viewers, Layer layer, LayerRates3& out);

  std::array<LayerBounds, 4> bounds_;  // most 0: there is no such layer
  bool keeps_all_;
  std::vector<std::optional<Timestamp>> roomy_since_, tight_since_;  // by PeerId
  std::vector<std::size_t> order_;
};

}  // namespace diemcau::rate
