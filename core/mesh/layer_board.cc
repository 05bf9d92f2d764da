// Joins, refreshes and invalidations of the camera's layers, coalesced over all peers.
#include "core/mesh/layer_board.h"

#include <algorithm>

namespace diemcau::mesh {

namespace {
constexpr Duration kIdrSpacing = 1s;
}

void LayerBoard::set_wanted(Timestamp now, PeerId peer, std::uint8_t layers_mask) {
  if (masks_.size() <= peer.value) masks_.resize(std::size_t{peer.value} + 1, 0);
  const std::uint8_t before = masks_[peer.value];
  masks_[peer.value] = layers_mask;
  for (const Layer layer : kLayers) {
    const bool had = (before & bit(layer)) != 0;
    const bool has = (layers_mask & bit(layer)) != 0;
    if (had == has) continue;
    State& s = state(layer);
    s.wanted_by = has ? s.wanted_by + 1 : s.wanted_by - 1;
    if (has) {
      s.dirty = s.dirty || s.wanted_by == 1;
      request_key(now, layer);
    } else if (s.wanted_by == 0) {
      s.dirty = true;
      s.idr = s.idr_waiting = false;
      s.invalidate_from.reset();
    }
  }
}

void LayerBoard::request_key(Timestamp now, Layer layer) {
  State& s = state(layer);
  if (s.wanted_by == 0) return;
  if (s.last_idr_at && now - *s.last_idr_at < kIdrSpacing) {
    s.idr_waiting = true;
    return;
  }
  s.last_idr_at = now;
  s.idr_waiting = false;
  s.idr = s.dirty = true;
}

void LayerBoard::invalidate(Layer layer, std::uint32_t first_lost) {
  State& s = state(layer);
  if (s.wanted_by == 0) return;
  s.invalidate_from = s.invalidate_from ? std::min(*s.invalidate_from, first_lost) : first_lost;
  s.dirty = true;
}

void LayerBoard::frame_encoded(Timestamp now, Layer layer, bool key) {
  if (!key) return;
  State& s = state(layer);
  s.last_idr_at = now;  // an IDR of the encoder's own accord serves the waiting ones too
  s.idr_waiting = false;
}

void LayerBoard::time_passed(Timestamp now) {
  for (const Layer layer : kLayers) {
    State& s = state(layer);
    if (s.idr_waiting && now - *s.last_idr_at >= kIdrSpacing) request_key(now, layer);
  }
}

std::optional<Timestamp> LayerBoard::deadline() const {
  std::optional<Timestamp> first;
  for (const Layer layer : kLayers) {
    const State& s = state(layer);
    if (!s.idr_waiting) continue;
    const Timestamp at = *s.last_idr_at + kIdrSpacing;
    first = first ? std::min(*first, at) : at;
  }
  return first;
}

bool LayerBoard::wants(PeerId peer, Layer layer) const {
  return peer.value < masks_.size() && (masks_[peer.value] & bit(layer)) != 0;
}

SetEncoder LayerBoard::setting(Layer layer) const {
  const State& s = state(layer);
  SetEncoder set;
  set.layer = layer;
  set.active = s.wanted_by > 0;
  set.rate = layer == Layer::hi ? rates_.hi : layer == Layer::mid ? rates_.mid : rates_.lo;
  set.fps = layer == Layer::lo ? 15 : 30;
  set.idr = s.idr;
  set.invalidate_from = s.invalidate_from;
  return set;
}

std::optional<SetEncoder> LayerBoard::poll() {
  for (const Layer layer : kLayers) {
    State& s = state(layer);
    if (!s.dirty) continue;
    const SetEncoder set = setting(layer);
    s.dirty = s.idr = false;
    s.invalidate_from.reset();
    return set;
  }
  return std::nullopt;
}

}  // namespace diemcau::mesh
