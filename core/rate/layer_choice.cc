// From the best layer down: whoever is not kept in one is a candidate for the next.
#include "core/rate/layer_choice.h"

#include <algorithm>

namespace diemcau::rate {

namespace {
constexpr std::int64_t kMoveUpPercent = 120;
// From half of a layer to all of it, which costs no key frame.
constexpr std::int64_t kAllOfItPercent = 110;
// A queue that drains makes the room small for some tenths of a second: no reason for a key frame.
constexpr Duration kShortage = 400ms;
// Below lo there is nothing, and coming back from nothing takes a key frame that all its viewers
// get: until then its pictures go when they can. On a thin path as well: ten senders who came back
// to a line that had dipped dipped it again.
constexpr Duration kLastShortage = 5s;
// Half rate in percent of the worth without it: to begin, and to go on.
constexpr std::int64_t kBeginHalfPercent = 105;
constexpr std::int64_t kKeepHalfPercent = 85;
// A trial of all of a layer has gone well; the longest wait for the next.
constexpr Duration kProven = 10s;
constexpr Duration kLongestPatience = 20s;
constexpr std::int64_t kSteadyPercent = 90;

void note(std::optional<Timestamp>& since, Timestamp now, bool holds) {
  if (!holds) {
    since.reset();
  } else if (!since) {
    since = now;
  }
}
bool for_long(const std::optional<Timestamp>& since, Timestamp now, Duration patience) {
  return since && now - *since >= patience;
}
bool roomy(Bitrate room, Bitrate needed, std::int64_t percent = kMoveUpPercent) {
  return room.bps() >= needed.bps() / 100 * percent;
}
// Who is at half rate beside others at full holds them up by no more than a fifth when it joins
// them; with the margin of kAllOfItPercent.
Bitrate near_enough(Bitrate rate) { return Bitrate::bps(rate.bps() * 73 / 100); }
// One up from the layer below, half a layer comes before all of it.
int step_of(std::optional<Layer> layer, bool half) {
  return layer ? 2 * static_cast<int>(*layer) + (half ? 0 : 1) : 0;
}
Layer above(Layer layer) { return static_cast<Layer>(static_cast<int>(layer) + 1); }
// Below lo there is nothing.
Layer below(Layer layer) { return static_cast<Layer>(static_cast<int>(layer) - 1); }
}  // namespace

// A shortage that does not count yet.
bool LayerChoice::is_moment(Timestamp now, const Viewer& v, Layer layer, Bitrate needed) const {
  const auto& tight = tight_since_[v.peer.value];
  if (!tight) return false;
  const bool last = bounds(below(layer)).most == Bitrate{};
  if (last) return now - *tight < kLastShortage;
  return 2 * v.room.bps() >= needed.bps() && now - *tight < kShortage;
}

// A step up that failed costs all viewers of both layers key frames and their parts of an uplink.
// On a path that alone is thin it costs nobody else, and beside greedy traffic it must be tried.
// Where nothing waits any more, what the trials failed by has gone.
Duration LayerChoice::patience(const Viewer& v) const {
  return (v.thin_path || v.calm) && !v.now_half ? kDwell : trials_[v.peer.value].patience;
}

// The first layer of a viewer needs no patience: it has nothing yet.
bool LayerChoice::may_have(Timestamp now, const Viewer& v, Layer layer, Bitrate rate) const {
  if (layer == v.now && !v.now_half) {
    return v.room >= rate || is_moment(now, v, layer, rate);
  }
  if (v.room < rate) return false;
  if (!v.now || layer < *v.now) return true;
  if (v.now_half && layer == Layer::lo) return true;  // half of lo is only for want of room
  return for_long(roomy_since_[v.peer.value], now, patience(v));
}

bool LayerChoice::may_have_half(Timestamp now, const Viewer& v, Layer layer) const {
  const Bitrate needed = half_least(bounds(layer));
  if (layer == v.now) {
    return v.room >= needed || is_moment(now, v, layer, needed);
  }
  if (v.room < needed) return false;
  if (!v.now) return layer == Layer::lo;
  return layer < *v.now || (layer == above(*v.now) && !v.now_half &&
                            for_long(roomy_for_half_since_[v.peer.value], now, patience(v)));
}

// Others' rate does not follow a viewer at half rate as its own would: rooms swing, so that a tenth
// is left; what is missing for a moment is counted as there.
Bitrate LayerChoice::room_of_half(Timestamp now, const Viewer& v, Layer layer) const {
  const auto& since = short_of_base_since_[v.peer.value];
  const Bitrate needed = base_of(rates_[static_cast<std::size_t>(layer)]);
  const Bitrate steady = Bitrate::bps(v.room.bps() * kSteadyPercent / 100);
  const bool moment = v.now == layer && v.now_half && since && now - *since < kShortage &&
                      2 * v.room.bps() >= needed.bps();
  return moment ? std::max(needed, steady) : steady;
}

void LayerChoice::settle(Timestamp now, std::vector<Viewer>& viewers, Layer layer,
                         LayerRates3& out) {
  const LayerBounds& own = bounds(layer);
  if (own.most == Bitrate{}) return;
  if (layer == Layer::lo && !keeps_all_) return settle_last(now, viewers, out);
  order_.clear();
  for (std::size_t i = 0; i < viewers.size(); ++i) {
    const Viewer& v = viewers[i];
    if (!v.served && v.wanted >= layer && may_have(now, v, layer, own.least)) order_.push_back(i);
  }
  std::sort(order_.begin(), order_.end(), [&viewers](std::size_t a, std::size_t b) {
    return viewers[a].room != viewers[b].room ? viewers[a].room > viewers[b].room : a < b;
  });
  // Of the candidates in falling order of room, the first k: they all see the k-th one's rate.
  std::int64_t best_worth = 0, weight_in = 0, worth_out = 0;
  std::size_t best = 0;
  for (const std::size_t i : order_) {
    worth_out += viewers[i].weight * root_of(viewers[i].room, below(layer));
  }
  for (std::size_t k = 0; k < order_.size(); ++k) {
    const Viewer& v = viewers[order_[k]];
    weight_in += v.weight;
    worth_out -= v.weight * root_of(v.room, below(layer));
    const std::int64_t worth = weight_in * root_of(v.room, layer) + worth_out;
    if (worth >= best_worth) {
      best_worth = worth;
      best = k + 1;
    }
  }
  if (keeps_all_) {
    best = order_.size();
  } else if (settle_with_halves(now, viewers, layer, best_worth, out)) {
    return;
  }
  for (std::size_t k = 0; k < best; ++k) viewers[order_[k]].served = layer;
  if (best > 0)
    out.rate[static_cast<std::size_t>(layer)] =
        std::clamp(viewers[order_[best - 1]].room, own.least, own.most);
}

// A picture that stands still is worth nothing, however fine the others' are: whoever can have lo
// gets it. Half of it, seven pictures a second, is for those who could have none.
void LayerChoice::settle_last(Timestamp now, std::vector<Viewer>& viewers, LayerRates3& out) {
  const LayerBounds& own = bounds(Layer::lo);
  Bitrate rate;
  for (Viewer& v : viewers) {
    if (v.served) continue;
    const bool whole = may_have(now, v, Layer::lo, own.least);
    if (!whole && !may_have_half(now, v, Layer::lo)) continue;
    v.served = Layer::lo;
    v.served_half = !whole;
    const Bitrate its = whole ? v.room : Bitrate::bps(v.room.bps() * 100 / kBasePercent);
    rate = rate == Bitrate{} ? its : std::min(rate, its);
    rate = std::clamp(rate, own.least, own.most);
  }
  out.rate[static_cast<std::size_t>(Layer::lo)] = rate;
}

// False when it is better without.
bool LayerChoice::settle_with_halves(Timestamp now, std::vector<Viewer>& viewers, Layer layer,
                                     std::int64_t worth_without, LayerRates3& out) {
  const LayerBounds& own = bounds(layer);
  half_order_.clear();
  candidates_.clear();
  bool halves_now = false, some_full = false;
  for (std::size_t i = 0; i < viewers.size(); ++i) {
    const Viewer& v = viewers[i];
    if (v.served || v.wanted < layer) continue;
    HalfCandidate c;
    c.full = may_have(now, v, layer, own.least);
    c.half = may_have_half(now, v, layer);
    if (!c.full && !c.half) continue;
    // In a moment's shortage it counts as having what it needs.
    c.room = std::max(v.room, c.full ? own.least : half_least(own));
    c.weight = v.weight;
    some_full = some_full || (c.full && !v.now_half);
    halves_now = halves_now || (v.now == layer && v.now_half);
    half_order_.push_back(i);
    candidates_.push_back(c);
  }
  if (!halves_may_help(candidates_, own)) return false;
  for (std::size_t k = 0; k < candidates_.size(); ++k) {
    HalfCandidate& c = candidates_[k];
    const Viewer& v = viewers[half_order_[k]];
    if (some_full && !c.full) c.room = std::max(half_least(own), room_of_half(now, v, layer));
    c.worth_below = c.weight * root_of(v.room, below(layer));
    if (!c.full) worth_without += c.worth_below;
  }
  const auto offer = best_with_halves(candidates_, own);
  const std::int64_t percent = halves_now ? kKeepHalfPercent : kBeginHalfPercent;
  if (!offer || offer->worth * 100 < worth_without * percent) return false;
  for (std::size_t k = 0; k < candidates_.size(); ++k) {
    const PictureRate pictures = served_at(candidates_[k], offer->rate);
    if (pictures == PictureRate::none) continue;
    Viewer& v = viewers[half_order_[k]];
    v.served = layer;
    v.served_half = pictures == PictureRate::half;
    if (!v.served_half) mixed_next_[static_cast<std::size_t>(layer)] = offer->rate;
  }
  out.rate[static_cast<std::size_t>(layer)] = offer->rate;
  return true;
}

void LayerChoice::watch(Timestamp now, const Viewer& v) {
  const std::size_t peer = v.peer.value;
  const bool can_rise = v.now && *v.now < v.wanted;
  const Layer next = v.now && v.now_half ? *v.now : can_rise ? above(*v.now) : v.wanted;
  const std::int64_t percent = v.now_half ? kAllOfItPercent : kMoveUpPercent;
  Bitrate whole = bounds(next).least;
  if (v.now_half)
    whole = std::max(whole, near_enough(mixed_rates_[static_cast<std::size_t>(next)]));
  note(roomy_since_[peer], now, roomy(v.room, whole, percent));
  note(roomy_for_half_since_[peer], now, roomy(v.room, half_least(bounds(next))));
  const Bitrate needed = !v.now       ? Bitrate{}
                         : v.now_half ? half_least(bounds(*v.now))
                                      : bounds(*v.now).least;
  note(tight_since_[peer], now, v.room < needed);
  note(short_of_base_since_[peer], now,
       v.now_half && v.room < base_of(rates_[static_cast<std::size_t>(*v.now)]));
}

void LayerChoice::judge_trial(Timestamp now, const Viewer& v) {
  Trial& trial = trials_[v.peer.value];
  const int before = step_of(v.now, v.now_half), served = step_of(v.served, v.served_half);
  if (v.now && served > before) {
    trial.began_at = now;
    trial.step = served;
  }
  if (!trial.began_at) return;
  const bool proven = now - *trial.began_at >= kProven;
  const bool failed = !proven && served < trial.step;
  if (proven) trial.patience = kDwell;
  if (failed) trial.patience = std::min(2 * trial.patience, kLongestPatience);
  if (proven || failed) trial.began_at.reset();
}

LayerRates3 LayerChoice::choose(Timestamp now, std::vector<Viewer>& viewers) {
  LayerRates3 out;
  for (Viewer& v : viewers) {
    v.served.reset();
    v.served_half = false;
    watch(now, v);
  }
  mixed_next_ = {};
  for (const Layer layer : {Layer::hi, Layer::mid, Layer::lo}) settle(now, viewers, layer, out);
  for (const Viewer& v : viewers) judge_trial(now, v);
  // Who had to leave half of a layer waits before it tries again.
  for (const Viewer& v : viewers) {
    if (!v.now_half || v.served == v.now) continue;
    roomy_since_[v.peer.value] = roomy_for_half_since_[v.peer.value] = now;
  }
  rates_ = out.rate;
  mixed_rates_ = mixed_next_;
  return out;
}

}  // namespace diemcau::rate
