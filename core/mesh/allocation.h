// Divides what the uplink carries among the peers, and turns each one's part into a layer and the
// layers' rates.
#pragma once

#include <optional>
#include <vector>

#include "core/mesh/bridge_config.h"
#include "core/mesh/layer_board.h"
#include "core/mesh/outbound.h"
#include "core/rate/layer_choice.h"
#include "core/rate/uplink.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// Sound and reports come first and are never asked, then what repair takes; pictures get what is
// left of a peer's part.
// Parts are in the ratio of weights (the central bridge has 4: what it records is what counts),
// never more than a peer can use or its path carries. One thread.
class Allocation {
 public:
  Allocation(const BridgeConfig& config, Outbound& outbound, LayerBoard& board);

  // What a peer that hears us wants of our camera, at best; none: no pictures.
  void want(PeerId peer, std::optional<Layer> best);
  // Nothing at all goes to a peer that is gone.
  void gone(PeerId peer);
  // Something has been learned about a path.
  void rates_changed() { changed_ = true; }
  // Plans anew when something has changed and the last plan is old enough.
  void plan(Timestamp now);
  std::optional<Timestamp> deadline() const;

 private:
  struct PeerWant {
    bool present = false;
    std::optional<Layer> best;
  };
  Bitrate most_of(PeerId peer, Layer best) const;
  Bitrate sound_of(PeerId peer) const;
  Bitrate media_at_best(PeerId peer, Layer best) const;
  void set_rate(Layer layer, Bitrate rate);

  const BridgeConfig& config_;
  Outbound& outbound_;
  const rate::Uplink& uplink_;
  LayerBoard& board_;
  rate::LayerChoice choice_;
  Bitrate sound_;          // of one peer, with headers and reports
  Bitrate earlier_frame_;  // what carrying one more frame in each packet adds
  std::vector<PeerWant> peers_;
  std::vector<rate::Claim> claims_;
  std::vector<PeerId> claimants_;
  std::vector<rate::Viewer> viewers_;
  std::array<Bitrate, 4> rates_{};  // as the encoders have been told
  bool changed_ = false, urgent_ = false;
  std::optional<Timestamp> planned_at_;
};

}  // namespace diemcau::mesh
