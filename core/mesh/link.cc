// The life of a link: its paths, its checks, its silence.
#include "core/mesh/link.h"

#include <algorithm>

#include "core/base/check.h"

namespace diemcau::mesh {

namespace {
constexpr Duration kDownAfter = 2s;
constexpr Duration kFastCheck = 50ms;  // while silent, for the first kFastChecksFor
constexpr Duration kFastChecksFor = 10s;
constexpr Duration kIdleCheck = 250ms;  // while alive but without traffic
constexpr Duration kClockCheck =
    1s;  // while alive with traffic: keeps round trip and clock offset fresh
constexpr Duration kFirstClockCheck = 100ms;  // …until the clock filter has seen a few
constexpr std::uint64_t kFirstClockChecks = 10;
constexpr std::array<Duration, 4> kBackOff = {250ms, 500ms, 1s, 2s};
constexpr Duration kForgetAfter = 10min;
constexpr Duration kTimeToProve = 500ms;

std::string username(const BridgeConfig& config, PeerId to, PeerId from) {
  return config.roster[to.value].id + ":" + config.roster[from.value].id;
}
}  // namespace

Link::Link(LinkContext context, PeerId peer)
    : peer_(peer),
      role_(context.config.self < peer ? HandshakeRole::client : HandshakeRole::server),
      context_(context),
      username_out_(username(context.config, peer, context.config.self)),
      username_in_(username(context.config, context.config.self, peer)),
      session_(context.rng.next()) {
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    paths_[i].id = PathId{static_cast<std::uint16_t>(peer.value * paths_.size() + i)};
  }
}

void Link::start(Timestamp now) {
  heard_at_ = next_check_ = now;
  for (const Endpoint& address : context_.config.roster[peer_.value].addresses) {
    if (find(0, address) != nullptr) continue;
    if (Path* path = open_path(now, 0, address)) path->from_roster = true;
  }
}

// ------------------------------------------------------------------ paths

Path* Link::path_of(PathId id) {
  const std::size_t i = id.value - peer_.value * paths_.size();
  return i < paths_.size() && paths_[i].open ? &paths_[i] : nullptr;
}

Path* Link::find(std::uint8_t uplink, const Endpoint& remote) {
  for (Path& path : paths_) {
    if (path.open && path.uplink == uplink && path.remote == remote) return &path;
  }
  return nullptr;
}

// One recorded check, sent again from many ports, is authentic each time: it takes away neither
// what the roster says, nor a path that has not had the time to be proven.
bool Link::makes_room(Timestamp now, const Path& path) const {
  if (state_ != LinkState::checking && &path == &paths_[active_]) return false;
  if (path.from_roster && &path != &paths_.back()) return false;
  return path.proven || path.from_roster || now - path.opened_at >= kTimeToProve;
}

// Null when no path makes room for it.
Path* Link::open_path(Timestamp now, std::uint8_t uplink, Endpoint remote) {
  Path* slot = nullptr;
  for (Path& path : paths_) {
    if (!path.open) {
      slot = &path;
      break;
    }
  }
  if (slot == nullptr) {
    // The stalest path that is not in use makes room: unproven ones first, then the one heard
    // longest ago.
    for (Path& path : paths_) {
      if (!makes_room(now, path)) continue;
      if (slot == nullptr ||
          (path.proven != slot->proven ? !path.proven : path.heard_at < slot->heard_at)) {
        slot = &path;
      }
    }
    if (slot == nullptr) return nullptr;
    context_.out.push(PathClosed{slot->id});
  }
  const PathId id = slot->id;
  *slot = Path{};
  slot->id = id;
  slot->open = true;
  slot->uplink = uplink;
  slot->remote = remote;
  slot->opened_at = now;
  context_.out.push(PathOpened{id, peer_, uplink, remote});
  check_soon(now);
  return slot;
}

std::optional<PathId> Link::active_path() const {
  const Path& path = paths_[active_];
  return path.open && path.proven ? std::optional(path.id) : std::nullopt;
}

std::optional<Duration> Link::rtt() const { return paths_[active_].clock.last_rtt(); }

std::optional<Duration> Link::least_rtt() const {
  const auto& estimate = paths_[active_].clock.estimate();
  return estimate ? std::optional(estimate->rtt) : std::nullopt;
}

void Link::send(Path& path, PacketKind kind, ByteSpan bytes) {
  PacketRef packet = context_.packets.take();
  DC_CHECK(bytes.size() <= packet->capacity());
  std::copy(bytes.begin(), bytes.end(), packet->data());
  packet->set_size(bytes.size());
  ++path.packets_sent;
  path.bytes_sent += bytes.size();
  context_.out.push(SendPacket{path.id, kind, std::move(packet)});
}

void Link::emit(EventKind kind, std::uint64_t detail) {
  context_.out.push(Event{kind, peer_, detail});
}

// ----------------------------------------------------------------- checks

