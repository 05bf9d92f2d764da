// Header, extensions, earlier frames, payload.
#include "core/send/stream_sender.h"

#include <algorithm>

#include "core/units/media_time.h"

namespace diemcau::send {

// The receiver knows a frame by how long before the packet's own it was, in frames.
StreamSender::Carried StreamSender::fitting(const OutgoingPacket& packet,
                                            wire::EarlierFrames wanted) const {
  const Packet& own = *packet.payload;
  std::size_t bytes = own.wire_size() + wire::redundancy_header_bytes(0);
  Carried carried;
  for (std::size_t back = 1; back <= earlier_.size(); ++back) {
    if (!wanted.has(back)) continue;
    const Earlier& earlier = earlier_[back - 1];
    if (!earlier.payload) break;
    const Packet& payload = *earlier.payload;
    const std::uint32_t behind = packet.rtp_timestamp - earlier.rtp_timestamp;
    bytes +=
        payload.wire_size() + wire::redundancy_header_bytes(1) - wire::redundancy_header_bytes(0);
    const bool known = wire::frames_behind(behind) == back;
    const bool fits = payload.wire_size() <= wire::kMostEarlierBytes &&
                      behind <= wire::kMostBehind && bytes <= kMaxPayload;
    const bool alike = (payload.elided() > 0) == (own.elided() > 0);
    if (!known || !fits || !alike) break;
    carried.frames[carried.count++] = &earlier;
  }
  return carried;
}

void StreamSender::write_redundancy_header(ByteWriter& out, const OutgoingPacket& packet,
                                           const Carried& carried) {
  std::array<wire::SoundBlock, wire::kMostEarlierFrames> blocks;
  for (std::size_t i = 0; i < carried.count; ++i) {
    const Earlier& e = *carried.frames[carried.count - 1 - i];
    blocks[i] = {packet.rtp_timestamp - e.rtp_timestamp, e.payload->wire_size(), 0};
  }
  wire::write_redundancy_header(out, {blocks.data(), carried.count});
}

SeqNo StreamSender::write(const OutgoingPacket& packet, Packet& out, wire::EarlierFrames earlier) {
  const bool audio = media_of(packet.source) == MediaKind::audio;
  const Carried carried = audio ? fitting(packet, earlier) : Carried{};
  wire::RtpHeader header;
  const bool repair = packet.source == Source::repair;
  const bool page = packet.source == Source::document;
  header.payload_type = repair              ? wire::kRepairPayloadType
                        : page              ? wire::kDocumentPayloadType
                        : !audio            ? wire::kVideoPayloadType
                        : carried.count > 0 ? wire::kRedundantPayloadType
                                            : wire::kAudioPayloadType;
  header.marker = !audio && packet.descriptor.end;
  header.seq = seq_;
  header.timestamp = packet.rtp_timestamp + timestamp_offset_;
  header.ssrc = ssrc_;
  wire::RtpExtensions extensions;
  if (audio) {
    extensions.audio_level = packet.level;
  } else if (!repair) {
    extensions.frame_descriptor = packet.descriptor;
  }
  extensions.symbol_id = packet.symbol_id;
  // Once per frame is enough to place every packet of it in time.
  if (audio || packet.descriptor.start) {
    extensions.absolute_capture = wire::AbsoluteCapture{packet.captured};
  }
  ByteWriter writer(out.buffer());
  wire::write_rtp_header(writer, header, extensions);
  const std::size_t header_bytes = writer.size();
  if (carried.count > 0) write_redundancy_header(writer, packet, carried);
  std::size_t elided = packet.payload->elided();
  for (std::size_t i = carried.count; i-- > 0;) {
    writer.bytes(carried.frames[i]->payload->bytes());
    elided += carried.frames[i]->payload->elided();
  }
  writer.bytes(packet.payload->bytes());
  DC_CHECK(writer.ok());
  out.set_size(writer.size(), elided);
  if (audio) {
    std::move_backward(earlier_.begin(), earlier_.end() - 1, earlier_.end());
    earlier_.front() = {packet.payload, packet.rtp_timestamp};
  }
  if (!audio && !repair && packet.descriptor.end)
    ended_[pictures_++ % ended_.size()] = {packet.descriptor.frame_number, seq_};
  seq_ = seq_.next();
  ++packets_;
  octets_ += static_cast<std::uint32_t>(out.wire_size() - header_bytes);
  clock_hz_ = audio ? kAudioClockHz : kVideoClockHz;
  last_captured_ = packet.captured;
  last_timestamp_ = header.timestamp;
  return header.seq;
}

std::optional<std::uint16_t> StreamSender::first_picture_from(SeqNo seq) const {
  for (std::size_t i = pictures_ - std::min(pictures_, ended_.size()); i < pictures_; ++i) {
    const Ended& ended = ended_[i % ended_.size()];
    if (static_cast<std::uint16_t>(ended.seq.value - seq.value) < 0x8000) return ended.frame_number;
  }
  return std::nullopt;
}

std::optional<wire::SenderInfo> StreamSender::sender_info(NtpTime now) const {
  if (packets_ == 0) return std::nullopt;
  const std::int64_t since_ns = to_ns(now - last_captured_);
  const std::int64_t seconds = since_ns / 1'000'000'000;
  const std::int64_t ticks =
      seconds * clock_hz_ + since_ns % 1'000'000'000 * clock_hz_ / 1'000'000'000;
  const std::uint32_t timestamp = last_timestamp_ + static_cast<std::uint32_t>(ticks);
  return wire::SenderInfo{now, timestamp, packets_, octets_};
}

}  // namespace diemcau::send
