// What a driver must give a Bridge, in the smallest form that still behaves: a keyed MAC and a
// four-flight handshake.
#pragma once

#include <memory>
#include <vector>

#include "core/base/digest.h"
#include "core/mesh/bridge.h"

namespace diemcau::test {

// Keyed by the unordered pair, as the ECDH of two static keys is; a wrong key gives another MAC.
class KeyedMac : public mesh::PairMac {
 public:
  KeyedMac(PeerId self, std::uint64_t key) : self_(self), key_(key) {}
  std::array<std::uint8_t, 32> mac(PeerId peer, ByteSpan message) override {
    Digest d;
    d.add(key_);
    d.add(std::min(self_.value, peer.value));
    d.add(std::max(self_.value, peer.value));
    for (const std::uint8_t byte : message) d.add(byte);
    std::array<std::uint8_t, 32> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
      d.add(i);
      out[i] = static_cast<std::uint8_t>(d.value() >> 24);
    }
    return out;
  }

 private:
  PeerId self_;
  std::uint64_t key_;
};

// Flights 1 (client) → 2 (server) → 3 (client) → 4 (server), each one datagram that starts as a
// DTLS handshake record does.
class FourFlights : public mesh::Handshake {
 public:
  explicit FourFlights(mesh::HandshakeRole role) : client_(role == mesh::HandshakeRole::client) {}
  void start() override {
    if (client_) make(1);
  }
  void handle(ByteSpan datagram) override {
    if (datagram.size() != kSize || datagram[0] != 22) return;
    const std::uint8_t flight = datagram[1];
    // A client that starts anew, as node/secure/dtls_handshake.cc has it.
    if (!client_ && flight == 1) {
      made_ = 0;
      state_ = mesh::HandshakeState::running;
    }
    if (flight != made_ + 1) return;
    if (flight == 4) {
      state_ = mesh::HandshakeState::done;
      return;
    }
    make(static_cast<std::uint8_t>(flight + 1));
    if (made_ == 4) state_ = mesh::HandshakeState::done;
  }
  std::vector<std::vector<std::uint8_t>> poll_flight() override {
    return std::exchange(flight_, {});
  }
  mesh::HandshakeState state() const override { return state_; }

 private:
  static constexpr std::size_t kSize = 400;
  void make(std::uint8_t number) {
    std::vector<std::uint8_t> d(kSize, 0);
    d[0] = 22;
    d[1] = number;
    flight_ = {d};
    made_ = number;
  }
  bool client_;
  std::uint8_t made_ = 0;
  std::vector<std::vector<std::uint8_t>> flight_;
  mesh::HandshakeState state_ = mesh::HandshakeState::running;
};

class FourFlightsFactory : public mesh::HandshakeFactory {
 public:
  std::unique_ptr<mesh::Handshake> make(PeerId, mesh::HandshakeRole role) override {
    ++made;
    return std::make_unique<FourFlights>(role);
  }
  void forget(PeerId) override { ++forgotten; }
  int made = 0;
  int forgotten = 0;
};

}  // namespace diemcau::test
