// Everything sent: encoded frames become packets once, and leave to each peer under its own SSRCs
// through the one pacer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/mesh/boundary.h"
#include "core/mesh/bridge_config.h"
#include "core/mesh/wall_time.h"
#include "core/rate/uplink.h"
#include "core/send/pacer.h"
#include "core/send/packetizer.h"
#include "core/send/stream_sender.h"
#include "core/units/seq_no.h"
#include "core/wire/messages.h"

namespace diemcau::mesh {

// Who gets a frame is the caller's decision, peer by peer. One thread.
class Outbound {
 public:
  Outbound(const BridgeConfig& config, PacketPool& packets, const WallTime& wall);

  // A new association: fresh SSRCs for every stream we may send.
  void association_began(PeerId peer, Rng& rng);
  void forget(PeerId peer) { pacer_.clear(peer); }
  void report_arrived(Timestamp now, PeerId peer, const wire::Ccfb& report) {
    uplink_.report_arrived(now, peer, report);
  }
  const rate::Uplink& uplink() const { return uplink_; }
  // What we may send to this peer, for the document.
  std::vector<wire::StreamEntry> streams(PeerId peer) const;
  // The layer a peer's SSRC stands for; none for an SSRC that is not ours.
  std::optional<Layer> layer_of(PeerId peer, Ssrc ssrc) const;
  // For RTCP: the SSRC we speak with on this link.
  Ssrc rtcp_ssrc(PeerId peer) const;

  std::span<const send::OutgoingPacket> packetize(const VideoEncoded& frame);
  std::span<const send::OutgoingPacket> packetize(const AudioEncoded& frame);
  void enqueue(Timestamp now, PeerId peer, std::span<const send::OutgoingPacket> frame) {
    pacer_.enqueue(now, peer, frame);
  }
  void account(Timestamp now, std::size_t bytes) {
    pacer_.account(now, ByteCount::bytes(static_cast<std::int64_t>(bytes)));
  }
  struct Departure {
    PeerId peer;
    PacketRef packet;
  };
  // The RTP packet that leaves now; poll until none.
  std::optional<Departure> poll(Timestamp now);
  std::optional<Timestamp> deadline() const { return pacer_.deadline(); }
  std::optional<send::Pacer::DroppedFrame> poll_dropped() { return pacer_.poll_dropped(); }

  // Encoder's frame number of a number that a peer reported in 16 bits; the newest is near.
  std::uint32_t full_frame_number(Layer layer, std::uint16_t reported) const;
  std::size_t sender_infos(NtpTime now, PeerId peer,
                           std::array<std::pair<Ssrc, wire::SenderInfo>, 4>& out) const;
  const send::Pacer::Drops& drops() const { return pacer_.drops(); }

 private:
  // Slot 0 is the microphone, 1…3 the camera's lo, mid, hi.
  static std::size_t slot_of(Source source, Layer layer) {
    return source == Source::microphone ? 0 : static_cast<std::size_t>(layer);
  }
  using Senders = std::array<send::StreamSender, 4>;

  PacketPool& packets_;
  const WallTime& wall_;
  send::Packetizer packetizer_;
  rate::Uplink uplink_;
  send::Pacer pacer_;
  std::vector<Senders> senders_;                 // by PeerId
  std::array<std::uint32_t, 4> newest_frame_{};  // by Layer
  std::vector<std::uint32_t> sizes_;
  std::vector<ByteSpan> nals_;
};

}  // namespace diemcau::mesh
