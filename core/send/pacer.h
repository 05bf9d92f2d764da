// The one pacer of a node: audio first, then repair, then whole video frames in turn, so that no
// peer is always last. A frame that goes around a loss lets repair go first for 30 ms only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/ring_queue.h"
#include "core/send/allowance.h"
#include "core/send/outgoing_packet.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::send {

// A picture that leaves the pacer has left it by then (sparse ones: see patience()).
constexpr Duration kPictureWaits = 200ms;

// Sends at most kBurst ahead of the rate of the uplink, sound of the one that sound has (where that
// is the higher one, pictures wait for what it has taken), and pictures no faster than their path's
// rate and only while its window is open. What would come too late is dropped whole and before it
// has a sequence number: droppable frames, waiting or new, when a path's queue is older than one
// frame, any video frame after 100 ms (200 at 15 a second or less; 200 and 400 where encoders may
// be held), audio after 200 ms. Nothing that leans on a dropped frame is sent after it: when the
// path is ready again, the frame is told, and what the encoder then makes without it goes out. The
// work of a call does not grow with the number of peers that have nothing to send.
class Pacer {
 public:
  struct Drops {
    std::uint64_t audio_packets = 0;
    std::uint64_t video_frames = 0;
    std::uint64_t repair_packets = 0;
  };
  // The allowance outlives the pacer; it may change between any two calls.
  explicit Pacer(const Allowance& allowance) : allowance_(allowance) {}

  // All packets of one frame for one peer; `half`: it gets every second picture, twice as large for
  // its path as all of them would be.
  void enqueue(Timestamp now, PeerId peer, std::span<const OutgoingPacket> frame,
               bool half = false);
  // Repair for one peer: goes before its pictures, at its path's rate and window; what `hurries` at
  // three times that rate, inside the uplink's. A quarter of the room for repair is one peer's at
  // most: whoever asks much and lets nothing through takes nobody else's.
  void enqueue_repair(Timestamp now, PeerId peer, OutgoingPacket packet, bool hurries = false);
  // Bytes that went out past the pacer (control, feedback) and still used the line.
  void account(Timestamp now, ByteCount size);
  struct Next {
    PeerId peer;
    OutgoingPacket packet;
  };
  // The packet to send now; none when the rate says wait or nothing may go. Poll until none.
  std::optional<Next> poll(Timestamp now) {
    polled_at_ = now;
    if (queued() == 0 || (!sound_may_go(now) && free_at_ > now + kBurst)) return std::nullopt;
    return take(now);
  }
  // Whose picture goes next.
  std::optional<PeerId> turn() const {
    return turns_.empty() ? std::nullopt : std::optional(turns_.front());
  }
  // None while everything that waits waits for a window: then a report opens it.
  std::optional<Timestamp> deadline() const {
    waits_for_window_ = false;
    return queued() > 0 ? first_due() : std::nullopt;
  }
  // Whether deadline() has last met a window that was closed.
  bool waits_for_window() const { return waits_for_window_; }
  // Forgets what waits for a peer.
  void clear(PeerId peer);

  // The first frame that a peer lacks although its path is ready; poll until none. Told again when
  // later frames still lean on it.
  struct DroppedFrame {
    PeerId peer;
    Source source = Source::camera;
    Layer layer = Layer::lo;
    std::uint16_t frame_number = 0;
  };
  std::optional<DroppedFrame> poll_dropped() {
    if (dropped_.empty()) return std::nullopt;
    return dropped_.pop();
  }

  // Droppable frames that a late path was spared.
  std::uint64_t left_out(PeerId peer) const {
    return peer.value < queues_.size() ? queues_[peer.value].left_out : 0;
  }
  // Those for whom a picture of that layer of the camera waits, or a part of one.
  std::size_t peers_waiting(Layer layer) const {
    return peers_waiting_[static_cast<std::size_t>(layer)];
  }
  // Whether a layer's encoder is held when most of its pictures wait: nothing piles up behind them.
  void set_may_hold(bool may) { may_hold_ = may; }
  std::size_t queued() const { return sound_.size() + repair_.size() + video_queued_; }
  const Drops& drops() const { return drops_; }

