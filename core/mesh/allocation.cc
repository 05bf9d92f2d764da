// Claims, parts, layers, rates: in that order, ten to thirty times a second.
#include "core/mesh/allocation.h"

#include <algorithm>

namespace diemcau::mesh {

namespace {
constexpr Duration kInterval = 33ms;  // a picture
// RTP header and extensions, seal, UDP and IP of 50 packets of sound a second: 80 bytes each.
constexpr Bitrate kSoundHeaders = Bitrate::kbps(32);
// RFC 2198: four bytes for each earlier frame.
constexpr Bitrate kBlockHeaders = Bitrate::bps(1'600);
// The same headers on packets of about 1,000 bytes of picture are 9 % more, and the encoders make
// 95.6 % of what they are asked for (`diemcau-bench host`).
constexpr std::int64_t kPictureCostPercent = 105;
// An encoder is not told of less than this.
constexpr std::int64_t kWorthTellingPercent = 2;
constexpr std::uint32_t kCentralWeight = 4;

std::array<rate::LayerBounds, 4> bounds_of(const BridgeConfig& config) {
  const LayerRates& most = config.rates;
  const LayerRates& least = config.least_rates;
  return {{{Bitrate{}, Bitrate{}},
           {std::min(least.lo, most.lo), most.lo},
           {std::min(least.mid, most.mid), most.mid},
           {std::min(least.hi, most.hi), most.hi}}};
}
Bitrate percent(Bitrate r, std::int64_t n) { return Bitrate::bps(r.bps() / 100 * n); }
Bitrate with_repair(Bitrate media, std::uint32_t permille) {
  return Bitrate::bps(media.bps() / 1'000 * (1'000 + permille));
}
}  // namespace

Allocation::Allocation(const BridgeConfig& config, Outbound& outbound, LayerBoard& board)
    : config_(config),
      outbound_(outbound),
      uplink_(outbound.uplink()),
      board_(board),
      choice_(bounds_of(config), config.roster.size()),
      sound_(config.rates.audio + kSoundHeaders),
      earlier_frame_(config.rates.audio + kBlockHeaders),
      peers_(config.roster.size()) {}

void Allocation::want(PeerId peer, std::optional<Layer> best) {
  PeerWant& p = peers_[peer.value];
  p.present = true;
  if (p.best == best) return;
  p.best = best;
  changed_ = urgent_ = true;
}

void Allocation::gone(PeerId peer) {
  PeerWant& p = peers_[peer.value];
  if (!p.present) return;
  p = PeerWant{};
  changed_ = urgent_ = true;
}

Bitrate Allocation::sound_of(PeerId peer) const {
  const auto earlier = static_cast<std::int64_t>(uplink_.earlier_sound(peer));
  return sound_ + Bitrate::bps(earlier_frame_.bps() * earlier);
}

Bitrate Allocation::media_at_best(PeerId peer, Layer best) const {
  const Bitrate pictures = best == Layer::hi    ? config_.rates.hi
                           : best == Layer::mid ? config_.rates.mid
                                                : config_.rates.lo;
  return percent(pictures, kPictureCostPercent) + sound_of(peer);
}

Bitrate Allocation::most_of(PeerId peer, Layer best) const {
  const std::uint32_t wanted = outbound_.repair(peer).wanted_permille();
  return std::min(with_repair(media_at_best(peer, best), wanted), uplink_.rate(peer));
}

void Allocation::plan(Timestamp now) {
  if (!changed_ || (!urgent_ && planned_at_ && now - *planned_at_ < kInterval)) return;
  changed_ = urgent_ = false;
  planned_at_ = now;
  claims_.clear();
  claimants_.clear();
  viewers_.clear();
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    const PeerId peer{static_cast<std::uint16_t>(i)};
    const PeerWant& p = peers_[i];
    if (!p.present || !p.best) board_.serve(now, peer, std::nullopt);
    if (!p.present) continue;
    const bool central = config_.roster[i].role == Role::central;
    claims_.push_back(
        {central ? kCentralWeight : 1,
         p.best ? most_of(peer, *p.best) : std::min(sound_of(peer), uplink_.rate(peer)),
         Bitrate{}});
    claimants_.push_back(peer);
  }
  rate::divide(uplink_.rate(), claims_);
  for (std::size_t i = 0; i < claims_.size(); ++i) {
    const PeerId peer = claimants_[i];
    const auto best = peers_[peer.value].best;
    if (!best) continue;
    rate::Viewer v;
    v.peer = peer;
    v.wanted = *best;
    v.weight = static_cast<std::uint32_t>(claims_[i].weight);
    const repair::Sender& repair = outbound_.repair(peer);
    const Bitrate all = with_repair(media_at_best(peer, *best), repair.wanted_permille());
    outbound_.set_repair_room(peer, claims_[i].share >= all);
    const std::uint32_t overhead = repair.overhead_permille();
    const Bitrate sound = with_repair(sound_of(peer), overhead);
    const Bitrate rest = claims_[i].share > sound ? claims_[i].share - sound : Bitrate{};
    const std::int64_t cost = kPictureCostPercent * (1'000 + overhead);
    v.room = Bitrate::bps(rest.bps() * 100'000 / cost);
    v.now = board_.serves(peer);
    v.now_half = board_.serves_half(peer);
    viewers_.push_back(v);
  }
  const rate::LayerRates3 chosen = choice_.choose(now, viewers_);
  for (const Layer layer : {Layer::lo, Layer::mid, Layer::hi}) set_rate(layer, chosen.of(layer));
  for (const rate::Viewer& v : viewers_) board_.serve(now, v.peer, v.served, v.served_half);
}

void Allocation::set_rate(Layer layer, Bitrate rate) {
  Bitrate& told = rates_[static_cast<std::size_t>(layer)];
  const Bitrate change = rate > told ? rate - told : told - rate;
  if (rate == Bitrate{} || change.bps() * 100 < told.bps() * kWorthTellingPercent) return;
  told = rate;
  board_.set_rate(layer, rate);
}

std::optional<Timestamp> Allocation::deadline() const {
  if (!changed_ || !planned_at_) return std::nullopt;
  return urgent_ ? *planned_at_ : *planned_at_ + kInterval;
}

}  // namespace diemcau::mesh
