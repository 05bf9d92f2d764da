// Which of our layers somebody wants, and what the encoders must do about it: run, stop, refresh,
// forget lost frames.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/mesh/boundary.h"
#include "core/mesh/bridge_config.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// A layer runs while at least one peer wants it. A join needs an IDR; joins within a second share
// one (DESIGN: ≤ 1/s per layer), so that a roll-call of ten bridges does not cost ten key frames.
class LayerBoard {
 public:
  explicit LayerBoard(const LayerRates& rates) : rates_(rates) {}

  // The whole set of layers that `peer` wants of our camera; adding one asks for an IDR.
  void set_wanted(Timestamp now, PeerId peer, std::uint8_t layers_mask);
  void request_key(Timestamp now, Layer layer);
  // `first_lost` is lost at some receiver: no later frame may lean on it.
  void invalidate(Layer layer, std::uint32_t first_lost);
  void frame_encoded(Timestamp now, Layer layer, bool key);
  void time_passed(Timestamp now);
  std::optional<Timestamp> deadline() const;

  bool wants(PeerId peer, Layer layer) const;
  bool active(Layer layer) const { return state(layer).wanted_by > 0; }
  // One due change, or none; poll until empty after every call above.
  std::optional<SetEncoder> poll();

  static constexpr std::uint8_t bit(Layer layer) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(layer));
  }

 private:
  struct State {
    std::uint32_t wanted_by = 0;
    bool dirty = false;        // a SetEncoder is due
    bool idr = false;          // …and carries the request
    bool idr_waiting = false;  // asked for again within the second
    std::optional<Timestamp> last_idr_at;
    std::optional<std::uint32_t> invalidate_from;
  };
  static constexpr std::array<Layer, 3> kLayers = {Layer::lo, Layer::mid, Layer::hi};
  State& state(Layer layer) { return states_[static_cast<std::size_t>(layer)]; }
  const State& state(Layer layer) const { return states_[static_cast<std::size_t>(layer)]; }
  SetEncoder setting(Layer layer) const;

  LayerRates rates_;
  std::array<State, 4> states_{};
  std::vector<std::uint8_t> masks_;  // per PeerId
};

}  // namespace diemcau::mesh
