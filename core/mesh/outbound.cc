// Packetise once, seal per peer: the payload is shared until the pacer lets a peer's copy go.
#include "core/mesh/outbound.h"

#include <utility>

#include "core/repair/missing.h"
#include "core/repair/symbol.h"
#include "core/units/media_time.h"

namespace diemcau::mesh {

namespace {
constexpr std::array<std::pair<Source, Layer>, Outbound::kMostStreams> kStreams = {{
    {Source::microphone, Layer::only},
    {Source::camera, Layer::lo},
    {Source::camera, Layer::mid},
    {Source::camera, Layer::hi},
    {Source::repair, Layer::only},
    {Source::document, Layer::mid},
    {Source::document, Layer::hi},
}};
// In front of a payload.
constexpr std::size_t kMostHeaders =
    wire::kMaxRtpHeaderBytes + wire::redundancy_header_bytes(wire::kMostEarlierFrames);

// The best layer and sound, with a tenth for headers.
Bitrate most_of_path(const BridgeConfig& config) {
  const Bitrate media = config.rates.hi + config.rates.audio;
  return media + Bitrate::bps(media.bps() / 10);
}
}  // namespace

Outbound::Outbound(const BridgeConfig& config, Ports ports, const WallTime& wall)
    : packets_(ports.packets),
      headers_(ports.headers),
      wall_(wall),
      packetizer_(ports.packets),
      uplink_({config.roster.size(), config.uplink, config.path_weights, config.controller,
               most_of_path(config), config.rates.audio}),
      pacer_(uplink_),
      paths_(config.roster.size(), PathOut({packets_, ports.kernel})) {}

void Outbound::association_began(PeerId peer, SecretRng& rng) {
  pacer_.clear(peer);
  uplink_.association_began(peer);
  PathOut& path = paths_[peer.value];
  for (std::size_t i = 0; i < kDocumentSlot; ++i)
    path.senders[i] = send::StreamSender(Ssrc{rng.next_u32()}, rng);
  path.associated = true;
  path.has_document = false;
  if (document_) add_document(path, rng);
  path.repair.restart();
  path.repairs = false;
}

void Outbound::add_document(PathOut& path, SecretRng& rng) {
  if (!path.associated || std::exchange(path.has_document, true)) return;
  for (std::size_t i = kDocumentSlot; i < kMostStreams; ++i)
    path.senders[i] = send::StreamSender(Ssrc{rng.next_u32()}, rng);
}

void Outbound::set_document(bool shown, SecretRng& rng) {
  document_ = shown;
  if (!shown) return;
  for (PathOut& path : paths_) add_document(path, rng);
}

std::vector<wire::StreamEntry> Outbound::streams(PeerId peer) const {
  std::vector<wire::StreamEntry> entries;
  const std::size_t count = document_ ? kMostStreams : kDocumentSlot;
  for (std::size_t i = 0; i < count; ++i) {
    entries.push_back(
        {paths_[peer.value].senders[i].ssrc(), kStreams[i].first, kStreams[i].second});
  }
  return entries;
}

std::optional<Outbound::PictureStream> Outbound::pictures_of(PeerId peer, Ssrc ssrc) const {
  const PathOut& path = paths_[peer.value];
  const std::size_t count = path.has_document ? kMostStreams : kDocumentSlot;
  for (std::size_t i = 0; i < count; ++i) {
    const auto [source, layer] = kStreams[i];
    if (layer != Layer::only && path.senders[i].ssrc() == ssrc) return PictureStream{source, layer};
  }
  return std::nullopt;
}

Ssrc Outbound::rtcp_ssrc(PeerId peer) const { return paths_[peer.value].senders[0].ssrc(); }

std::span<const send::OutgoingPacket> Outbound::packetize(const VideoEncoded& frame) {
  send::VideoFrameInfo info;
  info.source = frame.source;
  info.layer = frame.layer;
  info.captured_at = frame.captured_at;
  info.captured = wall_.at(frame.captured_at);
  info.frame_number = frame.frame_number;
  info.newest_needed = frame.newest_needed;
  info.oldest_needed = frame.oldest_needed;
  info.temporal_id = frame.temporal_id;
  info.key = frame.key;
  newest_frame_[slot_of(frame.source, frame.layer)] = frame.frame_number;
  sizes_.clear();
  nals_.clear();
  for (const NalUnit& nal : frame.nals) {
    sizes_.push_back(nal.size);
    if (nal.data != nullptr) nals_.emplace_back(nal.data, nal.size);
  }
  if (nals_.size() != sizes_.size()) nals_.clear();
  return packetizer_.video(info, sizes_, nals_);
}

std::span<const send::OutgoingPacket> Outbound::packetize(const AudioEncoded& frame) {
  send::AudioFrameInfo info;
  info.captured_at = frame.captured_at;
  info.captured = wall_.at(frame.captured_at);
  info.level = {frame.level_dbov, frame.voice};
  info.samples = frame.samples;
  return packetizer_.audio(info, frame.bytes, frame.length);
}

void Outbound::enqueue_half(Timestamp now, PeerId peer,
                            std::span<const send::OutgoingPacket> frame) {
  if (!frame.empty() && frame.front().descriptor.temporal_id > 0) {
    ++paths_[peer.value].left_out;
  } else {
    pacer_.enqueue(now, peer, frame, true);
  }
}

Outbound::Departure Outbound::depart(Timestamp now, send::Pacer::Next& next) {
  send::OutgoingPacket& outgoing = next.packet;
  const Packet& payload = *outgoing.payload;
  const bool small =
      payload.elided() > 0 && payload.present() + kMostHeaders <= headers_.capacity_bytes();
  PacketRef packet = (small ? headers_ : packets_).take();
  PathOut& path = paths_[next.peer.value];
  const std::size_t slot = slot_of(outgoing.source, outgoing.descriptor.layer);
  auto& sender = path.senders[slot];
  // The next one's picture is the same, as a rule.
  if (outgoing.descriptor.end) {
    if (const auto turn = pacer_.turn(); turn && *turn != next.peer) fetch_path(*turn, slot);
  }
  const MediaKind media = media_of(outgoing.source);
  const bool mendable = path.repairs && outgoing.source != Source::repair;
  if (mendable) outgoing.symbol_id = path.repair.next_symbol();
  const SeqNo seq = sender.write(outgoing, *packet, uplink_.earlier_sound(next.peer));
  const std::size_t known = outgoing.payload->wire_size() + wire::kMaxRtpHeaderBytes;
  if (packet->wire_size() > known) {  // earlier sound, that the pacer did not know of
    pacer_.account(now, ByteCount::bytes(static_cast<std::int64_t>(packet->wire_size() - known)));
  }
  uplink_.sent(now, next.peer, sender.ssrc(), seq,
               static_cast<std::uint16_t>(packet->wire_size() + wire::kLineOverheadBytes),
               outgoing.source);
  if (mendable) {
    path.repair.media_left(now, *packet, media == MediaKind::video && outgoing.descriptor.end);
    enqueue_repair(now, next.peer);
  }
  return Departure{next.peer, std::move(packet)};
}

void Outbound::enqueue_repair(Timestamp now, PeerId peer) {
  while (auto repair = paths_[peer.value].repair.poll()) {
    send::OutgoingPacket packet;
    packet.payload = std::move(repair->payload);
    packet.descriptor.end = repair->last;
    packet.source = Source::repair;
    packet.rtp_timestamp = MediaTime::from(now.time_since_epoch(), kVideoClockHz).rtp();
    packet.captured = wall_.at(now);
    pacer_.enqueue_repair(now, peer, std::move(packet), repair->hurries);
  }
}

void Outbound::report_arrived(Timestamp now, PeerId peer, const wire::Ccfb& report,
                              std::optional<Duration> round_trip) {
  const auto packets = uplink_.report_arrived(now, peer, report);
  if (packets.empty()) return;
  repair::Sender& repair = paths_[peer.value].repair;
  for (const rate::ReportedPacket& p : packets) repair.packet_reported(now, !p.received, p.media);
  repair.plan(now, terms(now, peer, round_trip));
}

repair::Sender::Terms Outbound::terms(Timestamp now, PeerId peer,
                                      std::optional<Duration> round_trip) const {
  repair::Sender::Terms t;
  t.round_trip = round_trip;
  t.pace = uplink_.pace(peer);
  t.crowded = uplink_.crowded(now);
  if (const auto figures = uplink_.figures(peer)) {
    t.queue = figures->queue;
    t.inherent_loss_permille = figures->inherent_loss_permille;
  }
  return t;
}

Duration Outbound::arrives_within(PeerId peer, std::optional<Duration> round_trip) const {
  const auto figures = uplink_.figures(peer);
  return send::kPictureWaits + (figures ? figures->queue : Duration{}) +
         round_trip.value_or(repair::kUnknownRoundTrip) + repair::kRepairBudget;
}

void Outbound::nack_arrived(Timestamp now, PeerId peer, const wire::Nack& nack,
                            std::optional<Duration> round_trip) {
  PathOut& path = paths_[peer.value];
  if (!path.repairs || nack.media != path.senders[kRepairSlot].ssrc()) return;
  asked_.clear();
  nack.for_each([&](SeqNo symbol) {
    if (asked_.size() < repair::Missing::kMostAsked) asked_.push_back(symbol);
  });
  const repair::Sender::Terms known = terms(now, peer, round_trip);
  path.repair.asked(now, asked_, known);
  // Of what a full queue has lost, reports will tell: until then the window is rightly small.
  if (known.loses_by_itself()) {
    for (const PacketId id : path.repair.known_lost()) {
      if (const auto rtp = path.repair.header_of(id)) uplink_.asked_for(peer, rtp->ssrc, rtp->seq);
    }
  }
  enqueue_repair(now, peer);
}

std::uint32_t Outbound::full_frame_number(PictureStream stream, std::uint16_t reported) const {
  const std::uint32_t newest = newest_frame_[slot_of(stream.source, stream.layer)];
  const auto back = static_cast<std::uint16_t>(static_cast<std::uint16_t>(newest) - reported);
  // A number ahead of the newest is a lie or a very old one; the newest is the harmless reading.
  return back < 0x8000 && back <= newest ? newest - back : newest;
}

std::uint32_t Outbound::first_doubtful(const send::Pacer::DroppedFrame& frame) const {
  const PictureStream stream{frame.source, frame.layer};
  const std::uint32_t dropped = full_frame_number(stream, frame.frame_number);
  const auto& sender = paths_[frame.peer.value].senders[slot_of(frame.source, frame.layer)];
  const auto seq = uplink_.first_doubtful(frame.peer, sender.ssrc());
  const auto picture = seq ? sender.first_picture_from(*seq) : std::nullopt;
  return picture ? std::min(full_frame_number(stream, *picture), dropped) : dropped;
}

std::size_t Outbound::sender_infos(
    NtpTime now, PeerId peer,
    std::array<std::pair<Ssrc, wire::SenderInfo>, kMostStreams>& out) const {
  std::size_t n = 0;
  for (const auto& sender : paths_[peer.value].senders) {
    if (const auto info = sender.sender_info(now)) out[n++] = {sender.ssrc(), *info};
  }
  return n;
}

}  // namespace diemcau::mesh
