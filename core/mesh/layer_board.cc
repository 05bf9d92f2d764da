// Joins, moves, refreshes and invalidations of the camera's layers, coalesced over all peers.
#include "core/mesh/layer_board.h"

#include <algorithm>

namespace diemcau::mesh {

void LayerBoard::add(Layer layer) {
  State& s = state(layer);
  if (s.served_to++ == 0) s.dirty = true;
}

void LayerBoard::remove(std::optional<Layer> layer) {
  if (!layer) return;
  State& s = state(*layer);
  if (--s.served_to > 0) return;
  s.dirty = true;
  s.idr = s.idr_waiting = false;
  s.invalidate_from.reset();
}

// The move is over: what was served before ends.
void LayerBoard::arrive(Served& served) {
  remove(served.layer);
  served.layer = served.next;
  served.next.reset();
  if (served.begun_at) --moving_;
  served.begun_at.reset();
}

void LayerBoard::serve(Timestamp now, PeerId peer, std::optional<Layer> layer) {
  Served& served = peers_[peer.value];
  if (layer == serves(peer)) return;
  if (served.next) {  // the move is called off
    remove(served.next);
    served.next.reset();
    if (served.begun_at) --moving_;
    served.begun_at.reset();
  }
  if (layer == served.layer) return;
  if (!layer) {
    remove(served.layer);
    served.layer.reset();
    return;
  }
  served.next = layer;
  add(*layer);
  const bool down = served.layer && *layer < *served.layer;
  key_within(now, *layer, down ? kUrgentSpacing : kSpacing);
}

void LayerBoard::set_rate(Layer layer, Bitrate rate) {
  State& s = state(layer);
  if (rate == s.rate) return;
  s.rate = rate;
  s.dirty = s.dirty || s.served_to > 0;
}

void LayerBoard::request_key(Timestamp now, Layer layer) { key_within(now, layer, kSpacing); }

void LayerBoard::key_within(Timestamp now, Layer layer, Duration spacing) {
  State& s = state(layer);
  if (s.served_to == 0) return;
  if (s.last_idr_at && now - *s.last_idr_at < spacing) {
    s.spacing = s.idr_waiting ? std::min(s.spacing, spacing) : spacing;
    s.idr_waiting = true;
    return;
  }
  s.last_idr_at = now;
  s.idr_waiting = false;
  s.idr = s.dirty = true;
}

void LayerBoard::invalidate(Layer layer, std::uint32_t first_lost) {
  State& s = state(layer);
  if (s.served_to == 0) return;
  s.invalidate_from = s.invalidate_from ? std::min(*s.invalidate_from, first_lost) : first_lost;
  s.dirty = true;
}

void LayerBoard::frame_encoded(Timestamp now, Layer layer, bool key) {
  if (!key) return;
  State& s = state(layer);
  s.last_idr_at = now;  // an IDR of the encoder's own accord serves the waiting ones too
  s.idr_waiting = false;
  for (Served& served : peers_) {
    if (served.next != layer || served.begun_at) continue;
    served.begun_at = now;
    ++moving_;
    if (!served.layer || *served.next < *served.layer) arrive(served);
  }
}

void LayerBoard::time_passed(Timestamp now) {
  for (const Layer layer : kLayers) {
    State& s = state(layer);
    if (s.idr_waiting && now - *s.last_idr_at >= s.spacing) key_within(now, layer, s.spacing);
  }
  if (moving_ == 0) return;
  for (Served& served : peers_) {
    if (served.begun_at && now - *served.begun_at >= kOverlap) arrive(served);
  }
}

std::optional<Timestamp> LayerBoard::deadline() const {
  std::optional<Timestamp> first;
  const auto earlier = [&first](Timestamp at) { first = first ? std::min(*first, at) : at; };
  for (const Layer layer : kLayers) {
    const State& s = state(layer);
    if (s.idr_waiting) earlier(*s.last_idr_at + s.spacing);
  }
  if (moving_ > 0) {
    for (const Served& served : peers_) {
      if (served.begun_at) earlier(*served.begun_at + kOverlap);
    }
  }
  return first;
}

SetEncoder LayerBoard::setting(Layer layer) const {
  const State& s = state(layer);
  SetEncoder set;
  set.layer = layer;
  set.active = s.served_to > 0;
  set.rate = s.rate;
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