bool Link::authentic(ByteSpan bytes, const wire::StunMessage& m) {
  return wire::verify_stun(
      bytes, m, [this](ByteSpan covered) { return context_.pair_mac.mac(peer_, covered); });
}

void Link::send_stun(Path& path, const wire::StunMessage& m) {
  std::array<std::uint8_t, wire::kMaxStunBytes> buffer;
  ByteWriter writer(buffer);
  wire::write_stun(writer, m,
                   [this](ByteSpan covered) { return context_.pair_mac.mac(peer_, covered); });
  DC_CHECK(writer.ok());
  send(path, PacketKind::stun, writer.written());
}

void Link::send_check(Timestamp now, Path& path) {
  wire::StunMessage m;
  for (std::size_t i = 0; i < m.transaction.size(); i += 4) {
    const std::uint32_t word = context_.rng.next_u32();
    for (std::size_t k = 0; k < 4; ++k) {
      m.transaction[i + k] = static_cast<std::uint8_t>(word >> (8 * k));
    }
  }
  m.username = username_out_;
  m.session_id = session_;
  path.check_sent(now, m.transaction);
  send_stun(path, m);
}

void Link::answer_check(Timestamp now, Timestamp received_at, Path& path,
                        const wire::StunMessage& request) {
  wire::StunMessage m;
  m.message_class = wire::StunClass::success;
  m.transaction = request.transaction;
  m.session_id = session_;
  m.mapped = path.remote;
  m.clock = wire::StunClock{context_.wall.at(received_at), context_.wall.at(now)};
  if (request.probe) {
    m.probe = probes_.answer(request.session_id.value_or(0), *request.probe, m.clock->received_at);
    send_stun(path, m);
    return;  // a measurement, not a bridge that came back: nobody to ask
  }
  send_stun(path, m);
  path.asks = !path.proven;
  // A session we do not know (the peer restarted), a path we have not proven, or a line that may be
  // back: ask at once. Only the answer counts, because a request can be a recording.
  if (!path.proven || (request.session_id && request.session_id != peer_session_) ||
      now - heard_at_ >= kSuspectAfter) {
    check_soon(now);
  }
}

// Each check makes the peer ask as well: without a pace two bridges that hear no answers in time
// would ask each other as fast as the line carries it. A few go at once: they make a link, and they
// read the clocks before encoders start and hold threads up by as much as is to be measured.
void Link::check_soon(Timestamp now) {
  const bool paced = now < checked_at_ + kFastCheck && !checks_at_once_.take(now);
  next_check_ = std::min(next_check_, paced ? checked_at_ + kFastCheck : now);
}

std::optional<quality::DropReason> Link::stun_arrived(Timestamp now, Timestamp received_at,
                                                      PathId id, ByteSpan bytes) {
  Path* path = path_of(id);
  if (path == nullptr) return quality::DropReason::unknown;
  const auto parsed = wire::parse_stun(bytes);
  if (!parsed) return quality::DropReason::malformed;
  if (!authentic(bytes, *parsed)) return quality::DropReason::auth;
  ++path->packets_received;
  path->bytes_received += bytes.size();
  if (parsed->message_class == wire::StunClass::request) {
    if (parsed->username != username_in_) return quality::DropReason::unknown;
    answer_check(now, received_at, *path, *parsed);
  } else if (parsed->message_class == wire::StunClass::success) {
    check_answered(now, received_at, *path, *parsed);
  }
  return std::nullopt;
}

const Path* Link::silent_at(Timestamp now, PathId id) {
  const Path* path = path_of(id);
  const bool heard = path != nullptr && path->heard_at && now - *path->heard_at < kSuspectAfter;
  return heard ? nullptr : path;
}

void Link::check_answered(Timestamp now, Timestamp received_at, Path& path,
                          const wire::StunMessage& m) {
  const auto check = path.take_check(m.transaction);
  if (!check || !m.session_id) return;
  if (peer_session_ && *peer_session_ != *m.session_id && !keys_are_of(*m.session_id))
    reset_association(now);
  peer_session_ = *m.session_id;
  if (m.clock) {
    path.clock.add(received_at - check->sent_at, context_.wall.at(check->sent_at),
                   m.clock->received_at, m.clock->sent_at);
    if (const auto last = path.clock.last_rtt()) control_.set_rtt(*last);
  }
  const bool first = !path.proven;
  path.proven = true;
  if (first) emit(EventKind::link_proven, path.id.value);
  left_ = false;
  heard(now, path);
  advance(now);
}

void Link::heard(Timestamp now, Path& path) {
  path.heard_at = now;
  heard_at_ = now;
  back_off_ = 0;
  suspect_ = false;
  // The path in use stays while it lives; the first proven one is as good as any until there are
  // several uplinks.
  Path& active = paths_[active_];
  if (!active.open || !active.proven || !active.heard_at ||
      now - *active.heard_at > kSuspectAfter) {
    if (path.proven) active_ = static_cast<std::uint32_t>(&path - paths_.data());
  }
  if (state_ == LinkState::down) {
    state_ = LinkState::up;
    emit(EventKind::link_up, static_cast<std::uint64_t>(to_ns(end_outage(now))));
  }
}

