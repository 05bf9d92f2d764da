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
// Of what a peer can get, page to face: at a member's the page has the large tile and must be read,
// the face is beside it, and on an ordinary line keeps its layer. Central keeps the record of who
// spoke, and there the face comes first.
constexpr std::int64_t kPageWeight = 2, kFaceWeight = 1;
constexpr std::int64_t kCentralPageWeight = 1, kCentralFaceWeight = 2;
// Of the least rate of lo, for everybody: as much as moving up to it needs.
constexpr std::int64_t kBasicPercent = 125;
// A picture of a page with more than a quarter of its layer's rate is one of a page being turned,
// if it is twice what a page takes that stands; two pictures of mid, and a late one, without such
// say that it stands.
constexpr std::int64_t kTurningParts = 4;
constexpr Bitrate kTurningLeast = Bitrate::kbps(30);
constexpr Duration kPageStands = 500ms;

std::array<rate::LayerBounds, 4> bounds_of(const BridgeConfig& config) {
  const LayerRates& most = config.rates;
  const LayerRates& least = config.least_rates;
  return {{{Bitrate{}, Bitrate{}},
           {std::min(least.lo, most.lo), most.lo},
           {std::min(least.mid, most.mid), most.mid},
           {std::min(least.hi, most.hi), most.hi}}};
}
std::array<rate::LayerBounds, 4> document_bounds_of(const BridgeConfig& config) {
  const DocumentRates& most = config.document_rates;
  const DocumentRates& least = config.least_document_rates;
  return {{{Bitrate{}, Bitrate{}},
           {Bitrate{}, Bitrate{}},
           {std::min(least.mid, most.mid), most.mid},
           {std::min(least.hi, most.hi), most.hi}}};
}
Bitrate percent(Bitrate r, std::int64_t n) { return Bitrate::bps(r.bps() / 100 * n); }
Bitrate with_repair(Bitrate media, std::uint32_t permille) {
  return Bitrate::bps(media.bps() / 1'000 * (1'000 + permille));
}
// One of two that share what a peer can get.
struct Part {
  std::int64_t weight;
  Bitrate most, least;  // with less than the least there is nothing to see
  Bitrate& share;       // the result
};
// By the weights; what is too little for the second is the first's, and all of what is too little
// for the first the second's.
void split(Bitrate room, const Part& first, const Part& second) {
  std::array<rate::Claim, 2> claims = {
      {{first.weight, first.most, {}}, {second.weight, second.most, {}}}};
  rate::divide(room, claims);
  const bool none = claims[1].share < second.least;
  first.share = none ? room : claims[0].share;
  second.share = none ? Bitrate{} : claims[1].share;
  if (first.share >= first.least) return;
  first.share = Bitrate{};
  second.share = room;
}
}  // namespace

Allocation::Allocation(const BridgeConfig& config, Outbound& outbound, LayerBoard& camera,
                       LayerBoard& document)
    : config_(config),
      outbound_(outbound),
      uplink_(outbound.uplink()),
      camera_{camera, {bounds_of(config), config.roster.size()}, {}},
      // Whoever can carry the last layer gets it: a page that comes slowly is better than none.
      document_{document, {document_bounds_of(config), config.roster.size(), true}, {}},
      sound_(config.rates.audio + kSoundHeaders),
      earlier_frame_(config.rates.audio + kBlockHeaders),
      peers_(config.roster.size()) {}

void Allocation::want(PeerId peer, PictureLayers best) {
  PeerWant& p = peers_[peer.value];
  p.present = true;
  if (best.document) best.document = std::max(*best.document, Layer::mid);  // there is none below
  if (p.best == best) return;
  p.best = best;
  changed_urgently();
}

void Allocation::gone(PeerId peer) {
  PeerWant& p = peers_[peer.value];
  if (!p.present) return;
  p = PeerWant{};
  changed_urgently();
}

Bitrate Allocation::sound_of(PeerId peer) const {
  const auto earlier = static_cast<std::int64_t>(uplink_.earlier_sound(peer).count());
  return sound_ + Bitrate::bps(earlier_frame_.bps() * earlier);
}

Bitrate Allocation::best_of(Source source, Layer layer) const {
  if (source == Source::document)
    return layer == Layer::hi ? config_.document_rates.hi : config_.document_rates.mid;
  return layer == Layer::hi    ? config_.rates.hi
         : layer == Layer::mid ? config_.rates.mid
                               : config_.rates.lo;
}

Bitrate Allocation::media_at_best(PeerId peer, const PictureLayers& best) const {
  Bitrate pictures;
  for (const Source source : {Source::camera, Source::document}) {
    if (const auto layer = best.of(source)) pictures = pictures + best_of(source, *layer);
  }
  return percent(pictures, kPictureCostPercent) + sound_of(peer);
}

void Allocation::claim(Timestamp now) {
  claims_.clear();
  claimants_.clear();
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    const PeerId peer{static_cast<std::uint16_t>(i)};
    const PeerWant& p = peers_[i];
    if (!p.present || !p.best.camera) camera_.board.serve(now, peer, std::nullopt);
    if (!p.present || !p.best.document) document_.board.serve(now, peer, std::nullopt);
    if (!p.present) continue;
    const bool central = config_.roster[i].role == Role::central;
    Bitrate most = sound_of(peer);
    if (!p.none())
      most = with_repair(media_at_best(peer, p.best), outbound_.repair(peer).wanted_permille());
    claims_.push_back(
        {central ? kCentralWeight : 1, std::min(most, uplink_.rate(peer)), Bitrate{}});
    claimants_.push_back(peer);
  }
  divide();
}

