// Reports in, rates and windows out.
#include "core/rate/uplink.h"

#include <algorithm>
#include <utility>

#include "core/rate/delay_controller.h"
#include "core/rate/nada_controller.h"

namespace diemcau::rate {

namespace {
// A path whose last report is older says nothing about the uplink's queue just now: four intervals.
constexpr Duration kFresh = 200ms;
// Reports are 40 ms apart, and a radio line holds them up for a quarter of a second as a habit.
constexpr Duration kSameTime = 400ms;
constexpr Duration kSharedInterval = 20ms;
constexpr Duration kSharedWindow = 150ms;
constexpr Duration kIdle = 3ms;
// What we start with altogether, before anything is known: the least line in the province's plans.
constexpr Bitrate kStartTogether = Bitrate::kbps(2'000);
constexpr Bitrate kMostStart = Bitrate::kbps(500);
// Beside what sound itself takes: its headers, reports, and a small picture.
constexpr Bitrate kBesideSound = Bitrate::kbps(88);
// In flight beyond the round trip and what waits already: reports come every 40 ms, pictures
// every 33.
constexpr Duration kWindowSlack = 100ms;
constexpr std::int64_t kWindowBytes = 4'000;
// A report that comes later by that has stood in somebody's queue. Less is jitter, or the queue of
// a thin line that we fill ourselves: with 40 ms a page's median there is the same, but in one of
// thirty meetings a page was not whole before the next one, and a face stood beside it for 11 s.
constexpr Duration kHeldUp = 100ms;
// Without sound nothing tells that the last pictures were lost.
constexpr Duration kSilent = 300ms;
// Four reports' time, two where the peer reports thinly. With 120 ms the same, with the whole
// window in flight twice the key frames.
constexpr Duration kFallsSilent = 160ms;
constexpr std::int64_t kThinReports = 2;
// Lines of one kind lose alike: what a third of several paths have met, the others will.
constexpr std::size_t kSeveral = 3, kThird = 3;
// Earlier sound takes no more than half of a path's part, on a thin line of what sound leaves of
// it. What a packet of sound costs 50 times a second, and a block's header.
constexpr std::int64_t kEarlierSoundParts = 2;
constexpr Bitrate kSoundHeaders = Bitrate::kbps(38), kBlockHeaders = Bitrate::kbps(2);
// What is lost behind such a queue, the queue has turned away. Where a frame is a twelfth of the
// path's rate and more, it would make more of that, unless somebody else fills the queue, who minds
// what he loses.
constexpr Duration kNearlyFull = 40ms;
constexpr Bitrate kFrameCounts = Bitrate::kbps(400);
constexpr Duration kFullQueue = 60ms;
constexpr Duration kWaits = 10ms;  // more than jitter and our own bursts
// Ours are gone in a second and were never that deep.
constexpr Duration kOursAreGone = 1s;
constexpr Duration kDeepQueue = 400ms;
// The least that a router's queue holds, as a rule.
constexpr Duration kMayBeFull = 100ms;
// Of lo's least, with headers.
constexpr Bitrate kSmallPictures = Bitrate::kbps(100);
constexpr std::uint32_t kFloodPermille = 100;

Duration between(Duration a, Duration b) { return a > b ? a - b : Duration::zero(); }
}  // namespace

Uplink::Uplink(Settings settings)
    : settings_(std::move(settings)),
      least_start_(settings_.audio + kBesideSound),
      sound_(settings_.audio + kSoundHeaders),
      earlier_frame_(settings_.audio + kBlockHeaders),
      paths_(settings_.peers),
      told_(settings_.peers) {
  RateBounds bounds;
  bounds.start = kStartTogether;
  bounds.most = settings_.ceiling;
  shared_ =
      make(bounds, 1, static_cast<std::int64_t>(std::max<std::size_t>(settings_.peers, 2)) - 1);
  settle_sound_and_pace();
}

std::unique_ptr<Controller> Uplink::make(RateBounds bounds, std::uint32_t weight,
                                         std::int64_t paths) const {
  if (settings_.controller == ControllerKind::nada) {
    bounds.most = std::min(bounds.most, Bitrate::bps(settings_.media.bps() * paths));
    bounds.start = std::min(bounds.start, bounds.most);
    return std::make_unique<NadaController>(bounds, weight);
  }
  bounds.start = std::min(bounds.start, bounds.most);
  return std::make_unique<DelayController>(bounds, weight);
}

void Uplink::association_began(PeerId peer) {
  ended(peer);
  RateBounds bounds;
  const auto others = static_cast<std::int64_t>(std::max<std::size_t>(settings_.peers - 1, 1));
  bounds.start = std::clamp(Bitrate::bps(kStartTogether.bps() / others), least_start_, kMostStart);
  bounds.most = settings_.ceiling;
  auto path = std::make_unique<PathState>();
  path->controller =
      make(bounds, peer.value < settings_.weights.size() ? settings_.weights[peer.value] : 1, 1);
  paths_[peer.value] = std::move(path);
  ++open_;
  follow(peer);
  settle_sound_and_pace();
}

void Uplink::ended(PeerId peer) {
  if (!paths_[peer.value]) return;
  --open_;
  paths_[peer.value].reset();
  told_[peer.value] = Told{};
  settle_sound_and_pace();
}

void Uplink::sent(Timestamp now, PeerId peer, Ssrc ssrc, SeqNo seq, std::uint16_t size_bytes,
                  Source source) {
  if (PathState* path = paths_[peer.value].get()) {
    path->log.add(now, ssrc, seq, size_bytes, media_of(source));
    path->meter.sent(now, size_bytes, has_pictures(source));
    path->sent_at = now;
  }
}

void Uplink::asked_for(PeerId peer, Ssrc ssrc, SeqNo seq) {
  if (PathState* path = paths_[peer.value].get()) path->log.asked_for(ssrc, seq);
}

void Uplink::fetch_report(PeerId peer) const {
  constexpr std::size_t kController = 768;
  const PathState* path = paths_[peer.value].get();
  if (path == nullptr) return;
  diemcau::fetch(path, kReportReads);
  path->meter.fetch();
  diemcau::fetch(path->controller.get(), kController);
}

std::span<const ReportedPacket> Uplink::report_arrived(Timestamp now, PeerId peer,
                                                       const wire::Ccfb& report) {
  PathState* path = paths_[peer.value].get();
  if (path == nullptr) return {};
  path->log.take(report, reported_);
  if (reported_.empty()) return {};
  const std::span<const ReportedPacket> packets(reported_);
  std::optional<Duration> round_trip;
  for (auto p = packets.rbegin(); p != packets.rend() && !round_trip; ++p) {
    // A peer may claim to have held a report back for longer than there was.
    if (p->received) round_trip = between(now - p->sent_at, path->log.held_back());
  }
  Observation o = path->meter.report(now, packets, round_trip);
  const bool full = o.standing_queue > kNearlyFull && !path->controller->competes() &&
                    path->controller->rate() < kFrameCounts;
  const bool foreign = full_since_ && now - *full_since_ > kOursAreGone;
  path->sound_loss.report(now, packets, path->meter.round_trip(),
                          {full, o.standing_queue > kDeepQueue, foreign}, others_lose_);
  const bool loses_sound = !path->sound_loss.earlier_frames().empty();
  if (!loses_sound) path->earlier_sound = {};
  const Duration there_and_back = path->meter.way_and_back() + path->meter.wait();
  path->held_up = round_trip ? between(*round_trip, there_and_back) : Duration::zero();
  // The least of the last few: what was held up, or lost with its report, came further apart.
  if (const auto& before = told_[peer.value].at)
    path->reports_apart = std::min(now - *before, path->reports_apart * 3 / 2 + 1ms);
  told_[peer.value] = {now, now - path->held_up, o.standing_queue, loses_sound,
                       path->sound_loss.has_lost()};
  // Among few packets of one path, large ones seem to wait while they are only long.
  path->mean_queue = std::exchange(o.mean_queue, Duration::zero());
  const Timestamp newest = newest_as_of(now);
  const auto common = common_queue(now, newest);
  if (common) {
    auto& own = path->own_queues;
    // Behind a queue of its own a report tells of one that the uplink had a second ago.
    const bool late = told_[peer.value].as_of + kSameTime < newest;
    own[path->next_own++ % own.size()] =
        late ? Duration::zero() : between(o.standing_queue, *common);
    o.standing_queue = *std::min_element(own.begin(), own.end());
    o.uplink_queue = *common;
    // What the uplink gave it says nothing about the path.
    if (o.standing_queue <= kIdle) o.busy_rate.reset();
  }
  path->last = o;
  path->controller->observe(o);
  observe_uplink(now, common);
  follow(peer);
  settle_sound_and_pace();
  return packets;
}

// What is asked for every packet, from what has just been learned.
void Uplink::follow(PeerId peer) {
  PathState& path = *paths_[peer.value];
  const Duration round_trip = path.meter.round_trip();
  path.pace = path.controller->pace();
  path.silence = round_trip + kSilent;
  // What arrived while its report stood in a queue has left the way.
  const Duration held_up = path.held_up > kHeldUp ? path.held_up : Duration::zero();
  // A line that becomes slower has filled its queue before reports tell by how much: until then no
  // more than it has carried is on its way. The paths of one uplink are each other's surges.
  const bool surges = open_ == 1 && path.controller->surges();
  const Duration slack = surges ? Duration::zero() : kWindowSlack;
  const Bitrate rate =
      surges ? std::min(path.controller->rate(), path.last.carried) : path.controller->rate();
  const Duration until_told =
      std::max(round_trip, path.meter.way_and_back() + held_up) + told_[peer.value].queue + slack;
  path.window = rate.bytes_in(until_told) + ByteCount::bytes(kWindowBytes);
}

void Uplink::settle_sound_and_pace() {
  const bool thin = shared_active_ && least_rate() == Bitrate{};
  earlier_sum_ = 0;
  std::size_t have_lost = 0;
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    have_lost += told_[i].has_lost ? 1U : 0U;
    if (!told_[i].loses_sound) continue;
    PathState& path = *paths_[i];
    path.earlier_sound = earlier_sound(path, thin);
    earlier_sum_ += static_cast<std::int64_t>(path.earlier_sound.count());
  }
  others_lose_ = open_ >= kSeveral && have_lost * kThird >= open_;
  // Sound is never asked: whatever has been found out, there is a pace for it.
  const Bitrate sound = Bitrate::bps(sound_.bps() * static_cast<std::int64_t>(open_) +
                                     earlier_frame_.bps() * earlier_sum_);
  pace_ = sound_pace_ = settings_.ceiling;
  if (!shared_active_) return;
  pace_ = std::min(std::max({shared_->pace(), sound, least_rate()}), settings_.ceiling);
  sound_pace_ = std::min(std::max(pace_, basics()), settings_.ceiling);
}

bool Uplink::fresh(const Told& told, Timestamp now) { return told.at && now - *told.at <= kFresh; }

Timestamp Uplink::newest_as_of(Timestamp now) const {
  Timestamp newest;
  for (const Told& told : told_) {
    if (fresh(told, now)) newest = std::max(newest, told.as_of);
  }
  return newest;
}

std::optional<Duration> Uplink::common_queue(Timestamp now, Timestamp newest) const {
  std::size_t tell = 0;
  Duration least = Duration::max();
  for (const Told& told : told_) {
    if (!fresh(told, now)) continue;
    ++tell;
    if (told.as_of + kSameTime >= newest) least = std::min(least, told.queue);
  }
  if (tell < 2) return std::nullopt;
  return least;
}

void Uplink::observe_uplink(Timestamp now, std::optional<Duration> common) {
  if (shared_observed_at_ && now - *shared_observed_at_ < kSharedInterval) return;
  shared_observed_at_ = now;
  shared_active_ = common.has_value();
  shared_queue_ = common.value_or(Duration::zero());
  if (!common || *common > kWaits) waited_at_ = now;
  if (!common || *common <= kFullQueue) full_since_.reset();
  if (!common) return;
  if (*common > kFullQueue && !full_since_) full_since_ = now;
  Observation o;
  o.now = now;
  o.standing_queue = *common;
  o.mean_queue = Duration::max();
  o.resuming = true;
  std::int64_t busy_bps = 0, tell = 0;
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    if (!fresh(told_[i], now)) continue;
    const auto& path = paths_[i];
    o.round_trip = std::max(o.round_trip, path->last.round_trip);
    o.mean_queue = std::min(o.mean_queue, path->mean_queue);
    o.sent += path->last.sent;
    o.sent_then += path->last.sent_then;
    o.delivered += path->last.delivered;
    o.carried += path->last.carried;
    o.resuming = o.resuming && path->last.resuming;
    o.spread += path->last.spread;
    ++tell;
    if (*common > kIdle) busy_bps += path->meter.carried(kSharedWindow).bps();
  }
  o.spread /= tell;
  o.paths = static_cast<std::uint32_t>(tell);
  o.basics = basics();
  if (*common > kIdle) o.busy_rate = Bitrate::bps(busy_bps);
  shared_->observe(o);
}