 private:
  // A timer wakes 30 µs late at best and packets on a fast line are 90 µs apart: quanta of 2 ms
  // keep wake-ups few.
  static constexpr Duration kBurst = 2ms;

  struct Waiting {
    OutgoingPacket packet;
    Timestamp since;
  };
  struct Single {
    PeerId peer;
    Waiting waiting;
    bool hurries = false;
  };
  struct PeerQueue {
    RingQueue<Waiting> video;
    std::array<std::size_t, 2> waiting{};  // packets in it, by picture source
    std::array<std::size_t, 4> frames{};   // of the camera, by Layer
    std::size_t repair = 0;                // packets of it that wait
    Timestamp free_at;                     // when its path is free of what we have sent there
    bool frame_begun = false;  // packets of the front frame have left: it is finished, not dropped
    bool in_turn = false;
    bool sparse = false;        // its pictures come at half the rate, or are lo's 15 a second
    std::size_t droppable = 0;  // packets of droppable frames that wait
    std::uint64_t left_out = 0;
    struct Broken {
      std::uint16_t from = 0;  // the first frame that was dropped
      std::optional<Timestamp> told_at;
    };
    std::array<std::array<std::optional<Broken>, 4>, 2> broken;  // by picture source, by Layer
    std::optional<Broken>& broken_of(const OutgoingPacket& packet) {
      return broken[packet.source == Source::document]
                   [static_cast<std::size_t>(packet.descriptor.layer)];
    }
  };

  PeerQueue& queue_of(PeerId peer);
  Duration patience(const PeerQueue& queue) const;
  void take_place(Timestamp now, PeerId peer);
  void drop_late_video(Timestamp now, PeerQueue& queue);
  void drop_front_frame(PeerQueue& queue);
  void drop_droppable(PeerQueue& queue);
  void break_off(PeerQueue& queue, const OutgoingPacket& dropped);
  bool leans_on_dropped(Timestamp now, PeerId peer, PeerQueue& queue, const OutgoingPacket& first);
  std::optional<Next> take(Timestamp now);
  std::optional<Timestamp> first_due() const;
  bool sound_may_go(Timestamp now) const {
    return !sound_.empty() && sound_free_at_ <= now + kBurst;
  }
  std::optional<Next> take_sound(Timestamp now);
  std::optional<Next> take_repair(Timestamp now);
  bool goes_before_repair(Timestamp now) const;
  // When something of that peer that may wait so long can go, or is too late.
  Timestamp due(const PeerQueue& queue, PeerId peer, Timestamp too_late_at) const;
  void leave(Timestamp now, PeerQueue& queue, PeerId peer, ByteCount size, bool hurries = false);
  void came(PeerQueue& queue, const OutgoingPacket& first);
  void went(PeerQueue& queue, const OutgoingPacket& packet);
  static void drop_peer(RingQueue<Single>& queue, PeerId peer);
  std::optional<Next> take_video(Timestamp now);
  OutgoingPacket pop_video(PeerQueue& queue);

  const Allowance& allowance_;
  Timestamp free_at_;        // when the line is free of what we have sent
  Timestamp sound_free_at_;  // and for sound, at its own pace
  RingQueue<Single> sound_, repair_;
  std::vector<PeerQueue> queues_;  // by PeerId
  RingQueue<PeerId> turns_;        // those with pictures, the next one in front
  Timestamp polled_at_;
  mutable bool waits_for_window_ = false;
  std::size_t round_ = 0;
  std::size_t video_queued_ = 0;
  std::array<std::size_t, 4> peers_waiting_{};  // by Layer
  bool may_hold_ = false;
  RingQueue<DroppedFrame> dropped_;
  Drops drops_;
};

}  // namespace diemcau::send
