#include "bench/mesh/loopback_peer.h"

#include <utility>

#include "node/clock.h"
#include "node/secure/identity.h"

namespace diemcau::bench {

namespace {
constexpr std::uint32_t kLoopback = 0x7F00'0001;
}

LoopbackPeer::LoopbackPeer(boost::asio::io_context& io, std::string id)
    : io_(io),
      id_(std::move(id)),
      key_(node::PrivateKey::generate()),
      port_(io, packets_, Endpoint::v4(kLoopback, 0)) {}

node::RosterBridge LoopbackPeer::roster_entry(mesh::Role role) const {
  return {id_, id_, role, {Endpoint::v4(kLoopback, port_.port())}, key_.public_key()};
}

void LoopbackPeer::join(Role role) {
  self_ = node::find_self(role.sorted, id_, key_.public_key());
  mac_ = std::make_unique<node::secure::StaticPairMac>(key_, role.sorted, self_);
  security_ =
      std::make_unique<node::secure::TransportSecurity>(node::secure::Identity(key_), role.sorted);
  mesh::BridgeConfig config;
  config.roster = node::mesh_roster(role.sorted);
  config.self = self_;
  config.uplink = role.uplink;
  config.tiles.small = role.view;
  config.seed = role.seed;
  node::CoreLoop::Parts parts{packets_, frames_, port_, *security_, *mac_, *security_};
  parts.witness = role.witness;
  loop_ = std::make_unique<node::CoreLoop>(io_, std::move(config), std::move(parts));
  loop_->start(role.status);
}

quality::BridgeReport LoopbackPeer::report() const {
  return loop_->bridge().report(node::monotonic_now());
}

}  // namespace diemcau::bench
