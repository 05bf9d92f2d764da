// One step: input into the bridge, outputs out of it, timer armed for its next deadline.
#include "node/core_loop.h"

#include "core/wire/demux.h"
#include "node/clock.h"

namespace diemcau::node {

namespace asio = boost::asio;

CoreLoop::CoreLoop(asio::io_context& io, mesh::BridgeConfig config, Parts parts)
    : parts_(std::move(parts)),
      bridge_(std::move(config), mesh::Bridge::Ports{parts_.packets, parts_.frames, parts_.pair_mac,
                                                     parts_.handshakes, kernel_}),
      inbox_(io, [this](Posted posted) { arrived(std::move(posted)); }),
      timer_(io) {}

void CoreLoop::start(mesh::LocalStatus status) {
  step(mesh::WallClock{wall_now(), Duration::zero()});
  step(status);
  parts_.port.start([this](const Endpoint& from, Timestamp at,
                           PacketRef packet) { datagram_arrived(from, at, std::move(packet)); },
                    [this] {
                      inbox_.look();
                      drain();
                    });
}

void CoreLoop::post(mesh::Input input) {
  // What was heard and seen carries its own times, and nothing waits for it but the device's next
  // question, which stands behind it: one wake-up in five was for that.
  if (std::holds_alternative<mesh::AudioPlayed>(input) ||
      std::holds_alternative<mesh::FrameShown>(input)) {
    return inbox_.leave(std::move(input));
  }
  inbox_.push(std::move(input));
}
void CoreLoop::post_video(EncodedVideo frame) { inbox_.push(std::move(frame)); }
void CoreLoop::post_audio(EncodedAudio frame) { inbox_.push(std::move(frame)); }

void CoreLoop::arrived(Posted posted) {
  if (auto* input = std::get_if<mesh::Input>(&posted)) {
    step(std::move(*input));
  } else if (const auto* video = std::get_if<EncodedVideo>(&posted)) {
    step(video->input(nals_));
  } else {
    step(std::get<EncodedAudio>(posted).input());
  }
}

void CoreLoop::step(mesh::Input input) {
  const Timestamp now = monotonic_now();
  if (parts_.witness) parts_.witness->input(now, input);
  bridge_.handle(now, std::move(input));
  drain();
  if (parts_.witness) parts_.witness->outputs_polled();
}

// ---------------------------------------------------------------- inwards

void CoreLoop::datagram_arrived(const Endpoint& from, Timestamp at, PacketRef packet) {
  const auto known = by_address_.find(from);
  const auto kind = wire::demux(packet->bytes());
  if (kind == wire::DatagramKind::stun) {
    if (known == by_address_.end()) {
      step(mesh::StrangerArrived{0, from, at, std::move(packet)});
    } else {
      step(mesh::PacketArrived{known->second, mesh::PacketKind::stun, at, std::move(packet)});
    }
    return;
  }
  // Everything else needs a path: strangers get silence.
  if (known == by_address_.end()) return drop(quality::DropReason::unknown);
  const PathId path = known->second;
  const auto opened = parts_.security.open(at, paths_[path.value].peer, *packet);
  if (!opened) return drop(opened.error());
  step(mesh::PacketArrived{path, *opened, at, std::move(packet)});
}

// --------------------------------------------------------------- outwards

void CoreLoop::drain() {
  while (auto output = bridge_.poll()) {
    if (parts_.witness) parts_.witness->output(*output);
    carry(*output);
  }
  parts_.port.flush();
  arm_timer();
}

void CoreLoop::send(mesh::SendPacket& output) {
  const RemotePath& path = paths_[output.path.value];
  if (!parts_.security.seal(path.peer, output.kind, *output.packet))
    return drop(quality::DropReason::auth);
  parts_.port.add(path.remote, std::move(output.packet));
}

void CoreLoop::carry(mesh::Output& output) {
  if (auto* packet = std::get_if<mesh::SendPacket>(&output)) return send(*packet);
  if (const auto* opened = std::get_if<mesh::PathOpened>(&output)) {
    if (paths_.size() <= opened->path.value) paths_.resize(std::size_t{opened->path.value} + 1);
    paths_[opened->path.value] = {opened->peer, opened->remote, true};
    by_address_[opened->remote] = opened->path;
  } else if (const auto* closed = std::get_if<mesh::PathClosed>(&output)) {
    const auto known = by_address_.find(paths_[closed->path.value].remote);
    if (known != by_address_.end() && known->second == closed->path) by_address_.erase(known);
    paths_[closed->path.value].open = false;
  } else if (const auto* set = std::get_if<mesh::SetEncoder>(&output)) {
    if (set->source == Source::document) {
      if (parts_.document) parts_.document->set(*set);
      return;
    }
    if (parts_.encoder) parts_.encoder->set(*set);
    std::erase_if(encoder_states_, [set](const auto& s) { return s.first == set->layer; });
    encoder_states_.emplace_back(set->layer, *set);
  } else if (const auto* audio = std::get_if<mesh::PlayAudio>(&output)) {
    if (parts_.player) parts_.player->play(*audio);
  } else if (const auto* frame = std::get_if<mesh::DecodeFrame>(&output)) {
    if (parts_.player) parts_.player->decode(*frame);
  } else if (const auto* show = std::get_if<mesh::ShowFrame>(&output)) {
    if (parts_.player) parts_.player->show(*show);
  } else if (const auto* bytes = std::get_if<mesh::RecordBytes>(&output)) {
    if (parts_.recorder) parts_.recorder->record(*bytes);
  } else if (const auto* event = std::get_if<mesh::Event>(&output)) {
    if (parts_.player) tell_player(*event);
    if (parts_.recorder) tell_recorder(*event);
    if (parts_.on_event) parts_.on_event(*event);
  }
}

void CoreLoop::tell_player(const mesh::Event& event) {
  switch (event.kind) {
    case mesh::EventKind::link_up: return parts_.player->link(event.peer, true);
    case mesh::EventKind::link_down:
    case mesh::EventKind::peer_left: return parts_.player->link(event.peer, false);
    case mesh::EventKind::speaker_changed: return parts_.player->speaker(event.peer);
    case mesh::EventKind::stream_started: return parts_.player->document(event.peer, true);
    case mesh::EventKind::stream_stopped: return parts_.player->document(event.peer, false);
    default: return;
  }
}

// A line that comes and goes must not tear the record of a document into pieces.
void CoreLoop::tell_recorder(const mesh::Event& event) {
  if (event.kind == mesh::EventKind::link_down) lost_.insert(event.peer);
  if (event.kind == mesh::EventKind::link_up) lost_.erase(event.peer);
  if (event.kind == mesh::EventKind::stream_stopped && !lost_.contains(event.peer))
    parts_.recorder->document_ended(event.peer);
}

void CoreLoop::arm_timer() {
  const auto deadline = bridge_.next_deadline();
  // A deadline that moves away is left to a wake-up that changes nothing: liveness moves it with
  // every packet.
  if (!deadline || (armed_for_ && *armed_for_ <= *deadline)) return;
  armed_for_ = deadline;
  // steady_clock is CLOCK_MONOTONIC here, with the same zero.
  timer_.expires_at(std::chrono::steady_clock::time_point(deadline->time_since_epoch()));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;  // armed anew
    armed_for_.reset();
    inbox_.look();
    step(mesh::TimePassed{});
  });
}

void CoreLoop::leave() {
  step(mesh::Command{mesh::Leave{}});
  timer_.cancel();
}

}  // namespace diemcau::node