bool Uplink::window_open(Timestamp now, PeerId peer) const {
  const PathState* path = paths_[peer.value].get();
  if (path == nullptr) return false;
  if (path->log.in_flight() <= path->window) return true;
  const Told& told = told_[peer.value];
  // What left at a higher rate is on its way for as long as such a queue is: nothing would leave
  // meanwhile.
  if (told.queue >= kDeepQueue && told.at && now - *told.at < kSilent) return true;
  return (!path->sent_at || now - *path->sent_at > path->silence) &&
         (!told.at || now - *told.at > path->silence);
}

Bitrate Uplink::rate(PeerId peer) const {
  const PathState* path = paths_[peer.value].get();
  return path != nullptr ? path->controller->rate() : Bitrate{};
}

wire::EarlierFrames Uplink::earlier_sound(PeerId peer) const {
  const PathState* path = paths_[peer.value].get();
  return path != nullptr ? path->earlier_sound : wire::EarlierFrames{};
}

void Uplink::set_any_distance(PeerId peer, bool any) {
  if (PathState* path = paths_[peer.value].get()) path->sound_loss.set_any_distance(any);
}

wire::EarlierFrames Uplink::earlier_sound(const PathState& path, bool thin) const {
  const wire::EarlierFrames wanted = path.sound_loss.earlier_frames();
  if (wanted.empty()) return {};
  const auto fitting = [this, wanted](Bitrate room) {
    const auto frames =
        static_cast<std::size_t>(std::max<std::int64_t>(room.bps(), 0) / earlier_frame_.bps());
    return frames < wanted.count() ? wire::EarlierFrames::nearest(frames) : wanted;
  };
  Bitrate part = path.controller->rate();
  if (shared_active_) {
    part = std::min(part, Bitrate::bps(shared_->rate().bps() / static_cast<std::int64_t>(open_)));
  }
  // Through a full queue that loses much, nothing, and through any no more than fits beside sound
  // and feedback: beside nine others on a line of 1 Mbit/s, what was meant to mend losses would be
  // what makes them.
  if (path.last.standing_queue > kFullQueue) {
    if (path.sound_loss.lost_permille() > kFloodPermille) return {};
    return fitting(part - RateBounds{}.least);
  }
  const Bitrate half = Bitrate::bps(part.bps() / kEarlierSoundParts);
  return fitting(thin ? std::min(half, part - sound_) : half);
}

