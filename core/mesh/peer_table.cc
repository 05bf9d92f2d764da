// Datagrams to peers and what bridges say of themselves; what peers are told of their streams is in
// peer_reports.cc; whose an address is, in peer_addresses.cc.
#include "core/mesh/peer_table.h"

#include <algorithm>
#include <array>

#include "core/wire/rtcp.h"

namespace diemcau::mesh {

namespace {
constexpr Duration kSoundOutlasts = 10s;
constexpr std::uint8_t kStateSlot = 2;
}  // namespace

Peer::Peer(PeerId peer, const LinkContext& context, FramePool& frames, const repair::Kernel& kernel,
           ActiveSpeaker& speaker)
    : id(peer),
      link(context, peer),
      inbound({peer, context.wall, context.packets, frames, kernel, context.out, speaker,
               context.config.records}) {}

bool Peer::hears_us(Timestamp now) const {
  return link.is_up() ||
         (link.state() == LinkState::down && lost_at && now - *lost_at < kSoundOutlasts);
}

PeerTable::PeerTable(const BridgeConfig& config, const Bridge::Ports& ports, SecretRng& rng,
                     const WallTime& wall, OutputQueue& out, Boards boards, Allocation& allocation,
                     Outbound& outbound)
    : config_(config),
      ports_(ports),
      rng_(rng),
      wall_(wall),
      out_(out),
      boards_(boards),
      allocation_(allocation),
      outbound_(outbound),
      speaker_(config.roster.size()),
      tiles_(config),
      documents_(config.roster.size()) {
  DC_CHECK(config.self.value < config.roster.size());
  const LinkContext context{config, ports.packets, ports.pair_mac, ports.handshakes, rng, wall,
                            out};
  for (std::size_t i = 0; i < config.roster.size(); ++i) {
    const PeerId id{static_cast<std::uint16_t>(i)};
    peers_.push_back(id == config.self ? nullptr
                                       : std::make_unique<Peer>(id, context, ports.frames,
                                                                ports.kernel, speaker_));
    deadlines_.push_back(id == config.self ? Timestamp::max() : Timestamp{});
    if (peers_.back()) peers_.back()->inbound.want(tiles_.wanted(id));
  }
}

void PeerTable::start(Timestamp now) {
  for_each([&](Peer& peer) {
    peer.link.start(now);
    peer.report_at = now;
    update_deadline(peer);
  });
}

// --------------------------------------------------------------- datagrams

void PeerTable::packet_arrived(Timestamp now, PacketArrived& in) {
  Peer* peer = peer_behind(in.path);
  if (peer == nullptr) return drop(quality::DropReason::unknown);
  const ByteSpan bytes = in.packet->bytes();
  const bool keyed =
      in.kind == PacketKind::rtp || in.kind == PacketKind::rtcp || in.kind == PacketKind::control;
  if (keyed) peer->link.traffic_arrived(now, in.path, in.packet->wire_size());
  switch (in.kind) {
    case PacketKind::stun:
      if (const auto reason = peer->link.stun_arrived(now, in.received_at, in.path, bytes)) {
        if (!address_taken(now, *peer, in)) drop(*reason);
      }
      break;
    case PacketKind::dtls: peer->link.dtls_arrived(now, in.path, bytes); break;
    case PacketKind::control: peer->link.control_arrived(now, bytes); break;
    case PacketKind::rtcp: rtcp_arrived(now, in.received_at, *peer, bytes); break;
    case PacketKind::rtp:
      if (const auto reason = peer->inbound.rtp_arrived(now, in.received_at, std::move(in.packet),
                                                        peer->link.least_rtt())) {
        drop(*reason);
      }
      break;
  }
  touched(now, *peer);
}

void PeerTable::rtcp_arrived(Timestamp now, Timestamp received_at, Peer& peer, ByteSpan bytes) {
  wire::RtcpReader reader(bytes);
  bool bye = false;
  while (const auto packet = reader.next()) {
    if (const auto* report = std::get_if<wire::SenderReport>(&*packet)) {
      peer.inbound.sender_report_arrived(received_at, *report);
    } else if (const auto* feedback = std::get_if<wire::Ccfb>(&*packet)) {
      outbound_.report_arrived(now, peer.id, *feedback, peer.link.least_rtt());
      peer.inbound.set_way_back(outbound_.repair(peer.id).loses(),
                                outbound_.uplink().rate(peer.id));
      allocation_.rates_changed();
    } else if (const auto* nack = std::get_if<wire::Nack>(&*packet)) {
      outbound_.nack_arrived(now, peer.id, *nack, peer.link.least_rtt());
    } else if (std::holds_alternative<wire::Bye>(*packet)) {
      bye = true;
    }
  }
  if (reader.error()) drop(quality::DropReason::malformed);
  if (bye) peer.link.peer_left(now);
}

void PeerTable::send_rtp(Outbound::Departure& departure) {
  Peer& peer = *peers_[departure.peer.value];
  const Path* path = peer.link.media_leaves(departure.packet->wire_size());
  if (path == nullptr) return;
  out_.push(SendPacket{path->id, PacketKind::rtp, std::move(departure.packet)});
}

void PeerTable::frame_dropped(Timestamp now, const send::Pacer::DroppedFrame& frame) {
  LayerBoard& board = boards_.of(frame.source);
  if (!board.goes_to(frame.peer, frame.layer)) {
    // All that was still to come leans on it.
    if (frame.source == Source::document && boards_.pages.call_off(frame.peer, frame.layer))
      board.request_key(now, frame.layer);
    return;
  }
  board.frame_dropped(now, frame.peer, frame.layer,
                      outbound_.full_frame_number({frame.source, frame.layer}, frame.frame_number),
                      outbound_.first_doubtful(frame));
}

void PeerTable::send_rtcp(Timestamp now, Peer& peer, ByteSpan bytes) {
  stirs_ = true;
  const Path* path = peer.link.media_leaves(bytes.size());
  if (path == nullptr) return;
  PacketRef packet = ports_.packets.take();
  std::copy(bytes.begin(), bytes.end(), packet->data());
  packet->set_size(bytes.size());
  outbound_.account(now, bytes.size());
  out_.push(SendPacket{path->id, PacketKind::rtcp, std::move(packet)});
}

// ----------------------------------------------------------------- messages

void PeerTable::message_arrived(Timestamp now, Peer& peer, const wire::Message& message) {
  stirs_ = true;
  if (const auto* state = std::get_if<wire::BridgeState>(&message)) {
    state_arrived(now, peer, *state);
  } else if (const auto* loss = std::get_if<wire::LossReport>(&message)) {
    if (const auto lost = outbound_.pictures_of(peer.id, loss->ssrc)) {
      boards_.of(lost->source)
          .loss_reported(now, peer.id, lost->layer,
                         outbound_.full_frame_number(*lost, loss->first_lost),
                         outbound_.arrives_within(peer.id, peer.link.rtt()));
    }
  } else if (const auto* key = std::get_if<wire::KeyRequest>(&message)) {
    if (const auto needs = outbound_.pictures_of(peer.id, key->ssrc))
      boards_.of(needs->source)
          .key_reported(now, peer.id, needs->layer,
                        outbound_.arrives_within(peer.id, peer.link.rtt()));
  } else if (std::holds_alternative<wire::Goodbye>(message)) {
    peer.link.peer_left(now);
  }
}

void PeerTable::state_arrived(Timestamp now, Peer& peer, const wire::BridgeState& state) {
  if (state.serial <= peer.state_serial) return;
  peer.state_serial = state.serial;
  peer.inbound.streams_announced(now, state.streams);
  peer.inbound.sends({state.microphone, state.camera, state.document});
  const std::string& self = config_.roster[config_.self.value].id;
  peer.wanted = {};
  for (const wire::Subscription& s : state.subscriptions) {
    if (s.origin != self || !s.layer || *s.layer == Layer::only) continue;
    std::optional<Layer>& wanted = peer.wanted.of(s.source);
    wanted = wanted ? std::max(*wanted, *s.layer) : *s.layer;
  }
  if (peer.link.is_up()) want(peer);
  peer.announces_document = state.document;
  follow_document(now, peer);
}

void PeerTable::want(Peer& peer) {
  allocation_.want(peer.id, {status_.camera ? peer.wanted.camera : std::nullopt,
                             status_.document ? peer.wanted.document : std::nullopt});
}

void PeerTable::send_state(Timestamp now, Peer& peer) {
  wire::BridgeState state;
  state.serial = ++serial_;
  state.microphone = status_.microphone;
  state.camera = status_.camera;
  state.document = status_.document;
  peer.asked = peer.inbound.wanted();
  for (const Source source : {Source::camera, Source::document}) {
    if (const auto layer = peer.asked.of(source))
      state.subscriptions.push_back({config_.roster[peer.id.value].id, source, *layer});
  }
  state.streams = outbound_.streams(peer.id);
  peer.link.send_control(now, wire::ControlPriority::subscriptions, state, kStateSlot);
}

void PeerTable::set_status(Timestamp now, const LocalStatus& status) {
  if (status.document) outbound_.set_document(true, rng_);
  if (status_.document != status.document) set_document(now, config_.self, status.document);
  if (!status.document) outbound_.set_document(false, rng_);
  status_ = status;
  for_each([&](Peer& peer) {
    if (!peer.link.is_up()) return;
    want(peer);
    send_state(now, peer);
    update_deadline(peer);
  });
}

void PeerTable::leave(Timestamp now) {
  for_each([&](Peer& peer) {
    if (!peer.link.is_up()) return;
    std::array<std::uint8_t, 64> buffer;
    ByteWriter writer(buffer);
    const std::array<Ssrc, 1> ssrcs = {outbound_.rtcp_ssrc(peer.id)};
    wire::write_receiver_report(writer, ssrcs[0], {});
    wire::write_bye(writer, ssrcs, "leaving");
    send_rtcp(now, peer, writer.written());
    peer.link.leave(now);
    allocation_.gone(peer.id);
  });
}

// --------------------------------------------------------------------- time

void PeerTable::link_changed(Timestamp now, Peer& peer) {
  const bool up = peer.link.is_up();
  stirs_ = true;
  if (peer.generation != peer.link.generation()) {
    peer.generation = peer.link.generation();
    peer.state_serial = 0;
    peer.wanted = {};
    peer.announces_document = false;
    peer.associated = true;
    outbound_.association_began(peer.id, rng_);
    boards_.pages.forget(peer.id);
    peer.inbound.association_began();
  }
  if (up && !peer.was_up) {
    outbound_.set_repairs(peer.id, peer.link.repairs());
    outbound_.set_sound_by_time(peer.id, peer.link.sound_by_time());
    peer.lost_at.reset();
    // Where only we had lost it, nothing is told anew.
    if (peer.announces_document && !peer.documents) set_document(now, peer.id, true);
    want(peer);
    send_state(now, peer);
  } else if (!up && peer.was_up) {
    peer.lost_at = now;
    allocation_.gone(peer.id);
    peer.inbound.paused();
    if (peer.documents) set_document(now, peer.id, false);
  }
  if (peer.associated && peer.link.state() == LinkState::checking) {
    peer.associated = false;
    outbound_.forget(peer.id);
    peer.inbound.peer_left();
    // Told before its hello, which never came.
    if (peer.documents) set_document(now, peer.id, false);
  }
  peer.was_up = up;
  if (up && peer.asked != peer.inbound.wanted()) send_state(now, peer);
}

void PeerTable::touched(Timestamp now, Peer& peer) {
  follow_link(now, peer);
  if (peer.link.has_message()) {
    while (const auto message = peer.link.poll_message(now)) message_arrived(now, peer, *message);
    follow_link(now, peer);
  }
  if (peer.link.is_up()) {
    if (const auto& clock = peer.link.clock()) peer.inbound.clock_estimated(now, clock->offset);
    if (peer.inbound.lacks_pictures()) send_losses(now, peer);
    if (peer.inbound.nack_due() <= now) send_nacks(now, peer);
    if (peer.inbound.feedback_due() <= now) send_feedback(now, peer);
  }
  if (peer.link.is_up() && peer.state_serial > 0) follow_document(now, peer);
  if (const auto second = peer.inbound.take_line_second()) downlink_.second_over(now, *second);
  update_deadline(peer);
}

void PeerTable::update_deadline(Peer& peer) {
  Timestamp first = std::min(peer.link.deadline(), peer.inbound.due());
  if (peer.link.is_up())
    first = std::min({first, peer.report_at, peer.inbound.feedback_due(), peer.inbound.nack_due()});
  Timestamp& own = deadlines_[peer.id.value];
  if (first < earliest_) {
    earliest_ = first;
  } else if (own == earliest_ && first != own) {
    earliest_known_ = false;
  }
  own = first;
}

void PeerTable::find_earliest() const {
  earliest_ = *std::min_element(deadlines_.begin(), deadlines_.end());
  earliest_known_ = true;
}

void PeerTable::time_passed(Timestamp now) {
  watch_tiles(now);
  if (earliest() > now) return;
  for (std::size_t i = 0; i < deadlines_.size(); ++i) {
    if (deadlines_[i] > now) continue;
    Peer& peer = *peers_[i];
    peer.link.time_passed(now);
    peer.inbound.time_passed(now);
    touched(now, peer);
    if (peer.link.is_up() && peer.report_at <= now) {
      send_reports(now, peer);
      update_deadline(peer);
    }
  }
}

Timestamp PeerTable::due() const {
  return std::min(earliest(), tiles_.deadline().value_or(Timestamp::max()));
}

quality::BridgeReport PeerTable::report(Timestamp now) const {
  quality::BridgeReport r;
  for (const auto& peer : peers_) {
    if (!peer) continue;
    peer->inbound.report(now, r.flows);
    quality::PathReport& path = r.paths.emplace_back(peer->link.report(now));
    const auto& sent = outbound_.repair(peer->id).figures();
    const auto& received = peer->inbound.repair_figures();
    path.repair = {sent.repeated,  sent.coded,       sent.repair_bytes, received.repeated,
                   received.coded, received.useless, received.recovered};
    path.pictures_left_out = outbound_.pictures_left_out(peer->id);
    if (const auto figures = outbound_.uplink().figures(peer->id)) {
      path.target = figures->target;
      path.queue = figures->queue;
      path.inherent_loss_permille = figures->inherent_loss_permille;
    }
  }
  for (const Layer layer : {Layer::lo, Layer::mid, Layer::hi})
    r.temporal[static_cast<std::size_t>(layer)] = boards_.camera.temporal(layer);
  r.speaker = speaker_.speaker();
  r.speaker_changes = speaker_.changes();
  r.limit = downlink_.limit();
  r.documents = documents_.report(now);
  std::copy(std::begin(dropped_), std::end(dropped_), std::begin(r.dropped));
  return r;
}

void PeerTable::reset_figures(Timestamp now) {
  for_each([&](Peer& peer) { peer.inbound.reset_figures(now); });
  documents_.reset(now);
  std::fill(std::begin(dropped_), std::end(dropped_), 0U);
}

}  // namespace diemcau::mesh
