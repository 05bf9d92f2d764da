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
#include "core/repair/sender.h"
#include "core/send/pacer.h"
#include "core/send/packetizer.h"
#include "core/send/stream_sender.h"
#include "core/units/seq_no.h"
#include "core/wire/messages.h"
#include "core/wire/rtcp.h"

namespace diemcau::mesh {

// Who gets a frame is the caller's decision, peer by peer. One thread.
class Outbound {
 public:
  struct Ports {
    PacketPool& packets;
    PacketPool& headers;  // of what has its payload elided
    const repair::Kernel& kernel;
  };
  Outbound(const BridgeConfig& config, Ports ports, const WallTime& wall);

  // A new association: fresh SSRCs for every stream we may send.
  void association_began(PeerId peer, SecretRng& rng);
  // Whether there is a document to show: the first time, it gets SSRCs on every link.
  void set_document(bool shown, SecretRng& rng);
  // It has no keys any more: nothing is planned for it, and others get its part of the uplink.
  void forget(PeerId peer) {
    pacer_.clear(peer);
    uplink_.ended(peer);
  }
  // Whether repair goes to this peer: from now on.
  void set_repairs(PeerId peer, bool repairs) { paths_[peer.value].repairs = repairs; }
  void set_sound_by_time(PeerId peer, bool known) { uplink_.set_any_distance(peer, known); }
  void report_arrived(Timestamp now, PeerId peer, const wire::Ccfb& report,
                      std::optional<Duration> round_trip);
  void nack_arrived(Timestamp now, PeerId peer, const wire::Nack& nack,
                    std::optional<Duration> round_trip);
  // A report is near: what it reads.
  void fetch_report(PeerId peer) const {
    uplink_.fetch_report(peer);
    paths_[peer.value].repair.fetch_report();
  }
  // Packets of sound for this peer will leave: what they read.
  void fetch_sound(PeerId peer) const { fetch_path(peer, 0); }
  // The end of a path's repair that plans it.
  const repair::Sender& repair(PeerId peer) const { return paths_[peer.value].repair; }
  // Whether the peer's part of the uplink has room for all repair that it wants.
  void set_repair_room(PeerId peer, bool room) { paths_[peer.value].repair.set_room(room); }
  const rate::Uplink& uplink() const { return uplink_; }
  // What we may send to this peer, as our state tells it.
  std::vector<wire::StreamEntry> streams(PeerId peer) const;
  // The pictures that an SSRC of ours to this peer stands for; none for any other.
  struct PictureStream {
    Source source;
    Layer layer;
  };
  std::optional<PictureStream> pictures_of(PeerId peer, Ssrc ssrc) const;
  // For RTCP: the SSRC we speak with on this link.
  Ssrc rtcp_ssrc(PeerId peer) const;

  std::span<const send::OutgoingPacket> packetize(const VideoEncoded& frame);
  std::span<const send::OutgoingPacket> packetize(const AudioEncoded& frame);
  void enqueue(Timestamp now, PeerId peer, std::span<const send::OutgoingPacket> frame) {
    pacer_.enqueue(now, peer, frame);
  }
  // To a peer that gets half of the pictures: nothing of a droppable one.
  void enqueue_half(Timestamp now, PeerId peer, std::span<const send::OutgoingPacket> frame);
  // Droppable pictures that did not go to this peer: at half rate, or because its path was late.
  std::uint64_t pictures_left_out(PeerId peer) const {
    return paths_[peer.value].left_out + pacer_.left_out(peer);
  }
  void account(Timestamp now, std::size_t bytes) {
    pacer_.account(now, ByteCount::bytes(static_cast<std::int64_t>(bytes)));
  }
  struct Departure {
    PeerId peer;
    PacketRef packet;
  };
  // The RTP packet that leaves now; poll until none.
  std::optional<Departure> poll(Timestamp now) {
    auto next = pacer_.poll(now);
    return next ? std::optional(depart(now, *next)) : std::nullopt;
  }
  std::optional<Timestamp> deadline() const { return pacer_.deadline(); }
  // That deadline may come earlier by time alone: a window opens in silence.
  bool waits_for_window() const { return pacer_.waits_for_window(); }
  // For how many peers a picture of the camera's layer waits, or a part of one.
  std::size_t peers_waiting(Layer layer) const { return pacer_.peers_waiting(layer); }
  void set_may_hold(bool may) { pacer_.set_may_hold(may); }
  std::optional<send::Pacer::DroppedFrame> poll_dropped() { return pacer_.poll_dropped(); }
  // Of what left before it, the first picture that a full queue may have turned away; or itself.
  std::uint32_t first_doubtful(const send::Pacer::DroppedFrame& frame) const;

  // From the encoder to the peer a picture takes no longer than that, repair included, or it is
  // lost.
  Duration arrives_within(PeerId peer, std::optional<Duration> round_trip) const;
  // Encoder's frame number of a number that a peer reported in 16 bits; the newest is near.
  std::uint32_t full_frame_number(PictureStream stream, std::uint16_t reported) const;
  // The microphone, the camera's three layers, repair, the document's two.
  static constexpr std::size_t kMostStreams = 7;
  std::size_t sender_infos(NtpTime now, PeerId peer,
                           std::array<std::pair<Ssrc, wire::SenderInfo>, kMostStreams>& out) const;
  const send::Pacer::Drops& drops() const { return pacer_.drops(); }

 private:
  // Slot 0 is the microphone, 1…3 the camera's lo, mid, hi, 4 repair, 5 and 6 the document's mid
  // and hi. A bridge without a document never uses the last two.
  static constexpr std::size_t kRepairSlot = 4;
  static constexpr std::size_t kDocumentSlot = 5;
  static std::size_t slot_of(Source source, Layer layer) {
    const auto place = static_cast<std::size_t>(layer);
    if (source == Source::document)
      return kDocumentSlot + place - static_cast<std::size_t>(Layer::mid);
    return source == Source::repair ? kRepairSlot : place;
  }
  struct PathOut {
    explicit PathOut(repair::SentSymbols::Pools pools) : repair(pools) {}
    bool associated = false;
    bool has_document = false;  // its slots have SSRCs
    bool repairs = false;
    std::uint64_t left_out = 0;
    repair::Sender repair;
    std::array<send::StreamSender, kMostStreams> senders;
  };
  void fetch_path(PeerId peer, std::size_t slot) const {
    const PathOut& path = paths_[peer.value];
    path.repair.fetch_first();
    diemcau::fetch(&path.senders[slot], sizeof(send::StreamSender));
    uplink_.fetch_path(peer);
  }
  void add_document(PathOut& path, SecretRng& rng);
  Departure depart(Timestamp now, send::Pacer::Next& next);
  void enqueue_repair(Timestamp now, PeerId peer);
  repair::Sender::Terms terms(Timestamp now, PeerId peer, std::optional<Duration> round_trip) const;

  PacketPool& packets_;
  PacketPool& headers_;
  const WallTime& wall_;
  send::Packetizer packetizer_;
  rate::Uplink uplink_;
  send::Pacer pacer_;
  std::vector<PathOut> paths_;                              // by PeerId
  std::array<std::uint32_t, kMostStreams> newest_frame_{};  // by slot
  bool document_ = false;
  std::vector<SeqNo> asked_;
  std::vector<std::uint32_t> sizes_;
  std::vector<ByteSpan> nals_;
};

}  // namespace diemcau::mesh
