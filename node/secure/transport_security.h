// Between the UDP port and core: what every datagram is (RFC 7983), sealed and opened with the keys
// of its peer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/packet_pool.h"
#include "core/base/result.h"
#include "core/base/token_bucket.h"
#include "core/mesh/boundary.h"
#include "core/mesh/handshake.h"
#include "core/quality/flow_report.h"
#include "node/roster.h"
#include "node/secure/secure_link.h"

namespace diemcau::node::secure {

// One thread: core's. Outlives the bridge and every handshake it made.
class TransportSecurity final : public mesh::HandshakeFactory {
 public:
  // `sorted` from by_id().
  TransportSecurity(Identity identity, std::vector<RosterBridge> sorted);

  std::unique_ptr<mesh::Handshake> make(PeerId peer, mesh::HandshakeRole role) override;
  void forget(PeerId peer) override;

  // In place, so the packet must be nobody else's; STUN and handshake flights stay as they are.
  // False when there are no keys for this peer: the packet must not be sent.
  [[nodiscard]] bool seal(PeerId peer, mesh::PacketKind kind, Packet& packet);
  // In place. stun and dtls come back as they are, for core to check; the rest is authentic and in
  // clear.
  Result<mesh::PacketKind, DropReason> open(Timestamp now, PeerId peer, Packet& packet);

  bool has_keys(PeerId peer) const { return links_[peer.value].has_keys(); }

 private:
  Result<mesh::PacketKind, DropReason> open_dtls(Timestamp now, PeerId peer, Packet& packet);

  Identity identity_;
  std::vector<RosterBridge> sorted_;
  DtlsContext context_;
  std::vector<SecureLink> links_;  // by PeerId
  // By PeerId. Hellos cost us a key pair and a signature each, and anybody who can forge the
  // address can write one.
  std::vector<TokenBucket> hellos_;
};

}  // namespace diemcau::node::secure
