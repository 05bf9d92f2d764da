// What a proven path is for: the handshake that makes keys, the greeting, and the messages that
// follow. And what comes from addresses that were not known, or were another's.
#include "core/base/check.h"
#include "core/mesh/link.h"

namespace diemcau::mesh {

namespace {
constexpr Duration kHandshakeRetry = 1s;
constexpr std::uint8_t kHelloSlot = 1;
constexpr std::uint32_t kOurCapabilities =
    wire::bit(wire::Capability::repair) | wire::bit(wire::Capability::feedback_ccfb) |
    wire::bit(wire::Capability::descriptor) | wire::bit(wire::Capability::layers) |
    wire::bit(wire::Capability::sound_by_time);
}  // namespace

// ------------------------------------------------------------ association

// A client that has restarted may be through its handshake before it has answered a check of ours:
// to drop these keys would leave it with them, and it begins no other handshake by itself. A client
// that they are not of begins one.
bool Link::keys_are_of(std::uint64_t session) const {
  if (greeted_session_ == session) return true;
  if (role_ != HandshakeRole::server) return false;
  return handshake_.running() || state_ == LinkState::greeting;
}

bool Link::may_begin_handshake() const {
  return role_ == HandshakeRole::client && state_ == LinkState::checking && peer_session_ &&
         active_path();
}

void Link::advance(Timestamp now) {
  if (!may_begin_handshake() || (handshake_retry_at_ && now < *handshake_retry_at_)) return;
  begin_handshake(now);
}

void Link::begin_handshake(Timestamp now) {
  state_ = LinkState::handshaking;
  handshake_retry_at_.reset();
  handshake_.begin(now, context_.handshakes, peer_, role_);
  send_flight();
}

void Link::dtls_arrived(Timestamp now, PathId id, ByteSpan bytes) {
  Path* path = path_of(id);
  if (path == nullptr || !path->proven || !peer_session_) return;
  ++path->packets_received;
  path->bytes_received += bytes.size();
  if (state_ == LinkState::checking && role_ == HandshakeRole::server) {
    active_ = static_cast<std::uint32_t>(path - paths_.data());
    begin_handshake(now);
  }
  if (!handshake_.exists()) return;
  const bool was_running = handshake_.running();
  handshake_.handle(now, bytes);
  send_flight();
  if (was_running && handshake_.done()) {
    ++handshakes_done_;
    ++generation_;
    state_ = LinkState::greeting;
    end_outage(now);
    greeted_session_.reset();
    told_incompatible_ = false;
    control_.reset();
    emit(EventKind::handshake_done, generation_);
    send_hello(now);
  } else if (was_running && handshake_.failed()) {
    handshake_failed(now);
  }
}

void Link::handshake_failed(Timestamp now) {
  ++handshakes_failed_;
  emit(EventKind::handshake_failed);
  reset_association(now);
  handshake_retry_at_ = now + kHandshakeRetry;
  // Whoever has fallen silent must answer a check before there is another one.
  if (now - heard_at_ >= kSuspectAfter) peer_session_.reset();
}

void Link::send_flight() {
  const auto* flight = handshake_.take_due_flight();
  if (flight == nullptr) return;
  for (const auto& datagram : *flight) send(paths_[active_], PacketKind::dtls, datagram);
}

void Link::reset_association(Timestamp now) {
  const bool was_up = state_ == LinkState::up || state_ == LinkState::down;
  if (handshake_.exists()) context_.handshakes.forget(peer_);
  handshake_.stop();
  handshake_retry_at_.reset();
  greeted_session_.reset();
  told_incompatible_ = false;
  control_.reset();
  // Whoever has started anew may have another clock: the old one's shortest round trips would win
  // for half a minute.
  for (Path& path : paths_) path.clock.reset();
  if (state_ == LinkState::up) {
    if (!left_) emit(EventKind::link_down);  // who says goodbye is not lost
    down_since_ = now;
  }
  if (was_up) end_outage(now);
  down_since_.reset();
  state_ = LinkState::checking;
}

// ---------------------------------------------------------------- addresses

bool Link::stranger_arrived(Timestamp now, Timestamp received_at, std::uint8_t uplink,
                            Endpoint from, ByteSpan bytes) {
  const auto parsed = wire::parse_stun(bytes);
  if (!parsed || parsed->message_class != wire::StunClass::request ||
      parsed->username != username_in_ || !authentic(bytes, *parsed)) {
    return false;
  }
  Path* path = find(uplink, from);
  if (path == nullptr) {
    path = open_path(now, uplink, from);
    if (path == nullptr) return true;  // authentic, and it will ask again
  } else {
    context_.out.push(PathOpened{path->id, peer_, uplink, from});  // another peer had the address
  }
  answer_check(now, received_at, *path, *parsed);
  return true;
}

bool Link::answered_from(Timestamp now, Timestamp received_at, std::uint8_t uplink, Endpoint from,
                         ByteSpan bytes) {
  Path* path = find(uplink, from);
  const auto parsed = wire::parse_stun(bytes);
  if (path == nullptr || !parsed || !path->has_asked(parsed->transaction) ||
      !authentic(bytes, *parsed)) {
    return false;
  }
  context_.out.push(PathOpened{path->id, peer_, uplink, from});
  ++path->packets_received;
  path->bytes_received += bytes.size();
  check_answered(now, received_at, *path, *parsed);
  return true;
}

// ---------------------------------------------------------------- control

void Link::send_hello(Timestamp now) {
  wire::Hello hello;
  hello.protocol_version = wire::kProtocolVersion;
  hello.min_version = wire::kProtocolVersion;
  hello.capabilities = kOurCapabilities;
  hello.session_id = session_;
  hello.bridge_id = context_.config.roster[context_.config.self.value].id;
  send_control(now, wire::ControlPriority::floor, hello, kHelloSlot);
}

void Link::hello_arrived(Timestamp now, const wire::Hello& hello) {
  if (hello.min_version > wire::kProtocolVersion ||
      hello.protocol_version < wire::kMinProtocolVersion) {
    if (!std::exchange(told_incompatible_, true))
      emit(EventKind::peer_incompatible, hello.protocol_version);
    return;
  }
  if (hello.bridge_id != context_.config.roster[peer_.value].id) return;
  peer_repairs_ = (hello.capabilities & wire::bit(wire::Capability::repair)) != 0;
  peer_knows_sound_by_time_ =
      (hello.capabilities & wire::bit(wire::Capability::sound_by_time)) != 0;
  peer_session_ = greeted_session_ = hello.session_id;
  if (state_ != LinkState::greeting) return;
  state_ = LinkState::up;
  heard_at_ = now;
  emit(EventKind::link_up);
}

void Link::control_arrived(Timestamp now, ByteSpan datagram) {
  if (state_ != LinkState::greeting && state_ != LinkState::up && state_ != LinkState::down) return;
  control_.datagram_arrived(now, datagram);
  flush_control(now);
}

std::optional<wire::Message> Link::poll_message(Timestamp now) {
  while (const auto bytes = control_.poll_message()) {
    auto message = wire::parse_message(*bytes);
    if (!message) continue;
    if (const auto* hello = std::get_if<wire::Hello>(&*message)) {
      hello_arrived(now, *hello);
    } else {
      return std::move(*message);
    }
  }
  return std::nullopt;
}

void Link::send_control(Timestamp now, wire::ControlPriority priority, const wire::Message& message,
                        std::uint8_t slot) {
  if (state_ == LinkState::checking || state_ == LinkState::handshaking) return;
  // On the stack: a message may be 64 KiB, too much to keep for each link of a large mesh.
  std::array<std::uint8_t, wire::kMaxMessageBytes> buffer;
  ByteWriter writer(buffer);
  wire::write(writer, message);
  DC_CHECK(writer.ok());
  static_cast<void>(control_.send(now, priority, writer.written(), slot));
  flush_control(now);
}

void Link::flush_control(Timestamp now) {
  std::array<std::uint8_t, wire::kMaxControlDatagram> buffer;
  while (const std::size_t size = control_.poll_datagram(now, buffer)) {
    send(paths_[active_], PacketKind::control, ByteSpan(buffer.data(), size));
  }
}

void Link::leave(Timestamp now) {
  if (state_ != LinkState::up && state_ != LinkState::down) return;
  send_control(now, wire::ControlPriority::floor, wire::Goodbye{}, 0);
}

}  // namespace diemcau::mesh
