// Joins, moves, refreshes and invalidations of a source's layers, coalesced over all peers.
#include "core/mesh/layer_board.h"

#include <algorithm>
#include <utility>

#include "core/mesh/page_memory.h"

namespace diemcau::mesh {

namespace {
constexpr Duration kPairSpacing = 2s;
constexpr Duration kLeastSpacing = 150ms;
constexpr Duration kUrgentSpacing = 250ms;
// An encoder that has not gone around a loss by then may be asked again.
constexpr Duration kMostToMake = 1s;
// A key frame of 4.5 pictures at a pace of 1.2 takes 125 ms; with a round trip and a report.
constexpr Duration kOverlap = 300ms;
constexpr Duration kTemporalHold = 3s;
// Pictures for all leave within five sixths of their interval of 67 ms, mostly within a third;
// and what was decided must be with the encoder before the next one.
constexpr Duration kHoldAfter = 40ms;
}  // namespace

// A face moves, a page is turned: whoever scrolls sees ten steps a second, and a picture of it may
// be as large as three of a camera's at the same rate.
std::uint8_t LayerBoard::pictures_a_second(Layer layer) const {
  if (source_ == Source::document) return layer == Layer::hi ? 10 : 5;
  return layer == Layer::lo ? 15 : 30;
}

void LayerBoard::add(Layer layer) {
  if (served_to_[static_cast<std::size_t>(layer)]++ == 0) dirty_.add(layer);
}

void LayerBoard::remove(std::optional<Layer> layer) {
  if (!layer) return;
  if (--served_to_[static_cast<std::size_t>(*layer)] > 0) return;
  State& s = state(*layer);
  dirty_.add(*layer);
  if (memory_ != nullptr) memory_->forget(*layer);
  key_waits_.remove(*layer);
  s.idr = s.idr_urgent = false;
  s.invalidate_from.reset();
  s.around.reset();
  s.key.reset();
  s.temporal = false;
  s.temporal_ends.reset();
  late_.remove(*layer);
  held_.remove(*layer);
  silent_.remove(*layer);
}

// The move is over: what was served before ends.
void LayerBoard::arrive(Served& served) {
  remove(served.layer);
  served.layer = served.next;
  served.half = served.next_half;
  served.next.reset();
  if (served.begun_at) --moving_;
  served.begun_at.reset();
}

void LayerBoard::serve(Timestamp now, PeerId peer, std::optional<Layer> layer, bool half) {
  if (layer == serves(peer) && half == serves_half(peer)) return;
  Served& served = peers_[peer.value];
  if (layer != serves(peer)) {
    move(now, peer, layer, half);
  } else {
    (served.next ? served.next_half : served.half) = half;
  }
  halved_ = halved_ || half;
  keep_temporal(now);
}

void LayerBoard::move(Timestamp now, PeerId peer, std::optional<Layer> layer, bool half) {
  Served& served = peers_[peer.value];
  if (memory_ != nullptr) memory_->call_off(peer);
  if (served.next) {  // the move is called off
    remove(served.next);
    served.next.reset();
    if (served.begun_at) --moving_;
    served.begun_at.reset();
  }
  if (layer == served.layer) {
    served.half = half;
    return;
  }
  if (!layer) {
    remove(served.layer);
    served.layer.reset();
    served.half = false;
    return;
  }
  served.next = layer;
  served.next_half = half;
  add(*layer);
  const bool down = served.layer && *layer < *served.layer;
  // Whoever comes, that is: who has the page in another layer and moves up can wait for a key
  // frame, and on a thin line a catch-up that loses a packet would begin the page anew.
  const bool comes = !served.layer && served_to(*layer) > 1;
  if (memory_ != nullptr && comes && memory_->begin(now, peer, *layer)) return;
  want_key(now, *layer, down);
}

// On as long as somebody needs it, and a while longer.
void LayerBoard::keep_temporal(Timestamp now) {
  if (!halved_) return;
  halved_ = false;
  temporal_due_.reset();
  for (const Layer layer : kLayers) {
    State& s = state(layer);
    const bool needed = std::any_of(peers_.begin(), peers_.end(), [layer](const Served& served) {
      return (served.layer == layer && served.half) || (served.next == layer && served.next_half);
    });
    if (needed) s.temporal_ends.reset();
    if (!needed && s.temporal && !s.temporal_ends) s.temporal_ends = now + kTemporalHold;
    const bool temporal = needed || (s.temporal && *s.temporal_ends > now);
    if (temporal != s.temporal) dirty_.add(layer);
    s.temporal = temporal;
    if (!temporal) s.temporal_ends.reset();
    if (s.temporal_ends)
      temporal_due_ = std::min(*s.temporal_ends, temporal_due_.value_or(*s.temporal_ends));
    halved_ = halved_ || temporal;
  }
}

void LayerBoard::set_rate(Layer layer, Bitrate rate) {
  State& s = state(layer);
  if (rate == s.rate) return;
  s.rate = rate;
  if (memory_ != nullptr) memory_->set_rate(layer, rate);
  if (served_to(layer) > 0) dirty_.add(layer);
}

void LayerBoard::set_late(Timestamp now, Layer layer, bool late) {
  if (late) {
    late_.add(layer);
    state(layer).late_since = now;
    return;
  }
  late_.remove(layer);
  if (held_.has(layer)) dirty_.add(layer);
  held_.remove(layer);
}

// What is encoded meanwhile would only push out the references that the encoder is to go on from.
// Asked for every input, so whoever answered last is asked first.
void LayerBoard::look_for_silence(Layer layer, const std::function<bool(PeerId)>& silent) {
  PeerId& answering = answering_[static_cast<std::size_t>(layer)];
  const auto is_silent = [&](PeerId peer) { return goes_to(peer, layer) && silent(peer); };
  const auto answers = [&](PeerId peer) {
    const Served& served = peers_[peer.value];
    const bool viewer = served.layer == layer || served.next == layer;
    return viewer && !is_silent(peer);
  };
  bool none = served_to(layer) > 0 && !answers(answering);
  for (std::uint16_t i = 0; none && i < peers_.size(); ++i) {
    if (!answers(PeerId{i})) continue;
    answering = PeerId{i};
    none = false;
  }
  if (none == silent_.has(layer)) return;
  dirty_.add(layer);
  if (none) return silent_.add(layer);
  silent_.remove(layer);
  // What others have lost would have to be gone around once more.
  bool all = true;
  for (std::uint16_t i = 0; all && i < peers_.size(); ++i) all = !is_silent(PeerId{i});
  if (all) at_once_.add(layer);
}

std::optional<Timestamp> LayerBoard::hold_due() const {
  std::optional<Timestamp> first;
  for (const Layer layer : kLayers) {
    if (!late_.has(layer) || held_.has(layer)) continue;
    const Timestamp due = state(layer).late_since + kHoldAfter;
    first = std::min(due, first.value_or(due));
  }
  return first;
}

void LayerBoard::request_key(Timestamp now, Layer layer) { want_key(now, layer, false); }

Timestamp LayerBoard::key_allowed_at(const State& s) {
  Timestamp at;
  if (s.last_idr_at) at = *s.last_idr_at + (s.idr_urgent ? kUrgentSpacing : kLeastSpacing);
  if (s.idr_before_at && !s.idr_urgent) at = std::max(at, *s.idr_before_at + kPairSpacing);
  return at;
}

void LayerBoard::want_key(Timestamp now, Layer layer, bool urgent) {
  State& s = state(layer);
  if (served_to(layer) == 0) return;
  s.idr_urgent = s.idr_urgent || urgent;
  if (key_allowed_at(s) > now) {
    key_waits_.add(layer);
    return;
  }
  s.idr_before_at = s.last_idr_at;
  s.last_idr_at = now;
  key_waits_.remove(layer);
  s.idr_urgent = false;
  s.idr = true;
  dirty_.add(layer);
}

void LayerBoard::invalidate(Timestamp now, Layer layer, std::uint32_t first_lost) {
  State& s = state(layer);
  if (served_to(layer) == 0) return;
  s.invalidate_from = s.invalidate_from ? std::min(*s.invalidate_from, first_lost) : first_lost;
  const bool to_be_made = s.around && !s.around->frame;
  s.around = {to_be_made ? std::min(s.around->lost, first_lost) : first_lost, std::nullopt, now};
  dirty_.add(layer);
}

// What goes around the first loss and leans on the next one, that nobody has told of yet, is lost
// as well. Not for the price of a key frame. And who is moving up keeps the old layer until another
// key frame of the new one has left.
void LayerBoard::frame_dropped(Timestamp now, PeerId peer, Layer layer, std::uint32_t frame,
                               std::uint32_t doubtful) {
  Served& served = peers_[peer.value];
  const State& s = state(layer);
  if (served.next == layer && served.begun_at && s.key && frame <= s.key->number) {
    served.begun_at.reset();
    --moving_;
    return request_key(now, layer);
  }
  invalidate(now, layer, costs_key(layer, doubtful) ? frame : doubtful);
}

// To be made, or on its way.
bool LayerBoard::WayAround::comes(Timestamp now, Duration takes) const {
  return now - since < (frame ? takes : kMostToMake);
}

// Only a frame behind what is lost can do without it.
bool LayerBoard::WayAround::answers(std::uint32_t first_lost) const {
  return first_lost >= lost && (!frame || first_lost < *frame);
}

// A key frame goes to all viewers of the layer, a page's next picture is up to 200 ms away: what is
// on its way already is not made again. To go around a loss once more costs a camera next to
// nothing.
void LayerBoard::loss_reported(Timestamp now, PeerId peer, Layer layer, std::uint32_t first_lost,
                               Duration takes) {
  Served& served = peers_[peer.value];
  if (served.layer != layer && served.next != layer) return;
  const State& s = state(layer);
  const bool page = source_ == Source::document && s.around && s.around->comes(now, takes) &&
                    s.around->answers(first_lost);
  const bool key = s.key && now - s.key->made_at < takes && first_lost < s.key->number;
  if (page || key) return;
  if (costs_key(layer, first_lost) && !served.keys.take(now)) return request_key(now, layer);
  invalidate(now, layer, first_lost);
}

// An encoder has nothing older to go on from: of sixteen references (codecs/x264_encoder.cc) one
// must be before what is lost, and one may be newer than we know.
bool LayerBoard::costs_key(Layer layer, std::uint32_t first_lost) const {
  const State& s = state(layer);
  constexpr std::uint32_t kReach = 16 - 2;
  return (s.key && first_lost <= s.key->number) || first_lost + kReach <= s.newest;
}

void LayerBoard::key_reported(Timestamp now, PeerId peer, Layer layer, Duration takes) {
  Served& served = peers_[peer.value];
  if (served.layer != layer && served.next != layer) return;
  const State& s = state(layer);
  const bool page =
      source_ == Source::document && s.around && s.around->comes(now, takes) && s.around->lost == 0;
  const bool key = s.key && now - s.key->made_at < takes;
  if (!page && !key && served.asked_keys.take(now)) request_key(now, layer);
}

void LayerBoard::frame_encoded(Timestamp now, Layer layer, const Made& frame) {
  State& s = state(layer);
  const bool goes_around = s.around && !s.around->frame && frame.newest_needed < s.around->lost;
  s.newest = frame.number;
  if (frame.key) {
    s.around = {0, frame.number, now};
  } else if (goes_around) {
    s.around->frame = frame.number;
    s.around->since = now;
  }
  if (!frame.key) return;
  s.key = {frame.number, now};
  s.last_idr_at = now;
  key_waits_.remove(layer);  // it serves whoever waits, asked for or not
  s.idr_urgent = false;
  for (Served& served : peers_) {
    if (served.next == layer && !served.begun_at) begin(now, served);
  }
  keep_temporal(now);
}

void LayerBoard::begin(Timestamp now, Served& served) {
  served.begun_at = now;
  ++moving_;
  // Down there is no room for both; and at half rate a key frame takes as long as an overlap.
  if (!served.layer || *served.next < *served.layer || served.next_half) arrive(served);
}

void LayerBoard::caught_up(Timestamp now, PeerId peer, Layer layer) {
  Served& served = peers_[peer.value];
  if (served.next == layer && !served.begun_at) begin(now, served);
}

void LayerBoard::look(Timestamp now) {
  if (!key_waits_.none()) {
    for (const Layer layer : kLayers) {
      const State& s = state(layer);
      if (key_waits_.has(layer) && key_allowed_at(s) <= now) want_key(now, layer, s.idr_urgent);
    }
  }
  if (temporal_due_ && *temporal_due_ <= now) keep_temporal(now);
  for (const Layer layer : kLayers) {
    const bool due = late_.has(layer) && !held_.has(layer);
    if (!due || state(layer).late_since + kHoldAfter > now) continue;
    held_.add(layer);
    dirty_.add(layer);
  }
  if (moving_ == 0) return;
  for (Served& served : peers_) {
    if (served.begun_at && now - *served.begun_at >= kOverlap) arrive(served);
  }
  keep_temporal(now);
}

std::optional<Timestamp> LayerBoard::first_due() const {
  std::optional<Timestamp> first;
  const auto earlier = [&first](Timestamp at) { first = first ? std::min(*first, at) : at; };
  if (!key_waits_.none()) {
    for (const Layer layer : kLayers) {
      if (key_waits_.has(layer)) earlier(key_allowed_at(state(layer)));
    }
  }
  if (temporal_due_) earlier(*temporal_due_);
  if (const auto due = hold_due()) earlier(*due);
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
  set.source = source_;
  set.layer = layer;
  set.active = served_to(layer) > 0;
  set.rate = s.rate;
  set.fps = pictures_a_second(layer);
  set.idr = s.idr;
  set.invalidate_from = s.invalidate_from;
  set.temporal = s.temporal;
  set.hold = held_.has(layer) || silent_.has(layer);
  set.at_once = at_once_.has(layer) && !set.hold;
  return set;
}

std::optional<SetEncoder> LayerBoard::take_dirty() {
  for (const Layer layer : kLayers) {
    if (!dirty_.has(layer)) continue;
    State& s = state(layer);
    const SetEncoder set = setting(layer);
    dirty_.remove(layer);
    at_once_.remove(layer);
    s.idr = false;
    s.invalidate_from.reset();
    return set;
  }
  return std::nullopt;
}

}  // namespace diemcau::mesh
