// One peer of the load: a complete bridge whose camera is a reel and whose screen and loudspeaker
// only answer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "bench/load/reel.h"
#include "bench/mesh/loopback_peer.h"
#include "bench/raw/bare_loop.h"
#include "sim/playout_model.h"

namespace diemcau::bench {

// It knows itself and the node, nobody else: the node's side of the mesh is whole, and the load
// costs little. The thread of `io`.
class LoadPeer : private node::LoopWitness {
 public:
  LoadPeer(boost::asio::io_context& io, std::string id, const Reel& reel);
  LoadPeer(const LoadPeer&) = delete;
  LoadPeer& operator=(const LoadPeer&) = delete;

  node::RosterBridge roster_entry() const { return peer_.roster_entry(mesh::Role::member); }
  // Media begins `phase` after `now`, so that the cameras of the load do not fire together.
  void join(const node::RosterBridge& node, Layer view, std::uint64_t seed, Timestamp now,
            Duration phase);
  // What has come due: pictures, sound, the loudspeaker's period.
  void tick(Timestamp now);
  void leave() { peer_.loop().leave(); }
  // From now on every datagram to and from the node is written down in `traffic`, as of number
  // `peer`; null ends that.
  void write_into(std::vector<Datagram>* traffic, std::uint32_t peer) {
    traffic_ = traffic;
    number_ = peer;
  }

  std::optional<Timestamp> proven_at() const { return proven_at_; }
  std::optional<Timestamp> up_at() const { return up_at_; }
  bool up() const { return up_; }
  quality::BridgeReport report() const { return peer_.report(); }

 private:
  struct Track {
    bool active = false;
    std::size_t at = 0;        // in the reel
    std::uint32_t number = 0;  // of the next frame; never restarts
    Timestamp due;
  };
  void input(Timestamp now, const mesh::Input& input) override;
  void output(const mesh::Output& output) override;
  void write_down(Timestamp now, ByteSpan datagram, bool to_node);
  void play_track(Layer layer, Timestamp now);
  void play_sound(Timestamp now);

  const Reel& reel_;
  LoopbackPeer peer_;
  PeerId node_;
  std::array<Track, 4> tracks_;  // by Layer
  std::size_t sound_at_ = 0;
  Timestamp sound_due_, device_due_;
  sim::PlayoutModel loudspeaker_;
  std::vector<mesh::NalUnit> nals_;
  std::optional<Timestamp> proven_at_, up_at_;
  bool up_ = false;
  std::vector<Datagram>* traffic_ = nullptr;
  std::uint32_t number_ = 0;
};

}  // namespace diemcau::bench
