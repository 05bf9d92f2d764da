// The MAC of STUN checks: HMAC-SHA256 (RFC 2104) under a key that two bridges share through ECDH of
// their roster keys and HKDF (RFC 5869).
#pragma once

#include <vector>

#include "core/mesh/handshake.h"
#include "node/keys.h"
#include "node/roster.h"

namespace diemcau::node::secure {

// Key of a pair: HKDF-SHA256(ECDH, no salt, "diemcau stun v1" 0 lower id 0 higher id). No
// allocation per MAC. One thread at a time.
class StaticPairMac final : public mesh::PairMac {
 public:
  // `sorted` from by_id().
  StaticPairMac(const PrivateKey& own, const std::vector<RosterBridge>& sorted, PeerId self);
  ~StaticPairMac() override;
  StaticPairMac(const StaticPairMac&) = delete;
  StaticPairMac& operator=(const StaticPairMac&) = delete;

  std::array<std::uint8_t, 32> mac(PeerId peer, ByteSpan message) override;

 private:
  struct KeyedState;                // both digests of HMAC after their first block
  std::vector<KeyedState> states_;  // by PeerId; our own is never asked
};

}  // namespace diemcau::node::secure
