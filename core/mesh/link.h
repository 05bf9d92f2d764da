// The link to one peer: authenticated checks open a path, a handshake makes keys, a greeting agrees
// on the protocol.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/fetch.h"
#include "core/base/packet_pool.h"
#include "core/base/secret_rng.h"
#include "core/base/token_bucket.h"
#include "core/mesh/boundary.h"
#include "core/mesh/bridge_config.h"
#include "core/mesh/control_channel.h"
#include "core/mesh/handshake.h"
#include "core/mesh/handshake_runner.h"
#include "core/mesh/output_queue.h"
#include "core/mesh/path.h"
#include "core/mesh/probe_log.h"
#include "core/mesh/wall_time.h"
#include "core/quality/flow_report.h"
#include "core/wire/messages.h"

namespace diemcau::mesh {

enum class LinkState : std::uint8_t { checking, handshaking, greeting, up, down };

// What a bridge shares with its links. All of it outlives them.
struct LinkContext {
  const BridgeConfig& config;
  PacketPool& packets;
  PairMac& pair_mac;
  HandshakeFactory& handshakes;
  SecretRng& rng;
  const WallTime& wall;
  OutputQueue& out;
};

// Checking → (path proven) handshaking → (keys) greeting → (both hellos) up ⇄ down. A peer that
// restarts is known by the session id in its answers to our own checks: those cannot be replayed.
// Timing: reference constants of the liveness rule — suspect at 600 ms, down at 2 s, checks every
// 50 ms for the first 10 s of silence, then backing off, for ever.
class Link {
 public:
  // As many as the roster may hint; a new authentic address replaces the stalest.
  static constexpr std::size_t kPaths = 4;

  Link(LinkContext context, PeerId peer);

  void start(Timestamp now);
  // Why it was not used, when it was not.
  std::optional<quality::DropReason> stun_arrived(Timestamp now, Timestamp received_at, PathId path,
                                                  ByteSpan bytes);
  // A check from an address that is no path yet, or another peer's; makes it a path of this one if
  // it is authentic. False when it is not.
  bool stranger_arrived(Timestamp now, Timestamp received_at, std::uint8_t uplink, Endpoint from,
                        ByteSpan bytes);
  // An answer from an address that is taken for another's: true when a check of ours went there and
  // it is the peer's. Then the address is its again.
  bool answered_from(Timestamp now, Timestamp received_at, std::uint8_t uplink, Endpoint from,
                     ByteSpan bytes);
  // The path, when the peer has not been heard there for as long as makes it suspect: its address
  // may be another's by now. Null when it has, or when the path is not open.
  const Path* silent_at(Timestamp now, PathId path);
  void dtls_arrived(Timestamp now, PathId path, ByteSpan bytes);
  // An unsealed datagram proves that the peer lives and where.
  void traffic_arrived(Timestamp now, PathId path, std::size_t wire_bytes);
  // Feeds the reliable layer; messages that are not the link's own come back through
  // poll_message().
  void control_arrived(Timestamp now, ByteSpan datagram);
  bool has_message() const { return control_.has_message(); }
  std::optional<wire::Message> poll_message(Timestamp now);

  // Reliable, not ordered; a newer message of the same slot (≠ 0) replaces an older one that is not
  // acknowledged yet.
  void send_control(Timestamp now, wire::ControlPriority priority, const wire::Message& message,
                    std::uint8_t slot);
  void time_passed(Timestamp now);
  Timestamp deadline() const;
  // The peer said goodbye: its keys are dropped, checks slow down.
  void peer_left(Timestamp now);
  void leave(Timestamp now);

