// Which layer goes to which peer, with all of its pictures or every second one, and at which rate
// each layer is encoded: once for all who get it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/rate/half_rate.h"
#include "core/units/bitrate.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::rate {

// One peer that wants pictures of ours.
struct Viewer {
  PeerId peer;
  Layer wanted = Layer::hi;  // the best it can use
  std::uint32_t weight = 1;
  Bitrate room;                 // what its path and its share of the uplink leave for pictures
  std::optional<Layer> now;     // what it gets; none: nothing yet
  bool now_half = false;        // at half rate
  bool thin_path = false;       // its own path has no room for more, whatever the uplink has
  bool calm = false;            // nothing has waited in the uplink for seconds
  std::optional<Layer> served;  // the result
  bool served_half = false;
};

struct LayerRates3 {
  std::array<Bitrate, 4> rate{};  // by Layer; 0: nobody gets it
  Bitrate of(Layer layer) const { return rate[static_cast<std::size_t>(layer)]; }
};

// A shared layer is as fast as the slowest of its viewers allows, so the question is whom to keep:
// each viewer's worth is its weight times the square root of the rate it sees (twice the rate is
// not twice the picture), and the threshold with the greatest sum wins. A viewer moves up only when
// there has been room for a fifth more than the layer needs for two seconds, and down when its room
// has been too small for longer than a queue takes to drain. Between a layer and the one below it
// lies the layer at half rate: for viewers that have no room for all of it, or whose room would
// hold up the others (half_rate.h). It is begun for a gain of a twentieth, and not by those who
// have nothing yet: their paths are unknown. One thread at a time.
class LayerChoice {
 public:
  // `keeps_all`: whoever has room for a layer's least rate gets it, however slow that makes it for
  // the others, and nobody half of it. Their weights then count for nothing.
  LayerChoice(std::array<LayerBounds, 4> bounds, std::size_t peers, bool keeps_all = false)
      : bounds_(bounds),
        most_roots_{root(bounds[0].most.bps()), root(bounds[1].most.bps()),
                    root(bounds[2].most.bps()), root(bounds[3].most.bps())},
        keeps_all_(keeps_all),
        roomy_since_(peers),
        roomy_for_half_since_(peers),
        tight_since_(peers),
        short_of_base_since_(peers),
        trials_(peers) {}
  // Sets `served` and `served_half` of every viewer.
  LayerRates3 choose(Timestamp now, std::vector<Viewer>& viewers);

 private:
  static constexpr Duration kDwell = 2s;
  void watch(Timestamp now, const Viewer& v);
  void judge_trial(Timestamp now, const Viewer& v);
  const LayerBounds& bounds(Layer layer) const { return bounds_[static_cast<std::size_t>(layer)]; }
  // Of what it would see of the layer.
  std::int64_t root_of(Bitrate room, Layer layer) const {
    return room >= bounds(layer).most ? most_roots_[static_cast<std::size_t>(layer)]
                                      : root(room.bps());
  }
  Duration patience(const Viewer& v) const;
  bool is_moment(Timestamp now, const Viewer& v, Layer layer, Bitrate needed) const;
  bool may_have(Timestamp now, const Viewer& v, Layer layer, Bitrate rate) const;
  bool may_have_half(Timestamp now, const Viewer& v, Layer layer) const;
  Bitrate room_of_half(Timestamp now, const Viewer& v, Layer layer) const;
  bool settle_with_halves(Timestamp now, std::vector<Viewer>& viewers, Layer layer,
                          std::int64_t worth_without, LayerRates3& out);
  void settle_last(Timestamp now, std::vector<Viewer>& viewers, LayerRates3& out);
  void settle(Timestamp now, std::vector<Viewer>& viewers, Layer layer, LayerRates3& out);

  std::array<LayerBounds, 4> bounds_;         // most 0: there is no such layer
  std::array<std::int64_t, 4> most_roots_{};  // most rooms have room for all of it
  bool keeps_all_;
  // By PeerId: room for the next step up, for its half, and none for what it gets.
  std::vector<std::optional<Timestamp>> roomy_since_, roomy_for_half_since_, tight_since_;
  std::vector<std::optional<Timestamp>> short_of_base_since_;  // of what it gets half of
  // Of all of a layer after half of it: what half proves of the path ends far below. A trial that
  // fails makes the next one wait twice as long.
  struct Trial {
    std::optional<Timestamp> began_at;
    int step = 0;  // that it went up to
    Duration patience = kDwell;
  };
  std::vector<Trial> trials_;
  // Of the last result: rates, and those of layers that some get whole and some in half.
  std::array<Bitrate, 4> rates_{}, mixed_rates_{}, mixed_next_{};
  std::vector<std::size_t> order_, half_order_;
  std::vector<HalfCandidate> candidates_;
};

}  // namespace diemcau::rate
