// The key exchange of one link as core drives it (DTLS 1.2 in node, the same flights and sizes in
// sim).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/units/ids.h"

namespace diemcau::mesh {

enum class HandshakeRole : std::uint8_t { client, server };
enum class HandshakeState : std::uint8_t { running, done, failed };

// One association. Core owns time: it keeps the datagrams of the last flight and sends them again,
// from 50 ms doubling; the implementation never retransmits by itself. One thread at a time. After
// `done`, the implementation has the keys for this path's peer installed on its side of the
// boundary; control datagrams may follow.
class Handshake {
 public:
  virtual ~Handshake() = default;
  // The client's first flight becomes available; a server waits.
  virtual void start() = 0;
  // A datagram from the peer. Damaged, repeated and foreign ones are ignored; they never end a
  // handshake.
  virtual void handle(ByteSpan datagram) = 0;
  // The datagrams of the flight made since the last call (each ≤ 1,232 bytes); empty when there is
  // none. Poll again after start() and after every handle().
  virtual std::vector<std::vector<std::uint8_t>> poll_flight() = 0;
  virtual HandshakeState state() const = 0;
};

// Made by the driver; outlives the Bridge. A new association of a peer replaces the old one when it
// is done.
class HandshakeFactory {
 public:
  virtual ~HandshakeFactory() = default;
  virtual std::unique_ptr<Handshake> make(PeerId peer, HandshakeRole role) = 0;
  // Drops the keys of a peer (it left, or was away too long).
  virtual void forget(PeerId peer) = 0;
};

// Authenticates STUN checks before there is an association: HMAC-SHA256 under HKDF(ECDH of the two
// roster keys) in node.
class PairMac {
 public:
  virtual ~PairMac() = default;
  virtual std::array<std::uint8_t, 32> mac(PeerId peer, ByteSpan message) = 0;
};

}  // namespace diemcau::mesh
