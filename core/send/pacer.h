// The one pacer of a node: audio first, then whole video frames in turn, so that no peer is always
// last.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/ring_queue.h"
#include "core/send/outgoing_packet.h"
#include "core/units/bitrate.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::send {

// Sends at most kBurst ahead of the rate. What would come too late is dropped whole and before it
// has a sequence number: droppable frames when a path's queue is older than one frame, any video
// frame after 100 ms, audio after 200 ms.
class Pacer {
 public:
  struct Drops {
    std::uint64_t audio_packets = 0;
    std::uint64_t video_frames = 0;
  };
  explicit Pacer(Bitrate rate) : rate_(rate) {}

  void set_rate(Bitrate rate) { rate_ = rate; }
  // All packets of one frame for one peer.
  void enqueue(Timestamp now, PeerId peer, std::span<const OutgoingPacket> frame);
  // Bytes that went out past the pacer (control, feedback) and still used the line.
  void account(Timestamp now, ByteCount size);
  struct Next {
    PeerId peer;
    OutgoingPacket packet;
  };
  // The packet to send now; none when the rate says wait or nothing waits. Poll until none.
  std::optional<Next> poll(Timestamp now);
  std::optional<Timestamp> deadline() const;
  // Forgets what waits for a peer.
  void clear(PeerId peer);

  std::size_t queued() const { return queued_; }
  const Drops& drops() const { return drops_; }

 private:
  struct Waiting {
    OutgoingPacket packet;
    Timestamp since;
  };
  struct PeerQueue {
    RingQueue<Waiting> audio;
    RingQueue<Waiting> video;
    bool frame_begun = false;  // packets of the front frame have left: it is finished, not dropped
  };

  PeerQueue& queue_of(PeerId peer);
  void drop_late(Timestamp now, PeerQueue& queue);
  void drop_front_frame(PeerQueue& queue);
  std::optional<Next> take_audio(Timestamp now);
  std::optional<Next> take_video(Timestamp now);
  OutgoingPacket pop_video(PeerQueue& queue);
  void sent(Timestamp now, const OutgoingPacket& packet);

  Bitrate rate_;
  Timestamp free_at_;              // when the line is free of what we have sent
  std::vector<PeerQueue> queues_;  // by PeerId
  Timestamp late_checked_at_;      // ages do not change while the time stands
  std::size_t audio_turn_ = 0;
  std::size_t video_turn_ = 0;
  std::size_t video_round_ = 0;  // whose turn it is when nothing waits: another one each time
  std::size_t video_queued_ = 0;
  std::size_t queued_ = 0;
  Drops drops_;
};

}  // namespace diemcau::send
