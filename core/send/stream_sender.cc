// Header, extensions, payload.
#include "core/send/stream_sender.h"

#include "core/units/media_time.h"

namespace diemcau::send {

SeqNo StreamSender::write(const OutgoingPacket& packet, Packet& out) {
  const bool audio = media_of(packet.source) == MediaKind::audio;
  wire::RtpHeader header;
  header.payload_type = audio ? wire::kAudioPayloadType : wire::kVideoPayloadType;
  header.marker = !audio && packet.descriptor.end;
  header.seq = seq_;
  header.timestamp = packet.rtp_timestamp + timestamp_offset_;
  header.ssrc = ssrc_;
  wire::RtpExtensions extensions;
  if (audio) {
    extensions.audio_level = packet.level;
  } else {
    extensions.frame_descriptor = packet.descriptor;
  }
  // Once per frame is enough to place every packet of it in time.
  if (audio || packet.descriptor.start) {
    extensions.absolute_capture = wire::AbsoluteCapture{packet.captured};
  }
  ByteWriter writer(out.buffer());
  wire::write_rtp_header(writer, header, extensions);
  const Packet& payload = *packet.payload;
  writer.bytes(payload.bytes());
  DC_CHECK(writer.ok());
  out.set_size(writer.size(), payload.elided());
  seq_ = seq_.next();
  ++packets_;
  octets_ += static_cast<std::uint32_t>(payload.wire_size());
  clock_hz_ = audio ? kAudioClockHz : kVideoClockHz;
  last_captured_ = packet.captured;
  last_timestamp_ = header.timestamp;
  return header.seq;
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
