// All peers of a bridge: each with its link, what comes in from it, what it wants of us, and what
// we tell it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/fetch.h"
#include "core/base/secret_rng.h"
#include "core/base/token_bucket.h"
#include "core/mesh/allocation.h"
#include "core/mesh/bridge.h"
#include "core/mesh/document_log.h"
#include "core/mesh/inbound.h"
#include "core/mesh/layer_board.h"
#include "core/mesh/link.h"
#include "core/mesh/outbound.h"
#include "core/mesh/output_queue.h"
#include "core/mesh/page_memory.h"
#include "core/mesh/speaker.h"
#include "core/mesh/tiles.h"
#include "core/mesh/wall_time.h"
#include "core/units/time.h"
#include "core/wire/demux.h"

namespace diemcau::mesh {

struct Peer {
  Peer(PeerId peer, const LinkContext& context, FramePool& frames, const repair::Kernel& kernel,
       ActiveSpeaker& speaker);

  // Sound goes on for the first 10 s of an outage: "down" is what people see, not what packets do.
  bool hears_us(Timestamp now) const;

  PeerId id;
  bool was_up = false;
  bool associated = false;          // its keys stand, whether it is heard or not
  PictureLayers wanted;             // of ours, at best
  PictureLayers asked;              // of theirs, in our last state
  bool documents = false;           // it shows one
  bool announces_document = false;  // in its last state, whether we hear it or not
  // Each change is a line of the log, another grid and an end in the record.
  TokenBucket document_changes{10, 500ms};
  std::uint32_t generation = 0;
  Timestamp report_at;  // next sender or receiver report
  std::optional<Timestamp> lost_at;
  std::uint64_t state_serial = 0;  // the newest of theirs
  Link link;
  Inbound inbound;
};

// One state of ourselves per peer, because SSRCs are per link; the newest serial wins. One
// thread.
class PeerTable {
 public:
  struct Boards {
    LayerBoard& camera;
    LayerBoard& document;
    PageMemory& pages;
    LayerBoard& of(Source source) { return source == Source::document ? document : camera; }
  };
  PeerTable(const BridgeConfig& config, const Bridge::Ports& ports, SecretRng& rng,
            const WallTime& wall, OutputQueue& out, Boards boards, Allocation& allocation,
            Outbound& outbound);

  void start(Timestamp now);
  void packet_arrived(Timestamp now, PacketArrived& in);
  // As Bridge's.
  void fetch(PathId path) const {
    const Peer* peer = peer_behind(path);
    if (peer == nullptr) return;
    peer->link.fetch();
    peer->inbound.fetch();
  }
  void fetch_next(PathId path, ByteSpan packet) const {
    const Peer* peer = peer_behind(path);
    if (peer == nullptr) return;
    if (wire::is_rtcp(packet)) return outbound_.fetch_report(peer->id);
    peer->inbound.fetch_stream(packet);
  }
  void stranger_arrived(Timestamp now, StrangerArrived& in);
  void subscribe(Timestamp now, const Subscribe& command);
  // Nothing when the peer does not send it.
  void request_key(Timestamp now, const StreamId& stream);
  // A frame of our own microphone.
  void spoke(Timestamp now, std::uint8_t level_dbov);
  void set_status(Timestamp now, const LocalStatus& status);
  void leave(Timestamp now);
  void time_passed(Timestamp now);
  // Whether something went to a peer, or its link or its wishes have changed, since settled().
  bool stirs() const { return stirs_; }
  void settled() { stirs_ = false; }
  // Whether time_passed() has something to do.
  bool has_work(Timestamp now) const {
    return due() <= now || speaker_.changed() || downlink_.changed();
  }
  // When it has, if nothing happens before; Timestamp::max() is never.
  Timestamp due() const;
  void send_rtp(Outbound::Departure& departure);
  // A frame that will not go to that peer: what leans on it is of no use there.
  void frame_dropped(Timestamp now, const send::Pacer::DroppedFrame& frame);
  // After anything that may have changed a peer's state: reacts to it and keeps its deadline.
  void touched(Timestamp now, Peer& peer);