Bitrate Uplink::pace(PeerId peer) const {
  const PathState* path = paths_[peer.value].get();
  return path != nullptr ? path->pace : least_start_;
}

Bitrate Uplink::rate() const {
  if (shared_active_) return std::min(std::max(shared_->rate(), least_rate()), settings_.ceiling);
  Bitrate sum;
  for (const auto& path : paths_) {
    if (path) sum += path->controller->rate();
  }
  return std::min(std::max(sum, least_start_), settings_.ceiling);
}

// Sound and lo for everybody, and reports. Where somebody else fills the uplink, more: what we
// leave, he takes.
Bitrate Uplink::basics() const {
  const Bitrate more = shared_queue_ >= kDeepQueue ? kSmallPictures : Bitrate{};
  const auto paths = static_cast<std::int64_t>(open_);
  return Bitrate::bps(least_start_.bps() * (paths + 1) + more.bps() * paths +
                      earlier_frame_.bps() * earlier_sum_);
}

// A line that has carried that much lately will again, and for a dip, or for somebody else, nobody
// loses his last picture. One that never has is too thin for it: there the queue would be ours, and
// stay.
Bitrate Uplink::least_rate() const {
  const Bitrate least = basics();
  return shared_->has_carried(least) || shared_->competes() ? least : Bitrate{};
}

