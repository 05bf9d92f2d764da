// Packetise once, seal per peer: the payload is shared until the pacer lets a peer's copy go.
#include "core/mesh/outbound.h"

namespace diemcau::mesh {

namespace {
constexpr std::array<std::pair<Source, Layer>, 4> kStreams = {{
    {Source::microphone, Layer::only},
    {Source::camera, Layer::lo},
    {Source::camera, Layer::mid},
    {Source::camera, Layer::hi},
}};

// The best layer and sound, with a tenth for headers.
Bitrate most_of_path(const BridgeConfig& config) {
  const Bitrate media = config.rates.hi + config.rates.audio;
  return media + Bitrate::bps(media.bps() / 10);
}
}  // namespace

Outbound::Outbound(const BridgeConfig& config, PacketPool& packets, const WallTime& wall)
    : packets_(packets),
      wall_(wall),
      packetizer_(packets),
      uplink_({config.roster.size(), config.uplink, config.path_weights, config.controller,
               most_of_path(config)}),
      pacer_(uplink_),
      senders_(config.roster.size()) {}

void Outbound::association_began(PeerId peer, Rng& rng) {
  pacer_.clear(peer);
  uplink_.association_began(peer);
  for (auto& sender : senders_[peer.value]) sender = send::StreamSender(Ssrc{rng.next_u32()}, rng);
}

std::vector<wire::StreamEntry> Outbound::streams(PeerId peer) const {
  std::vector<wire::StreamEntry> entries;
  for (std::size_t i = 0; i < kStreams.size(); ++i) {
    entries.push_back({senders_[peer.value][i].ssrc(), kStreams[i].first, kStreams[i].second});
  }
  return entries;
}

std::optional<Layer> Outbound::layer_of(PeerId peer, Ssrc ssrc) const {
  for (std::size_t i = 1; i < kStreams.size(); ++i) {
    if (senders_[peer.value][i].ssrc() == ssrc) return kStreams[i].second;
  }
  return std::nullopt;
}

Ssrc Outbound::rtcp_ssrc(PeerId peer) const { return senders_[peer.value][0].ssrc(); }

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
  newest_frame_[static_cast<std::size_t>(frame.layer)] = frame.frame_number;
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

std::optional<Outbound::Departure> Outbound::poll(Timestamp now) {
  auto next = pacer_.poll(now);
  if (!next) return std::nullopt;
  PacketRef packet = packets_.take();
  const send::OutgoingPacket& outgoing = next->packet;
  auto& sender = senders_[next->peer.value][slot_of(outgoing.source, outgoing.descriptor.layer)];
  const MediaKind media = media_of(outgoing.source);
  const SeqNo seq = sender.write(outgoing, *packet, uplink_.earlier_sound(next->peer));
  const std::size_t known = outgoing.payload->wire_size() + wire::kMaxRtpHeaderBytes;
  if (packet->wire_size() > known) {  // earlier sound, that the pacer did not know of
    pacer_.account(now, ByteCount::bytes(static_cast<std::int64_t>(packet->wire_size() - known)));
  }
  uplink_.sent(now, next->peer, sender.ssrc(), seq,
               static_cast<std::uint16_t>(packet->wire_size() + send::kLineOverheadBytes), media);
  return Departure{next->peer, std::move(packet)};
}

std::uint32_t Outbound::full_frame_number(Layer layer, std::uint16_t reported) const {
  const std::uint32_t newest = newest_frame_[static_cast<std::size_t>(layer)];
  const auto back = static_cast<std::uint16_t>(static_cast<std::uint16_t>(newest) - reported);
  // A number ahead of the newest is a lie or a very old one; the newest is the harmless reading.
  return back < 0x8000 && back <= newest ? newest - back : newest;
}

std::size_t Outbound::sender_infos(NtpTime now, PeerId peer,
                                   std::array<std::pair<Ssrc, wire::SenderInfo>, 4>& out) const {
  std::size_t n = 0;
  for (const auto& sender : senders_[peer.value]) {
    if (const auto info = sender.sender_info(now)) out[n++] = {sender.ssrc(), *info};
  }
  return n;
}

}  // namespace diemcau::mesh
