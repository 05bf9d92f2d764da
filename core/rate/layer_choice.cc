// From the best layer down: whoever is not kept in one is a candidate for the next.
#include "core/rate/layer_choice.h"

#include <algorithm>
#include <bit>

namespace diemcau::rate {

namespace {
constexpr std::int64_t kMoveUpPercent = 120;
constexpr Duration kDwell = 2s;
// A queue that drains makes the room small for some tenths of a second: no reason for a key frame.
constexpr Duration kShortage = 400ms;

std::int64_t square_root(std::int64_t n) {
  // From the highest bit that can be in it, of 21; the square grows along.
  std::int64_t root = 0, rest = n;
  const auto bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(n)));
  for (int i = std::min(20, bits / 2); i >= 0; --i) {
    const std::int64_t more = ((root << 1) + (std::int64_t{1} << i)) << i;
    if (more > rest) continue;
    rest -= more;
    root += std::int64_t{1} << i;
  }
  return root;
}
}  // namespace

// The first layer of a viewer needs no patience: it has nothing yet.
bool LayerChoice::may_have(Timestamp now, const Viewer& v, Layer layer, Bitrate rate) {
  if (layer == v.now) {
    const auto& tight = tight_since_[v.peer.value];
    return v.room >= rate || (2 * v.room.bps() >= rate.bps() && tight && now - *tight < kShortage);
  }
  if (v.room < rate) return false;
  if (!v.now || layer < *v.now) return true;
  const auto& roomy = roomy_since_[v.peer.value];
  return roomy && now - *roomy >= kDwell;
}

void LayerChoice::settle(Timestamp now, std::vector<Viewer>& viewers, Layer layer,
                         LayerRates3& out) {
  const LayerBounds& bounds = bounds_[static_cast<std::size_t>(layer)];
  if (bounds.most == Bitrate{}) return;
  const Layer below =
      layer == Layer::lo ? Layer::only : static_cast<Layer>(static_cast<int>(layer) - 1);
  const Bitrate below_most = bounds_[static_cast<std::size_t>(below)].most;
  order_.clear();
  for (std::size_t i = 0; i < viewers.size(); ++i) {
    const Viewer& v = viewers[i];
    if (!v.served && v.wanted >= layer && may_have(now, v, layer, bounds.least))
      order_.push_back(i);
  }
  std::sort(order_.begin(), order_.end(), [&viewers](std::size_t a, std::size_t b) {
    return viewers[a].room != viewers[b].room ? viewers[a].room > viewers[b].room : a < b;
  });
  // Of the candidates in falling order of room, the first k: they all see the k-th one's rate.
  std::int64_t best_worth = 0, weight_in = 0, worth_out = 0;
  std::size_t best = 0;
  for (const std::size_t i : order_) {
    worth_out += viewers[i].weight * square_root(std::min(viewers[i].room, below_most).bps());
  }
  for (std::size_t k = 0; k < order_.size(); ++k) {
    const Viewer& v = viewers[order_[k]];
    weight_in += v.weight;
    worth_out -= v.weight * square_root(std::min(v.room, below_most).bps());
    const std::int64_t worth =
        weight_in * square_root(std::min(v.room, bounds.most).bps()) + worth_out;
    if (worth >= best_worth) {
      best_worth = worth;
      best = k + 1;
    }
  }
  if (keeps_all_) best = order_.size();
  for (std::size_t k = 0; k < best; ++k) viewers[order_[k]].served = layer;
  if (best > 0)
    out.rate[static_cast<std::size_t>(layer)] =
        std::clamp(viewers[order_[best - 1]].room, bounds.least, bounds.most);
}

LayerRates3 LayerChoice::choose(Timestamp now, std::vector<Viewer>& viewers) {
  LayerRates3 out;
  for (Viewer& v : viewers) {
    v.served.reset();
    auto& roomy = roomy_since_[v.peer.value];
    const Layer next =
        v.now && *v.now < v.wanted ? static_cast<Layer>(static_cast<int>(*v.now) + 1) : v.wanted;
    const std::int64_t needed =
        bounds_[static_cast<std::size_t>(next)].least.bps() / 100 * kMoveUpPercent;
    if (v.room.bps() < needed) {
      roomy.reset();
    } else if (!roomy) {
      roomy = now;
    }
    auto& tight = tight_since_[v.peer.value];
    if (!v.now || v.room >= bounds_[static_cast<std::size_t>(*v.now)].least) {
      tight.reset();
    } else if (!tight) {
      tight = now;
    }
  }
  for (const Layer layer : {Layer::hi, Layer::mid, Layer::lo}) settle(now, viewers, layer, out);
  return out;
}

}  // namespace diemcau::rate