// A picture that stands still is worth next to nothing: before anybody gets more, as many as
// possible get the smallest ones. Central is the first of them, then who has pictures already: one
// who lacks them must not take them from another.
void Allocation::divide() {
  basics_.clear();
  for (const PeerId peer : claimants_) {
    rate::Basics b;
    const std::uint32_t overhead = outbound_.repair(peer).overhead_permille();
    b.sound = with_repair(sound_of(peer), overhead);
    if (peers_[peer.value].best.camera) {
      const Bitrate lo = std::min(config_.least_rates.lo, config_.rates.lo);
      b.pictures = with_repair(percent(lo, kPictureCostPercent * kBasicPercent / 100), overhead);
    }
    const bool central = config_.roster[peer.value].role == Role::central;
    b.turn = central ? 0 : camera_.board.serves(peer) ? 1 : 2;
    basics_.push_back(b);
  }
  rate::divide(uplink_.rate(), claims_, basics_);
}

// What is left for pictures of the peer's part, and what of it each source may have.
void Allocation::look(PeerId peer, const rate::Claim& claim) {
  const PeerWant& p = peers_[peer.value];
  if (p.none()) return;
  const repair::Sender& repair = outbound_.repair(peer);
  const Bitrate all = with_repair(media_at_best(peer, p.best), repair.wanted_permille());
  outbound_.set_repair_room(peer, claim.share >= all);
  const std::uint32_t overhead = repair.overhead_permille();
  const Bitrate sound = with_repair(sound_of(peer), overhead);
  const Bitrate rest = claim.share > sound ? claim.share - sound : Bitrate{};
  const std::int64_t cost = kPictureCostPercent * (1'000 + overhead);
  const Bitrate room = Bitrate::bps(rest.bps() * 100'000 / cost);

  Bitrate face = room, page = room;
  if (p.best.camera && p.best.document) {
    const bool central = config_.roster[peer.value].role == Role::central;
    const Bitrate most_face = best_of(Source::camera, *p.best.camera);
    const Bitrate most_page = best_of(Source::document, *p.best.document);
    const Bitrate least_face = std::min(config_.least_rates.lo, config_.rates.lo);
    const Bitrate least_page =
        std::min(config_.least_document_rates.mid, config_.document_rates.mid);
    if (central) {
      split(room, {kCentralFaceWeight, most_face, least_face, face},
            {kCentralPageWeight, most_page, least_page, page});
    } else {
      split(room, {kPageWeight, most_page, least_page, page},
            {kFaceWeight, most_face, least_face, face});
    }
    if (!turns(peer)) face = room;
  }
  const auto viewer = [&](Pictures& of, std::optional<Layer> best, Bitrate its_room) {
    if (!best) return;
    rate::Viewer v;
    v.peer = peer;
    v.wanted = *best;
    v.weight = static_cast<std::uint32_t>(claim.weight);
    v.room = its_room;
    v.now = of.board.serves(peer);
    v.now_half = of.board.serves_half(peer);
    v.calm = uplink_.calm(*planned_at_);
    v.thin_path = claim.share >= uplink_.rate(peer);
    of.viewers.push_back(v);
  };
  viewer(camera_, p.best.camera, face);
  viewer(document_, p.best.document, page);
}

bool Allocation::page_encoded(Timestamp now, Layer layer, std::size_t bytes) {
  const Bitrate rate = document_.rates[static_cast<std::size_t>(layer)];
  const std::int64_t fps = document_.board.pictures_a_second(layer);
  const Bitrate turning = std::max(Bitrate::bps(rate.bps() / kTurningParts), kTurningLeast);
  if (static_cast<std::int64_t>(bytes) * 8 * fps <= turning.bps()) return false;
  std::optional<Timestamp>& stands_at = page_stands_at_[static_cast<std::size_t>(layer)];
  const bool begins = !stands_at;
  stands_at = now + kPageStands;
  begins ? changed_urgently() : settle_due();
  return begins;
}

bool Allocation::turns(PeerId peer) const {
  const auto layer = document_.board.serves(peer);
  if (!layer) return false;
  return page_stands_at_[static_cast<std::size_t>(*layer)] || document_.board.comes_up(peer);
}

void Allocation::plan_anew(Timestamp now) {
  for (auto& stands_at : page_stands_at_) {
    if (stands_at && *stands_at <= now) stands_at.reset();
  }
  changed_ = urgent_ = false;
  planned_at_ = now;
  settle_due();
  camera_.viewers.clear();
  document_.viewers.clear();
  claim(now);
  for (std::size_t i = 0; i < claims_.size(); ++i) look(claimants_[i], claims_[i]);
  choose(now, camera_);
  choose(now, document_);
}

void Allocation::choose(Timestamp now, Pictures& pictures) {
  const rate::LayerRates3 chosen = pictures.choice.choose(now, pictures.viewers);
  for (const Layer layer : {Layer::lo, Layer::mid, Layer::hi})
    set_rate(pictures, layer, chosen.of(layer));
  for (const rate::Viewer& v : pictures.viewers)
    pictures.board.serve(now, v.peer, v.served, v.served_half);
}

void Allocation::set_rate(Pictures& pictures, Layer layer, Bitrate rate) {
  Bitrate& told = pictures.rates[static_cast<std::size_t>(layer)];
  const Bitrate change = rate > told ? rate - told : told - rate;
  if (rate == Bitrate{} || change.bps() * 100 < told.bps() * kWorthTellingPercent) return;
  told = rate;
  pictures.board.set_rate(layer, rate);
}

void Allocation::settle_due() {
  due_at_ = Timestamp::max();
  if (changed_) due_at_ = urgent_ || !planned_at_ ? Timestamp{} : *planned_at_ + kInterval;
  for (const auto& stands_at : page_stands_at_) {
    if (stands_at) due_at_ = std::min(due_at_, *stands_at);
  }
}

}  // namespace diemcau::mesh
