// One stream on one link: gives its packets their SSRC, sequence number and header as they leave
// (RFC 3550 §5.1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/packet_pool.h"
#include "core/base/secret_rng.h"
#include "core/send/outgoing_packet.h"
#include "core/units/ids.h"
#include "core/units/ntp_time.h"
#include "core/units/seq_no.h"
#include "core/wire/redundancy.h"
#include "core/wire/rtcp.h"

namespace diemcau::send {

// Sequence numbers are given at the pacer's exit, after every drop decision: a gap on the wire is
// always loss.
class StreamSender {
 public:
  StreamSender() = default;
  // First sequence number and timestamp offset are random (RFC 3550 §5.1), so that they tell
  // nothing.
  StreamSender(Ssrc ssrc, SecretRng& rng)
      : ssrc_(ssrc),
        seq_{static_cast<std::uint16_t>(rng.next_u32() & 0x7FFF)},
        timestamp_offset_(rng.next_u32()) {}

  Ssrc ssrc() const { return ssrc_; }
  // Writes the whole RTP packet into `out`, and gives its number; an elided payload stays elided.
  // Sound is preceded by those of the frames `earlier` that fit (RFC 2198), the nearest first.
  SeqNo write(const OutgoingPacket& packet, Packet& out, wire::EarlierFrames earlier = {});
  // For a sender report that leaves now: the RTP timestamp is that of the same instant (RFC 3550
  // §6.4.1). None before the first packet.
  std::optional<wire::SenderInfo> sender_info(NtpTime now) const;
  // The oldest of the last pictures whose last packet has that number or a newer one.
  std::optional<std::uint16_t> first_picture_from(SeqNo seq) const;

 private:
  struct Earlier {
    PacketRef payload;
    std::uint32_t rtp_timestamp = 0;
  };
  // The newest first.
  struct Carried {
    std::array<const Earlier*, wire::kMostEarlierFrames> frames{};
    std::size_t count = 0;
  };
  Carried fitting(const OutgoingPacket& packet, wire::EarlierFrames wanted) const;
  static void write_redundancy_header(ByteWriter& out, const OutgoingPacket& packet,
                                      const Carried& carried);

  Ssrc ssrc_;
  SeqNo seq_;
  std::uint32_t timestamp_offset_ = 0;
  std::uint32_t packets_ = 0;
  std::uint32_t octets_ = 0;
  std::int64_t clock_hz_ = 1;
  NtpTime last_captured_;
  std::uint32_t last_timestamp_ = 0;
  std::array<Earlier, wire::kMostEarlierFrames> earlier_;  // sound only, the newest first
  // Pictures only: as many as an encoder goes back to.
  struct Ended {
    std::uint16_t frame_number = 0;
    SeqNo seq;
  };
  std::array<Ended, 16> ended_{};
  std::size_t pictures_ = 0;
};

}  // namespace diemcau::send
