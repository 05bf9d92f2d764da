// The thread that owns the bridge: feeds it datagrams, frames and time, and carries its outputs
// where they belong.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "core/base/packet_pool.h"
#include "core/mesh/bridge.h"
#include "node/document_desk.h"
#include "node/encoder_thread.h"
#include "node/inbox.h"
#include "node/isal_kernel.h"
#include "node/loop_witness.h"
#include "node/player.h"
#include "node/recorder.h"
#include "node/secure/transport_security.h"
#include "node/udp_port.h"

namespace diemcau::node {

// One thread: that of `io`. post() and its like may be called from any thread. What it is given
// outlives it.
class CoreLoop {
 public:
  struct Parts {
    PacketPool& packets;
    FramePool& frames;
    UdpPort& port;
    secure::TransportSecurity& security;
    mesh::PairMac& pair_mac;
    mesh::HandshakeFactory& handshakes;
    LoopWitness* witness = nullptr;  // --input-log
    Player* player = nullptr;        // set before start(): they post to this loop
    EncoderThread* encoder = nullptr;
    DocumentDesk* document = nullptr;
    Recorder* recorder = nullptr;
    std::function<void(const mesh::Event&)> on_event = {};
  };
  CoreLoop(boost::asio::io_context& io, mesh::BridgeConfig config, Parts parts);

  Parts& parts() { return parts_; }
  // Tells the bridge the time of day and what we can send, and opens the port.
  void start(mesh::LocalStatus status);
  void post(mesh::Input input);
  void post_video(EncodedVideo frame);
  void post_audio(EncodedAudio frame);
  void step(mesh::Input input);
  // Says goodbye to every peer; the datagrams are with the kernel when this returns.
  void leave();

  const mesh::Bridge& bridge() const { return bridge_; }
  // Datagrams refused before core, by DropReason.
  const std::array<std::uint64_t, static_cast<std::size_t>(quality::DropReason::count_)>& dropped()
      const {
    return dropped_;
  }
  // Of the camera.
  const std::vector<std::pair<Layer, mesh::SetEncoder>>& encoder_states() const {
    return encoder_states_;
  }

 private:
  using Posted = std::variant<mesh::Input, EncodedVideo, EncodedAudio>;
  struct RemotePath {
    PeerId peer;
    Endpoint remote;
    bool open = false;
  };
  void datagram_arrived(const Endpoint& from, Timestamp at, PacketRef packet);
  void arrived(Posted posted);
  void drain();
  void carry(mesh::Output& output);
  void tell_player(const mesh::Event& event);
  void tell_recorder(const mesh::Event& event);
  void send(mesh::SendPacket& output);
  void arm_timer();
  void drop(quality::DropReason reason) { ++dropped_[static_cast<std::size_t>(reason)]; }

  Parts parts_;
  IsalKernel kernel_;
  mesh::Bridge bridge_;
  Inbox<Posted> inbox_;
  boost::asio::steady_timer timer_;
  std::optional<Timestamp> armed_for_;
  std::vector<RemotePath> paths_;  // by PathId
  std::map<Endpoint, PathId> by_address_;
  std::set<PeerId> lost_;  // peers whose link is down
  std::vector<mesh::NalUnit> nals_;
  std::vector<std::pair<Layer, mesh::SetEncoder>> encoder_states_;
  std::array<std::uint64_t, static_cast<std::size_t>(quality::DropReason::count_)> dropped_{};
};

}  // namespace diemcau::node
