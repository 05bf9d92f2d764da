// RFC 3711 §3.1: header and header extensions are authenticated, not encrypted.
#include "sim/crossing.h"

#include "core/wire/demux.h"
#include "core/wire/redundancy.h"
#include "core/wire/rtp.h"

namespace diemcau::sim {

std::optional<WireStream> stream_of(ByteSpan datagram) {
  if (wire::demux(datagram) != wire::DatagramKind::rtp_or_rtcp || wire::is_rtcp(datagram))
    return std::nullopt;
  const auto rtp = wire::parse_rtp(datagram);
  if (!rtp) return std::nullopt;
  if (rtp->header.payload_type == wire::kAudioPayloadType ||
      rtp->header.payload_type == wire::kRedundantPayloadType) {
    return WireStream{};
  }
  if (!rtp->extensions.frame_descriptor) return std::nullopt;
  const bool page = rtp->header.payload_type == wire::kDocumentPayloadType;
  const WireStream stream{page ? Source::document : Source::camera,
                          rtp->extensions.frame_descriptor->layer};
  for (const WireStream& known : kWireStreams) {
    if (known == stream) return stream;
  }
  return std::nullopt;
}

std::size_t repair_bytes_of(const Packet& packet) {
  if (packet.present() < wire::kRtpFixedHeaderBytes) return 0;
  const unsigned type = packet.data()[1] & 0x7FU;
  if (type == wire::kRepairPayloadType) return packet.wire_size();
  if (type != wire::kRedundantPayloadType) return 0;
  const auto rtp = wire::parse_rtp(packet.bytes());
  if (!rtp) return 0;
  const auto sound = wire::parse_redundancy(
      packet.bytes().subspan(rtp->payload_offset, rtp->payload_size), packet.elided());
  if (!sound || sound->count < 2) return 0;
  const std::size_t earlier = sound->count - 1;
  std::size_t bytes = wire::redundancy_header_bytes(earlier);
  for (std::size_t i = 0; i < earlier; ++i) bytes += sound->blocks[i].length;
  return bytes;
}

}  // namespace diemcau::sim
