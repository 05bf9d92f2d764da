// RFC 3711 §3.1: header and header extensions are authenticated, not encrypted.
#include "sim/crossing.h"

#include "core/wire/demux.h"
#include "core/wire/rtp.h"

namespace diemcau::sim {

std::optional<Layer> layer_of(ByteSpan datagram) {
  if (wire::demux(datagram) != wire::DatagramKind::rtp_or_rtcp || wire::is_rtcp(datagram))
    return std::nullopt;
  const auto rtp = wire::parse_rtp(datagram);
  if (!rtp) return std::nullopt;
  if (rtp->header.payload_type == wire::kAudioPayloadType ||
      rtp->header.payload_type == wire::kRedundantPayloadType) {
    return Layer::only;
  }
  if (!rtp->extensions.frame_descriptor) return std::nullopt;
  return rtp->extensions.frame_descriptor->layer;
}

}  // namespace diemcau::sim
