// Divides what the uplink carries among the peers, and turns each one's part into a layer and the
// layers' rates.
#pragma once

#include <optional>
#include <vector>

#include "core/mesh/bridge_config.h"
#include "core/mesh/layer_board.h"
#include "core/mesh/outbound.h"
#include "core/mesh/picture_layers.h"
#include "core/rate/layer_choice.h"
#include "core/rate/uplink.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// Sound and reports come first and are never asked, then what repair takes; pictures get what is
// left of a peer's part. While a page is turned, page and face share that by the weights in
// allocation.cc; a page that stands still takes next to nothing, and the face has it all.
// Parts are in the ratio of weights (the central bridge has 4: what it records is what counts),
// never more than a peer can use or its path carries. One thread.
class Allocation {
 public:
  Allocation(const BridgeConfig& config, Outbound& outbound, LayerBoard& camera,
             LayerBoard& document);

  // What a peer that hears us wants of our camera and our document, at best; none: no pictures.
  void want(PeerId peer, PictureLayers best);
  // Nothing at all goes to a peer that is gone.
  void gone(PeerId peer);
  // A picture of our document: a large one says that a page is being turned, and the first such one
  // that it has just begun to be.
  bool page_encoded(Timestamp now, Layer layer, std::size_t bytes);
  // Something has been learned about a path.
  void rates_changed() {
    changed_ = true;
    settle_due();
  }
  // Plans anew when something has changed and the last plan is old enough.
  void plan(Timestamp now) {
    if (now >= due_at_) plan_anew(now);
  }
  std::optional<Timestamp> deadline() const {
    return due_at_ != Timestamp::max() ? std::optional(due_at_) : std::nullopt;
  }

 private:
  struct PeerWant {
    bool present = false;
    PictureLayers best;
    bool none() const { return !best.camera && !best.document; }
  };
  // The layers of one source.
  struct Pictures {
    LayerBoard& board;
    rate::LayerChoice choice;
    std::vector<rate::Viewer> viewers;
    std::array<Bitrate, 4> rates{};  // as the encoders have been told
  };
  void plan_anew(Timestamp now);
  void changed_urgently() {
    changed_ = urgent_ = true;
    settle_due();
  }
  void settle_due();
  Bitrate sound_of(PeerId peer) const;
  Bitrate media_at_best(PeerId peer, const PictureLayers& best) const;
  Bitrate best_of(Source source, Layer layer) const;
  // Whether what the peer gets of the document is a page being turned.
  bool turns(PeerId peer) const;
  void claim(Timestamp now);
  void divide();
  void look(PeerId peer, const rate::Claim& claim);
  void choose(Timestamp now, Pictures& pictures);
  static void set_rate(Pictures& pictures, Layer layer, Bitrate rate);

  const BridgeConfig& config_;
  Outbound& outbound_;
  const rate::Uplink& uplink_;
  Pictures camera_, document_;
  Bitrate sound_;          // of one peer, with headers and reports
  Bitrate earlier_frame_;  // what carrying one more frame in each packet adds
  std::vector<PeerWant> peers_;
  std::vector<rate::Claim> claims_;
  std::vector<PeerId> claimants_;
  std::vector<rate::Basics> basics_;  // of the claims
  // By Layer: when a page that is being turned will be taken for one that stands.
  std::array<std::optional<Timestamp>, 4> page_stands_at_{};
  bool changed_ = false, urgent_ = false;
  std::optional<Timestamp> planned_at_;
  // What follows from these: every input asks.
  Timestamp due_at_ = Timestamp::max();
};

}  // namespace diemcau::mesh
