// Reports in, rates and windows out.
#include "core/rate/uplink.h"

#include <algorithm>
#include <utility>

#include "core/rate/delay_controller.h"

namespace diemcau::rate {

namespace {
// A path whose last report is older says nothing about the uplink's queue just now: four intervals.
constexpr Duration kFresh = 200ms;
constexpr Duration kSharedInterval = 20ms;
constexpr Duration kSharedWindow = 150ms;
constexpr Duration kIdle = 3ms;
// What we start with altogether, before anything is known: the least line in the province's plans.
constexpr Bitrate kStartTogether = Bitrate::kbps(2'000);
constexpr Bitrate kMostStart = Bitrate::kbps(500);
constexpr Bitrate kLeastStart = Bitrate::kbps(120);
// In flight beyond the round trip and what waits already: reports come every 40 ms, pictures
// every 33.
constexpr Duration kWindowSlack = 100ms;
constexpr std::int64_t kWindowBytes = 4'000;
// Without sound nothing tells that the last pictures were lost.
constexpr Duration kSilent = 300ms;
// Earlier sound takes no more than half of a path's part; a frame of 32 kbit/s with its header, 50
// times a second.
constexpr std::int64_t kEarlierSoundParts = 2;
constexpr Bitrate kEarlierFrame = Bitrate::kbps(34);

Duration between(Duration a, Duration b) { return a > b ? a - b : Duration::zero(); }
}  // namespace

Uplink::Uplink(Settings settings) : settings_(std::move(settings)), paths_(settings_.peers) {
  RateBounds bounds;
  bounds.start = kStartTogether;
  bounds.most = settings_.ceiling;
  shared_ = make(bounds, 1);
}

std::unique_ptr<Controller> Uplink::make(RateBounds bounds, std::uint32_t weight) const {
  bounds.start = std::min(bounds.start, bounds.most);
  return std::make_unique<DelayController>(bounds, weight);
}

void Uplink::association_began(PeerId peer) {
  ended(peer);
  RateBounds bounds;
  const auto others = static_cast<std::int64_t>(std::max<std::size_t>(settings_.peers - 1, 1));
  bounds.start = std::clamp(Bitrate::bps(kStartTogether.bps() / others), kLeastStart, kMostStart);
  bounds.most = settings_.ceiling;
  auto path = std::make_unique<PathState>();
  path->controller =
      make(bounds, peer.value < settings_.weights.size() ? settings_.weights[peer.value] : 1);
  paths_[peer.value] = std::move(path);
  ++open_;
}

void Uplink::ended(PeerId peer) {
  if (paths_[peer.value]) --open_;
  paths_[peer.value].reset();
}

void Uplink::sent(Timestamp now, PeerId peer, Ssrc ssrc, SeqNo seq, std::uint16_t size_bytes,
                  MediaKind media) {
  if (PathState* path = paths_[peer.value].get()) {
    path->log.add(now, ssrc, seq, size_bytes, media);
    path->meter.sent(now, size_bytes, media);
    path->sent_at = now;
  }
}

void Uplink::report_arrived(Timestamp now, PeerId peer, const wire::Ccfb& report) {
  PathState* path = paths_[peer.value].get();
  if (path == nullptr) return;
  const auto packets = path->log.take(report);
  if (packets.empty()) return;
  path->sound_loss.report(now, packets);
  std::optional<Duration> round_trip;
  for (auto p = packets.rbegin(); p != packets.rend() && !round_trip; ++p) {
    // A peer may claim to have held a report back for longer than there was.
    if (p->received) round_trip = between(now - p->sent_at, path->log.held_back());
  }
  Observation o = path->meter.report(now, packets, round_trip);
  path->queue = o.standing_queue;
  // Among few packets of one path, large ones seem to wait while they are only long.
  path->mean_queue = std::exchange(o.mean_queue, Duration::zero());
  path->reported_at = now;
  if (const auto common = common_queue(now)) {
    auto& own = path->own_queues;
    own[path->next_own++ % own.size()] = between(o.standing_queue, *common);
    o.standing_queue = *std::min_element(own.begin(), own.end());
    // What the uplink gave it says nothing about the path.
    if (o.standing_queue <= kIdle) o.busy_rate.reset();
  }
  path->last = o;
  path->controller->observe(o);
  observe_uplink(now);
}

bool Uplink::fresh(const PathState& path, Timestamp now) const {
  return path.reported_at && now - *path.reported_at <= kFresh;
}

std::optional<Duration> Uplink::common_queue(Timestamp now) const {
  std::size_t tell = 0;
  Duration least = Duration::max();
  for (const auto& path : paths_) {
    if (!path || !fresh(*path, now)) continue;
    ++tell;
    least = std::min(least, path->queue);
  }
  if (tell < 2) return std::nullopt;
  return least;
}

void Uplink::observe_uplink(Timestamp now) {
  if (shared_observed_at_ && now - *shared_observed_at_ < kSharedInterval) return;
  shared_observed_at_ = now;
  const auto common = common_queue(now);
  shared_active_ = common.has_value();
  if (!common) return;
  Observation o;
  o.now = now;
  o.standing_queue = *common;
  o.mean_queue = Duration::max();
  o.resuming = true;
  std::int64_t busy_bps = 0, tell = 0;
  for (const auto& path : paths_) {
    if (!path || !fresh(*path, now)) continue;
    o.round_trip = std::max(o.round_trip, path->last.round_trip);
    o.mean_queue = std::min(o.mean_queue, path->mean_queue);
    o.sent += path->last.sent;
    o.sent_then += path->last.sent_then;
    o.delivered += path->last.delivered;
    o.carried += path->last.carried;
    o.resuming = o.resuming && path->last.resuming;
    o.spread += path->last.spread;
    ++tell;
    busy_bps += path->meter.carried(kSharedWindow).bps();
  }
  o.spread /= tell;
  o.paths = static_cast<std::uint32_t>(tell);
  if (*common > kIdle) o.busy_rate = Bitrate::bps(busy_bps);
  shared_->observe(o);
}

bool Uplink::window_open(Timestamp now, PeerId peer) const {
  const PathState* path = paths_[peer.value].get();
  if (path == nullptr) return false;
  const Duration silent = path->meter.round_trip() + kSilent;
  if ((!path->sent_at || now - *path->sent_at > silent) &&
      (!path->reported_at || now - *path->reported_at > silent)) {
    return true;
  }
  const Duration time = path->meter.round_trip() + path->queue + kWindowSlack;
  return path->log.in_flight() <=
         path->controller->rate().bytes_in(time) + ByteCount::bytes(kWindowBytes);
}

Bitrate Uplink::rate(PeerId peer) const {
  const PathState* path = paths_[peer.value].get();
  return path != nullptr ? path->controller->rate() : Bitrate{};
}

std::size_t Uplink::earlier_sound(PeerId peer) const {
  const PathState* path = paths_[peer.value].get();
  if (path == nullptr) return 0;
  const std::size_t wanted = path->sound_loss.earlier_frames();
  if (wanted == 0) return 0;
  Bitrate part = path->controller->rate();
  if (shared_active_) {
    part = std::min(part, Bitrate::bps(shared_->rate().bps() / static_cast<std::int64_t>(open_)));
  }
  const std::int64_t room = part.bps() / (kEarlierSoundParts * kEarlierFrame.bps());
  return std::min(wanted, static_cast<std::size_t>(room));
}

Bitrate Uplink::pace(PeerId peer) const {
  const PathState* path = paths_[peer.value].get();
  return path != nullptr ? path->controller->pace() : kLeastStart;
}

Bitrate Uplink::rate() const {
  if (shared_active_)
    return std::clamp(shared_->rate(), std::min(least_pace(), settings_.ceiling),
                      settings_.ceiling);
  Bitrate sum;
  for (const auto& path : paths_) {
    if (path) sum += path->controller->rate();
  }
  return std::min(std::max(sum, kLeastStart), settings_.ceiling);
}

// Sound is never asked: whatever has been found out, there is a pace for it.
Bitrate Uplink::least_pace() const {
  auto least = Bitrate::bps(kLeastStart.bps() * static_cast<std::int64_t>(open_ + 1));
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    const std::size_t earlier = earlier_sound(PeerId{static_cast<std::uint16_t>(i)});
    least += Bitrate::bps(kEarlierFrame.bps() * static_cast<std::int64_t>(earlier));
  }
  return least;
}

Bitrate Uplink::pace() const {
  if (shared_active_)
    return std::clamp(shared_->pace(), std::min(least_pace(), settings_.ceiling),
                      settings_.ceiling);
  return settings_.ceiling;
}

std::optional<Uplink::PathFigures> Uplink::figures(PeerId peer) const {
  const PathState* path = paths_[peer.value].get();
  if (path == nullptr) return std::nullopt;
  PathFigures f;
  f.target = path->controller->rate();
  f.queue = path->queue;
  f.inherent_loss_permille = path->controller->inherent_loss_permille();
  return f;
}

}  // namespace diemcau::rate