Duration Link::end_outage(Timestamp now) {
  if (!down_since_) return Duration::zero();
  const Duration away = now - *std::exchange(down_since_, std::nullopt);
  ++reconnects_;
  outage_ += away;
  return away;
}

void Link::traffic_arrived(Timestamp now, PathId id, std::size_t wire_bytes) {
  Path* path = path_of(id);
  if (path == nullptr) return;
  ++path->packets_received;
  path->bytes_received += wire_bytes;
  heard(now, *path);
}

// ------------------------------------------------------------------- time

Duration Link::check_interval(Timestamp now) {
  const Duration silent = now - heard_at_;
  if (silent < kSuspectAfter && state_ != LinkState::checking) {
    const bool learning = paths_[active_].clock.count() < kFirstClockChecks;
    return learning ? kFirstClockCheck : kClockCheck;
  }
  if (silent < kFastChecksFor) return kFastCheck;
  const Duration base = kBackOff[std::min<std::size_t>(back_off_++, kBackOff.size() - 1)];
  // ±20 %, so that bridges that lost power together do not ask together.
  const std::int64_t spread = base.count() * 2 / 5;
  return base - Duration{spread / 2} +
         Duration{spread / 1000 * static_cast<std::int64_t>(context_.rng.below(1000))};
}

void Link::watch_silence(Timestamp now) {
  const Duration silent = now - heard_at_;
  if (state_ == LinkState::up) {
    if (!suspect_ && silent >= kSuspectAfter) {
      suspect_ = true;
      emit(EventKind::link_suspect);
    }
    if (silent >= kDownAfter) {
      state_ = LinkState::down;
      down_since_ = now;
      emit(EventKind::link_down);
    }
  }
  if ((state_ == LinkState::down || state_ == LinkState::greeting) && silent >= kForgetAfter) {
    reset_association(now);
    peer_session_.reset();
    session_ = context_.rng.next();
  }
}

void Link::peer_left(Timestamp now) {
  if (left_) return;
  left_ = true;
  emit(EventKind::peer_left);
  reset_association(now);
  peer_session_.reset();
  session_ = context_.rng.next();  // whoever comes back makes new keys with us
  heard_at_ = now - kFastChecksFor;
  back_off_ = kBackOff.size() - 1;
  next_check_ = now + kBackOff.back();
}

void Link::time_passed(Timestamp now) {
  watch_silence(now);
  if (handshake_.running()) {
    handshake_.time_passed(now);
    if (handshake_.failed()) handshake_failed(now);
    send_flight();
  }
  advance(now);
  flush_control(now);
  if (now >= check_due()) {
    const bool only_active = state_ != LinkState::checking && now - heard_at_ < kSuspectAfter;
    for (Path& path : paths_) {
      // Whose address changes in the middle of a meeting is heard at the new one at once: that must
      // be proven, or what we send goes to the old one for ever.
      if (path.open && (!only_active || path.asks || &path == &paths_[active_]))
        send_check(now, path);
      path.asks = false;
    }
    checked_at_ = now;
    next_check_ = now + check_interval(now);
  }
}

// The schedule, or earlier when an established link has been quiet for kIdleCheck.
Timestamp Link::check_due() const {
  if (state_ == LinkState::checking || checked_at_ - heard_at_ >= kSuspectAfter) return next_check_;
  return std::min(next_check_, std::max(heard_at_, checked_at_) + kIdleCheck);
}

Timestamp Link::deadline() const {
  Timestamp first = check_due();
  const auto earlier = [&first](std::optional<Timestamp> t) {
    if (t && *t < first) first = *t;
  };
  if (state_ == LinkState::up) earlier(heard_at_ + (suspect_ ? kDownAfter : kSuspectAfter));
  earlier(handshake_.deadline());
  if (may_begin_handshake()) earlier(handshake_retry_at_);
  earlier(control_.deadline());
  return first;
}

quality::PathReport Link::report(Timestamp now) const {
  const Path& active = paths_[active_];
  quality::PathReport r;
  r.path = active.id;
  r.peer = peer_;
  r.up = state_ == LinkState::up;
  if (const auto& clock = active.clock.estimate()) {
    r.rtt = active.clock.last_rtt();
    r.clock_offset = clock->offset;
    r.clock_uncertainty = clock->uncertainty;
  }
  for (const Path& path : paths_) {
    r.packets_sent += path.packets_sent;
    r.bytes_sent += path.bytes_sent;
    r.packets_received += path.packets_received;
    r.bytes_received += path.bytes_received;
  }
  r.handshakes_done = handshakes_done_;
  r.handshakes_failed = handshakes_failed_;
  r.reconnects = reconnects_;
  r.outage = outage_ + (down_since_ ? now - *down_since_ : Duration::zero());
  return r;
}

}  // namespace diemcau::mesh