  Peer* peer_behind(PathId path) const {
    const std::size_t index = path.value / Link::kPaths;
    return index < peers_.size() ? peers_[index].get() : nullptr;
  }
  Peer* find(PeerId id) { return id.value < peers_.size() ? peers_[id.value].get() : nullptr; }
  template <typename F>
  void for_each(F&& f) {
    for (auto& peer : peers_) {
      if (peer) f(*peer);
    }
  }
  quality::BridgeReport report(Timestamp now) const;
  void reset_figures(Timestamp now);

 private:
  Peer* named_by(const wire::StunMessage& check);
  // A check or an answer that failed on a path of `from`'s: true when it is another peer's, who has
  // its address now.
  bool address_taken(Timestamp now, Peer& from, PacketArrived& in);
  void rtcp_arrived(Timestamp now, Timestamp received_at, Peer& peer, ByteSpan bytes);
  void message_arrived(Timestamp now, Peer& peer, const wire::Message& message);
  void want(Peer& peer);
  void watch_tiles(Timestamp now);
  void view(Timestamp now, Peer& peer);
  // As its last state says, unless it has changed its mind too often: then a while later.
  void follow_document(Timestamp now, Peer& peer) {
    if (peer.documents != peer.announces_document && peer.document_changes.take(now))
      set_document(now, peer.id, peer.announces_document);
  }
  // From now on that bridge, or we, show a document or do not.
  void set_document(Timestamp now, PeerId bridge, bool shown);
  void state_arrived(Timestamp now, Peer& peer, const wire::BridgeState& state);
  void send_state(Timestamp now, Peer& peer);
  void send_losses(Timestamp now, Peer& peer);
  void send_nacks(Timestamp now, Peer& peer);
  void send_feedback(Timestamp now, Peer& peer);
  void send_reports(Timestamp now, Peer& peer);
  void send_rtcp(Timestamp now, Peer& peer, ByteSpan bytes);
  // What a change of the link means for media, in both directions.
  void follow_link(Timestamp now, Peer& peer) {
    const bool up = peer.link.is_up();
    if (peer.generation != peer.link.generation() || up != peer.was_up ||
        (peer.associated && peer.link.state() == LinkState::checking) ||
        (up && peer.asked != peer.inbound.wanted()))
      link_changed(now, peer);
  }
  void link_changed(Timestamp now, Peer& peer);
  void update_deadline(Peer& peer);
  Timestamp earliest() const {
    if (!earliest_known_) find_earliest();
    return earliest_;
  }
  void find_earliest() const;
  void drop(quality::DropReason reason) { ++dropped_[static_cast<std::size_t>(reason)]; }

  const BridgeConfig& config_;
  const Bridge::Ports& ports_;
  SecretRng& rng_;
  const WallTime& wall_;
  OutputQueue& out_;
  Boards boards_;
  Allocation& allocation_;
  Outbound& outbound_;
  std::vector<std::unique_ptr<Peer>> peers_;  // by PeerId; null for ourselves
  // By PeerId, the earliest of all that a peer waits for; never for ourselves. Side by side, and
  // with the least of them at hand, because every input asks: in a mesh of a hundred a walk over
  // the peers would cost more than the packet.
  std::vector<Timestamp> deadlines_;
  mutable Timestamp earliest_;
  mutable bool earliest_known_ = false;
  LocalStatus status_;
  ActiveSpeaker speaker_;
  Tiles tiles_;
  DocumentLog documents_;
  Downlink downlink_;
  std::uint64_t serial_ = 0;
  bool stirs_ = false;
  std::uint64_t dropped_[static_cast<std::size_t>(quality::DropReason::count_)] = {};
};

}  // namespace diemcau::mesh
