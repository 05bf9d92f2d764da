// Two real OpenSSL handshakes over core's own runner.
#include "node/secure/dtls_handshake.h"

#include <catch2/catch.hpp>

#include "core/base/rng.h"
#include "tests/node/secure/secure_pair.h"

using namespace diemcau;
using namespace diemcau::test;

namespace {

// Application data in both directions opens, and SRTP as well.
bool talks(SecurePair& pair, Timestamp now, std::uint32_t ssrc = 7) {
  const std::vector<std::uint8_t> text = {'h', 'i'};
  const auto one_way = [&](TransportSecurity& from, TransportSecurity& to, PeerId to_id,
                           PeerId from_id, std::uint32_t id) {
    PacketRef control = pair.packet(text);
    if (!from.seal(to_id, mesh::PacketKind::control, *control)) return false;
    const auto kind = to.open(now, from_id, *control);
    if (!kind || *kind != mesh::PacketKind::control ||
        !std::equal(text.begin(), text.end(), control->data(),
                    control->data() + control->present()))
      return false;
    const auto plain = rtp_packet(id, 100, 60);
    PacketRef media = pair.packet(plain);
    if (!from.seal(to_id, mesh::PacketKind::rtp, *media)) return false;
    const auto opened = to.open(now, from_id, *media);
    return opened && *opened == mesh::PacketKind::rtp &&
           std::equal(plain.begin(), plain.end(), media->data(), media->data() + media->present());
  };
  return one_way(*pair.client, *pair.server, SecurePair::kServer, SecurePair::kClient, ssrc) &&
         one_way(*pair.server, *pair.client, SecurePair::kClient, SecurePair::kServer, ssrc + 1);
}

std::vector<Duration> in_5_ms(bool arrives) {
  return arrives ? std::vector<Duration>{5ms} : std::vector<Duration>{};
}

}  // namespace

TEST_CASE("two bridges of one roster agree on keys in four flights", "[node][dtls]") {
  SecurePair pair;
  HandshakeLine line{pair, HandshakeLine::fair};
  line.run();
  CHECK(line.agreed());
  CHECK(line.sent == 4);
  std::size_t bytes = 0;
  for (const auto& datagram : line.seen) {
    CHECK(datagram.size() <= 1200);
    bytes += datagram.size();
  }
  INFO("handshake bytes " << bytes);
  CHECK(bytes < 2000);
  CHECK(talks(pair, line.now));
}

TEST_CASE("both ends export the same keys, crossed", "[node][dtls]") {
  const PrivateKey a = PrivateKey::generate(), b = PrivateKey::generate();
  const DtlsContext client_context{Identity{a}}, server_context{Identity{b}};
  DtlsAssociation client{client_context, mesh::HandshakeRole::client, b.public_key()};
  DtlsAssociation server{server_context, mesh::HandshakeRole::server, a.public_key()};
  client.start();
  for (int flight = 0; flight < 2; ++flight) {
    for (const auto& datagram : client.take_flight()) server.handle(datagram);
    for (const auto& datagram : server.take_flight()) client.handle(datagram);
  }
  REQUIRE(client.state() == DtlsAssociation::State::done);
  REQUIRE(server.state() == DtlsAssociation::State::done);
  CHECK(client.srtp_keys().sending == server.srtp_keys().receiving);
  CHECK(client.srtp_keys().receiving == server.srtp_keys().sending);
  CHECK(client.srtp_keys().sending != client.srtp_keys().receiving);
  CHECK(client.srtp_keys().sending != std::array<std::uint8_t, 44>{});
}

