// A bridge on loopback without devices: the node's own port, seal and core loop around a real
// mesh::Bridge.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/frame_pool.h"
#include "core/base/packet_pool.h"
#include "node/core_loop.h"
#include "node/keys.h"
#include "node/roster.h"
#include "node/secure/pair_mac.h"
#include "node/secure/transport_security.h"
#include "node/udp_port.h"

namespace diemcau::bench {

// Key and port first, because the roster names them; then join(). The thread of `io`.
class LoopbackPeer {
 public:
  // Binds a free port of 127.0.0.1; throws std::system_error.
  LoopbackPeer(boost::asio::io_context& io, std::string id);
  LoopbackPeer(const LoopbackPeer&) = delete;
  LoopbackPeer& operator=(const LoopbackPeer&) = delete;

  node::RosterBridge roster_entry(mesh::Role role) const;

  struct Role {
    std::vector<node::RosterBridge> sorted;  // from by_id()
    Layer view = Layer::mid;                 // wanted of everybody
    Bitrate uplink = Bitrate::kbps(1'000'000);
    std::uint64_t seed = 1;
    mesh::LocalStatus status{true, true, false};
    node::LoopWitness* witness = nullptr;  // outlives the peer
  };
  void join(Role role);

  node::CoreLoop& loop() { return *loop_; }
  PeerId self() const { return self_; }
  const std::string& id() const { return id_; }
  quality::BridgeReport report() const;

 private:
  boost::asio::io_context& io_;
  std::string id_;
  node::PrivateKey key_;
  PeerId self_;
  PacketPool packets_;
  FramePool frames_;
  node::UdpPort port_;
  std::unique_ptr<node::secure::StaticPairMac> mac_;
  std::unique_ptr<node::secure::TransportSecurity> security_;
  std::unique_ptr<node::CoreLoop> loop_;
};

}  // namespace diemcau::bench