  // A packet is near: what each of them reads.
  void fetch() const {
    diemcau::fetch(this, 128);
    diemcau::fetch(&paths_.front(), 128);
    diemcau::fetch(&handshake_, 64);
    control_.fetch();
  }
  PeerId peer() const { return peer_; }
  LinkState state() const { return state_; }
  bool is_up() const { return state_ == LinkState::up; }
  // Both ends know repair packets; false until the peer's hello has come.
  bool repairs() const { return peer_repairs_; }
  bool sound_by_time() const { return peer_knows_sound_by_time_; }
  // Counts associations: streams of an older one are dead (fresh SSRCs each time).
  std::uint32_t generation() const { return generation_; }
  // Where media goes; none until a path is proven.
  std::optional<PathId> active_path() const;
  std::optional<Duration> rtt() const;
  // Of the last checks: without what waited on the way.
  std::optional<Duration> least_rtt() const;
  const std::optional<ClockFilter::Estimate>& clock() const {
    return paths_[active_].clock.estimate();
  }
  // The path that media leaves on, which has counted so many bytes more; null until one is proven.
  const Path* media_leaves(std::size_t wire_bytes) {
    Path& path = paths_[active_];
    if (!path.open || !path.proven) return nullptr;
    ++path.packets_sent;
    path.bytes_sent += wire_bytes;
    return &path;
  }
  quality::PathReport report(Timestamp now) const;

 private:
  static constexpr Duration kSuspectAfter = 600ms;
  Path* path_of(PathId id);
  Path* find(std::uint8_t uplink, const Endpoint& remote);
  bool makes_room(Timestamp now, const Path& path) const;
  Path* open_path(Timestamp now, std::uint8_t uplink, Endpoint remote);
  void send_check(Timestamp now, Path& path);
  void check_soon(Timestamp now);
  void answer_check(Timestamp now, Timestamp received_at, Path& path, const wire::StunMessage& m);
  void check_answered(Timestamp now, Timestamp received_at, Path& path, const wire::StunMessage& m);
  bool authentic(ByteSpan bytes, const wire::StunMessage& m);
  void send_stun(Path& path, const wire::StunMessage& m);
  void heard(Timestamp now, Path& path);
  Duration end_outage(Timestamp now);  // how long it was
  // Whether the keys, or those that are being made, may be of this session of the peer.
  bool keys_are_of(std::uint64_t session) const;
  bool may_begin_handshake() const;
  void advance(Timestamp now);
  void reset_association(Timestamp now);
  void begin_handshake(Timestamp now);
  void handshake_failed(Timestamp now);
  void send_flight();
  void send_hello(Timestamp now);
  void hello_arrived(Timestamp now, const wire::Hello& hello);
  void flush_control(Timestamp now);
  void watch_silence(Timestamp now);
  Duration check_interval(Timestamp now);
  Timestamp check_due() const;
  void send(Path& path, PacketKind kind, ByteSpan bytes);
  void emit(EventKind kind, std::uint64_t detail = 0);

  // What every packet reads stands first: in a large mesh each link has left the cache since its
  // last one.
  LinkState state_ = LinkState::checking;
  bool suspect_ = false;
  bool peer_repairs_ = false;
  bool peer_knows_sound_by_time_ = false;
  bool left_ = false;
  std::uint32_t generation_ = 0;
  std::uint32_t active_ = 0;
  unsigned back_off_ = 0;
  Timestamp heard_at_;  // last authenticated packet, or the start
  Timestamp next_check_;
  Timestamp checked_at_;
  TokenBucket checks_at_once_{8, std::chrono::seconds(1)};
  PeerId peer_;
  HandshakeRole role_;
  std::optional<Timestamp> down_since_;
  std::array<Path, kPaths> paths_;
  HandshakeRunner handshake_;
  std::optional<Timestamp> handshake_retry_at_;
  ControlChannel control_;
  ProbeLog probes_;
  LinkContext context_;
  std::string username_out_, username_in_;  // "to:from"
  std::uint64_t session_ = 0;               // ours, towards this peer
  // Authoritative: from an answer to our check, or from the greeting.
  std::optional<std::uint64_t> peer_session_;
  std::optional<std::uint64_t> greeted_session_;  // of the keys that stand
  bool told_incompatible_ = false;                // once for each association
  std::uint64_t reconnects_ = 0, handshakes_done_ = 0, handshakes_failed_ = 0;
  Duration outage_{};
};

}  // namespace diemcau::mesh
