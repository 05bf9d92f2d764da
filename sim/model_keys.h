// Handshake and seal of the lab: the flights and sizes of DTLS 1.2 with mutual P-256 certificates
// (RFC 6347, RFC 5764) and of AEAD_AES_256_GCM (RFC 7714), without their cost.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/mesh/boundary.h"
#include "core/mesh/handshake.h"
#include "sim/counter_random.h"

namespace diemcau::sim {

// ClientHello · ServerHello…ServerHelloDone · Certificate…Finished · ChangeCipherSpec, Finished. No
// HelloVerifyRequest: the address is proven before.
constexpr std::size_t kFlightBytes[4] = {220, 750, 700, 75};

// What sealing adds to a datagram of this kind: the GCM tag on RTP, tag and SRTCP index on RTCP,
// and the DTLS record with explicit nonce and tag around control. STUN and handshake flights go as
// they are.
constexpr std::uint32_t seal_bytes(mesh::PacketKind kind) {
  switch (kind) {
    case mesh::PacketKind::rtp: return 16;
    case mesh::PacketKind::rtcp: return 16 + 4;
    case mesh::PacketKind::control: return 13 + 8 + 16;
    case mesh::PacketKind::stun:
    case mesh::PacketKind::dtls: return 0;
  }
  return 0;
}
constexpr bool is_sealed(mesh::PacketKind kind) { return seal_bytes(kind) != 0; }

// One bridge's keys: a key is a 64-bit name that both ends of a finished handshake know. Outlives
// the bridge.
class ModelKeys : public mesh::HandshakeFactory, public mesh::PairMac {
 public:
  ModelKeys(std::uint64_t seed, PeerId self, std::size_t bridges);
  std::unique_ptr<mesh::Handshake> make(PeerId peer, mesh::HandshakeRole role) override;
  void forget(PeerId peer) override;
  std::array<std::uint8_t, 32> mac(PeerId peer, ByteSpan message) override;

  // The key that seals towards `peer`; 0 when there is none.
  std::uint64_t sealing_key(PeerId peer) const { return keys_[peer.value].current; }
  // The one before stays good for opening: its packets may still be under way.
  bool opens(PeerId peer, std::uint64_t key) const;
  void install(PeerId peer, std::uint64_t key);

 private:
  struct Keys {
    std::uint64_t current = 0, previous = 0;
  };
  std::uint64_t seed_;
  PeerId self_;
  CounterRandom random_;
  std::vector<Keys> keys_;
};

}  // namespace diemcau::sim
