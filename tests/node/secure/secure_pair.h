// Two bridges with real keys, and a line between their handshakes that loses, doubles and reorders
// what it is told to, in virtual time.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "core/mesh/handshake_runner.h"
#include "node/secure/transport_security.h"

namespace diemcau::test {

using namespace node;
using namespace node::secure;

// Bridge 0 is "a" (the DTLS client), bridge 1 is "b"; further ones only stand in the roster.
class SecurePair {
 public:
  explicit SecurePair(bool wrong_client_key = false, bool wrong_server_key = false) {
    const PrivateKey a = PrivateKey::generate(), b = PrivateKey::generate();
    const PrivateKey other = PrivateKey::generate();
    roster = {{"a", "A", mesh::Role::central, {}, a.public_key()},
              {"b", "B", mesh::Role::member, {}, b.public_key()}};
    client = std::make_unique<TransportSecurity>(Identity{wrong_client_key ? other : a}, roster);
    server = std::make_unique<TransportSecurity>(Identity{wrong_server_key ? other : b}, roster);
  }
  static constexpr PeerId kClient{0}, kServer{1};

  std::vector<RosterBridge> roster;
  std::unique_ptr<TransportSecurity> client, server;
  PacketPool pool;

  PacketRef packet(ByteSpan bytes) {
    PacketRef p = pool.take();
    std::copy(bytes.begin(), bytes.end(), p->data());
    p->set_size(bytes.size());
    return p;
  }
};

// Core's own runners on both ends; a datagram takes 5 ms.
class HandshakeLine {
 public:
  // What becomes of the n-th datagram sent: how long it takes, once per copy; none is a loss.
  using Fate = std::function<std::vector<Duration>(std::size_t n)>;
  static std::vector<Duration> fair(std::size_t) { return {5ms}; }

  HandshakeLine(SecurePair& pair, Fate fate) : pair_(pair), fate_(std::move(fate)) {}

  // Until both are done or failed, or `limit` has passed.
  void run(Duration limit = 9s) {
    if (!client.exists()) begin_client();
    const Timestamp end = now + limit;
    while (now < end && !(settled(client) && settled(server) && line_.empty())) {
      now += 1ms;
      deliver();
      if (client.exists()) client.time_passed(now);
      if (server.exists()) server.time_passed(now);
      flush();
    }
  }
  void begin_client() {
    client.begin(now, *pair_.client, SecurePair::kServer, mesh::HandshakeRole::client);
    flush();
  }
  bool agreed() const { return client.done() && server.done(); }

  mesh::HandshakeRunner client, server;
  Timestamp now = timestamp_from_ns(1'000'000'000);
  std::size_t sent = 0;
  std::vector<std::vector<std::uint8_t>> seen;  // every datagram sent, in order

 private:
  struct Flying {
    Timestamp at;
    bool to_server;
    std::vector<std::uint8_t> bytes;
  };
  static bool settled(const mesh::HandshakeRunner& r) { return r.done() || r.failed(); }
  void flush() {
    for (auto* from : {&client, &server}) {
      if (!from->exists()) continue;
      if (const auto* flight = from->take_due_flight()) {
        for (const auto& datagram : *flight) {
          for (const Duration delay : fate_(sent))
            line_.push_back({now + delay, from == &client, datagram});
          ++sent;
          seen.push_back(datagram);
        }
      }
    }
  }
  void deliver() {
    for (std::size_t i = 0; i < line_.size();) {
      if (line_[i].at > now) {
        ++i;
        continue;
      }
      const Flying arrived = line_[i];
      line_.erase(line_.begin() + static_cast<std::ptrdiff_t>(i));
      // As Link does: the server's side begins with the first datagram.
      if (arrived.to_server && !server.exists())
        server.begin(now, *pair_.server, SecurePair::kClient, mesh::HandshakeRole::server);
      (arrived.to_server ? server : client).handle(now, arrived.bytes);
      flush();
    }
  }
  SecurePair& pair_;
  Fate fate_;
  std::deque<Flying> line_;
};

inline std::vector<std::uint8_t> rtp_packet(std::uint32_t ssrc, std::uint16_t seq,
                                            std::size_t payload) {
  std::vector<std::uint8_t> p(12 + payload, 0x5A);
  p[0] = 0x80;
  p[1] = 111;
  p[2] = static_cast<std::uint8_t>(seq >> 8);
  p[3] = static_cast<std::uint8_t>(seq);
  for (unsigned i = 0; i < 4; ++i) {
    p[4 + i] = 0;
    p[8 + i] = static_cast<std::uint8_t>(ssrc >> (24 - 8 * i));
  }
  return p;
}

}  // namespace diemcau::test
