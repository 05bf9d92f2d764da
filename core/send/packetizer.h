// Cuts encoded frames into RTP payloads (RFC 6184, RFC 7587) once, for all peers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/packet_pool.h"
#include "core/send/outgoing_packet.h"
#include "core/units/ids.h"
#include "core/units/ntp_time.h"
#include "core/units/time.h"
#include "core/wire/h264.h"

namespace diemcau::send {

struct VideoFrameInfo {
  Source source = Source::camera;
  Layer layer = Layer::hi;
  Timestamp captured_at;
  NtpTime captured;
  std::uint32_t frame_number = 0;
  std::uint32_t newest_needed = 0;
  std::uint32_t oldest_needed = 0;
  std::uint8_t temporal_id = 0;
  bool key = false;
};
struct AudioFrameInfo {
  Timestamp captured_at;
  NtpTime captured;
  wire::AudioLevel level;
  std::uint32_t samples = 960;
};

// The result stays valid until the next call. One thread at a time.
class Packetizer {
 public:
  explicit Packetizer(PacketPool& packets) : packets_(packets) {}

  // `nals[i]` may be empty when `sizes[i]` is not: elided. Nothing for a frame without NAL units,
  // with an empty one, or beyond 65,535 of them: an encoder's fault that must not travel.
  std::span<const OutgoingPacket> video(const VideoFrameInfo& info,
                                        std::span<const std::uint32_t> sizes,
                                        std::span<const ByteSpan> nals);
  // Nothing for a frame that does not fit into one datagram (Opus at ≤ 510 kbit/s always fits).
  std::span<const OutgoingPacket> audio(const AudioFrameInfo& info, ByteSpan bytes,
                                        std::uint32_t length);

 private:
  std::uint32_t audio_timestamp(const AudioFrameInfo& info);

  PacketPool& packets_;
  std::vector<OutgoingPacket> result_;
  std::int64_t next_sample_ = -1;
  std::int64_t expected_by_clock_ = 0;  // the next frame's capture, if nothing is missing
};

}  // namespace diemcau::send