bool Uplink::silent(Timestamp now, PeerId peer) const {
  const Told& told = told_[peer.value];
  if (!told.at || now - *told.at <= kFallsSilent) return false;
  const PathState* path = paths_[peer.value].get();
  if (path == nullptr || now - *told.at <= kThinReports * path->reports_apart) return false;
  // Behind somebody's upload reports come in clumps.
  if (path->held_up > kHeldUp) return false;
  // Without sound nothing goes that could be answered: one picture has to find out.
  if (path->sent_at && now - *path->sent_at > path->silence) return false;
  return path->log.in_flight() + path->log.in_flight() > path->window;
}

std::optional<SeqNo> Uplink::first_doubtful(PeerId peer, Ssrc ssrc) const {
  const PathState* path = paths_[peer.value].get();
  if (path == nullptr || told_[peer.value].queue < kMayBeFull) return std::nullopt;
  return path->log.first_untold(ssrc);
}

std::optional<Uplink::PathFigures> Uplink::figures(PeerId peer) const {
  const PathState* path = paths_[peer.value].get();
  if (path == nullptr) return std::nullopt;
  PathFigures f;
  f.target = path->controller->rate();
  f.queue = told_[peer.value].queue;
  f.inherent_loss_permille = path->controller->inherent_loss_permille();
  return f;
}

}  // namespace diemcau::rate