TEST_CASE("any one datagram of the handshake may be lost", "[node][dtls]") {
  for (std::size_t lost = 0; lost < 4; ++lost) {
    SecurePair pair;
    HandshakeLine line{pair, [lost](std::size_t n) { return in_5_ms(n != lost); }};
    line.run();
    INFO("lost datagram " << lost);
    CHECK(line.agreed());
    CHECK(talks(pair, line.now));
    // A repeated flight goes out 50 ms after it was lost, not after OpenSSL's second.
    CHECK(line.now - timestamp_from_ns(1'000'000'000) < 300ms);
  }
}

TEST_CASE("any two datagrams of the handshake may be lost", "[node][dtls]") {
  for (std::size_t first = 0; first < 6; ++first) {
    for (std::size_t second = first + 1; second < 8; ++second) {
      SecurePair pair;
      HandshakeLine line{pair, [=](std::size_t n) { return in_5_ms(n != first && n != second); }};
      line.run();
      INFO("lost datagrams " << first << " and " << second);
      CHECK(line.agreed());
      CHECK(talks(pair, line.now));
    }
  }
}

TEST_CASE("every datagram of the handshake may come twice and late", "[node][dtls]") {
  for (const Duration late : {0ms, 1ms, 7ms, 40ms, 120ms}) {
    SecurePair pair;
    HandshakeLine line{pair, [late](std::size_t) {
                         return std::vector<Duration>{5ms, 5ms + late};
                       }};
    line.run();
    INFO("the copy comes " << to_ms(late) << " ms later");
    CHECK(line.agreed());
    CHECK(talks(pair, line.now));
  }
}

TEST_CASE("a handshake over a long way comes to rest", "[node][dtls]") {
  SecurePair pair;
  HandshakeLine line{pair, [](std::size_t) { return std::vector<Duration>{80ms}; }};
  const Timestamp start = line.now;
  line.run(1min);
  CHECK(line.agreed());
  // Four flights, and the answers to those that were repeated on the way: three round trips.
  CHECK(line.now - start <= 3 * 160ms);
}

TEST_CASE("a handshake survives 30 % loss with copies and reordering", "[node][dtls][random]") {
  const std::uint64_t seed = 20'251;
  INFO("seed " << seed);
  Rng rng{seed};
  for (int round = 0; round < 40; ++round) {
    SecurePair pair;
    HandshakeLine line{pair, [&rng](std::size_t) {
                         std::vector<Duration> copies;
                         for (int copy = 0; copy < 2; ++copy) {
                           if (rng.below(10) < 7) copies.push_back(Duration{rng.below(90'000'000)});
                           if (rng.below(10) < 6) break;
                         }
                         return copies;
                       }};
    line.run();
    INFO("round " << round);
    CHECK(line.agreed());
    CHECK(talks(pair, line.now));
  }
}

TEST_CASE("flights cut into datagrams of one record agree in any order", "[node][dtls][random]") {
  const std::uint64_t seed = 77;
  INFO("seed " << seed);
  Rng rng{seed};
  for (int round = 0; round < 20; ++round) {
    SecurePair pair;
    auto client = pair.client->make(SecurePair::kServer, mesh::HandshakeRole::client);
    auto server = pair.server->make(SecurePair::kClient, mesh::HandshakeRole::server);
    client->start();
    server->start();
    for (int flight = 0; flight < 2; ++flight) {
      for (const bool to_server : {true, false}) {
        std::vector<std::vector<std::uint8_t>> records;
        for (const auto& d : (to_server ? client : server)->poll_flight()) {
          for (std::size_t at = 0; at < d.size();) {
            const std::size_t size = 13 + (std::size_t{d[at + 11]} << 8 | d[at + 12]);
            records.emplace_back(d.begin() + static_cast<std::ptrdiff_t>(at),
                                 d.begin() + static_cast<std::ptrdiff_t>(at + size));
            at += size;
          }
        }
        for (std::size_t i = records.size(); i > 1; --i)
          std::swap(records[i - 1], records[rng.below(static_cast<std::uint32_t>(i))]);
        // Sent again, as core does when a part is missing.
        for (int time = 0; time < 3; ++time) {
          for (const auto& record : records) (to_server ? server : client)->handle(record);
        }
      }
    }
    INFO("round " << round);
    CHECK(client->state() == mesh::HandshakeState::done);
    CHECK(server->state() == mesh::HandshakeState::done);
  }
}

TEST_CASE("a client whose key is not in the roster is refused", "[node][dtls]") {
  SecurePair pair{true, false};
  HandshakeLine line{pair, HandshakeLine::fair};
  line.run();
  CHECK(line.server.failed());
  CHECK_FALSE(line.client.done());
  CHECK_FALSE(pair.server->has_keys(SecurePair::kClient));
  CHECK_FALSE(pair.client->has_keys(SecurePair::kServer));
}

TEST_CASE("a server whose key is not in the roster is refused", "[node][dtls]") {
  SecurePair pair{false, true};
  HandshakeLine line{pair, HandshakeLine::fair};
  line.run();
  CHECK(line.client.failed());
  CHECK_FALSE(line.server.done());
  CHECK_FALSE(pair.client->has_keys(SecurePair::kServer));
}

TEST_CASE("an alert that anybody can write ends no handshake", "[node][dtls]") {
  SecurePair pair;
  auto client = pair.client->make(SecurePair::kServer, mesh::HandshakeRole::client);
  auto server = pair.server->make(SecurePair::kClient, mesh::HandshakeRole::server);
  const std::vector<std::uint8_t> fatal = {21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
  client->start();
  for (int flight = 0; flight < 2; ++flight) {
    server->handle(fatal);
    for (const auto& d : client->poll_flight()) server->handle(d);
    client->handle(fatal);
    for (const auto& d : server->poll_flight()) client->handle(d);
  }
  CHECK(client->state() == mesh::HandshakeState::done);
  CHECK(server->state() == mesh::HandshakeState::done);
}

TEST_CASE("a forged server flight costs the client a new hello, not the handshake",
          "[node][dtls]") {
  SecurePair pair;
  auto client = pair.client->make(SecurePair::kServer, mesh::HandshakeRole::client);
  auto server = pair.server->make(SecurePair::kClient, mesh::HandshakeRole::server);
  client->start();
  auto hello = client->poll_flight();
  REQUIRE(hello.size() == 1);
  for (const auto& d : hello) server->handle(d);
  auto damaged = server->poll_flight();
  REQUIRE_FALSE(damaged.empty());
  damaged[0][13 + 12] ^= 0xFF;  // the version inside ServerHello
  for (const auto& d : damaged) client->handle(d);
  CHECK(client->state() == mesh::HandshakeState::running);
  hello = client->poll_flight();
  REQUIRE(hello.size() == 1);
  for (const auto& d : hello) server->handle(d);
  for (const auto& d : server->poll_flight()) client->handle(d);
  for (const auto& d : client->poll_flight()) server->handle(d);
  for (const auto& d : server->poll_flight()) client->handle(d);
  CHECK(client->state() == mesh::HandshakeState::done);
  CHECK(server->state() == mesh::HandshakeState::done);
}

TEST_CASE("a server that is done starts anew with a client that starts anew", "[node][dtls]") {
  SecurePair pair;
  HandshakeLine line{pair, HandshakeLine::fair};
  line.run();
  REQUIRE(line.agreed());
  line.begin_client();
  line.run(1s);
  CHECK(line.agreed());
  CHECK(talks(pair, line.now, 900));
}

TEST_CASE("garbage of every kind ends neither side of a handshake", "[node][dtls][random]") {
  const std::uint64_t seed = 5'150;
  INFO("seed " << seed);
  Rng rng{seed};
  SecurePair pair;
  auto client = pair.client->make(SecurePair::kServer, mesh::HandshakeRole::client);
  auto server = pair.server->make(SecurePair::kClient, mesh::HandshakeRole::server);
  const auto annoy = [&rng](mesh::Handshake& side) {
    for (int n = 0; n < 300; ++n) {
      std::vector<std::uint8_t> bytes(rng.below(200));
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
      if (!bytes.empty()) bytes[0] = static_cast<std::uint8_t>(20 + rng.below(4));
      side.handle(bytes);
    }
  };
  client->start();
  for (int flight = 0; flight < 2; ++flight) {
    annoy(*server);
    for (const auto& d : client->poll_flight()) server->handle(d);
    annoy(*client);
    for (const auto& d : server->poll_flight()) client->handle(d);
  }
  CHECK(client->state() == mesh::HandshakeState::done);
  CHECK(server->state() == mesh::HandshakeState::done);
}
