// What the node does with whatever arrives.
#include "node/secure/transport_security.h"

#include <catch2/catch.hpp>
#include <map>

#include "core/base/rng.h"
#include "tests/node/secure/secure_pair.h"

using namespace diemcau;
using namespace diemcau::test;

namespace {
constexpr Timestamp kNow = timestamp_from_ns(5'000'000'000);
}

TEST_CASE("datagrams of every length and first byte are classified or counted, never fatal",
          "[node][security][random]") {
  const std::uint64_t seed = 424'242;
  INFO("seed " << seed);
  Rng rng{seed};
  SecurePair pair;
  HandshakeLine line{pair, HandshakeLine::fair};
  line.run();
  REQUIRE(line.agreed());
  PacketPool large{2048};
  PacketRef p = large.take();
  std::map<DropReason, std::size_t> dropped;
  std::size_t stun = 0, dtls = 0, believed = 0;
  for (std::size_t size = 0; size <= 2048; ++size) {
    for (unsigned first = 0; first < 256; ++first) {
      // Fresh garbage at the head, where headers are; the rest stays what it was.
      for (std::size_t i = 0; i < std::min<std::size_t>(size, 24); ++i)
        p->data()[i] = static_cast<std::uint8_t>(rng.next());
      if (size > 0) p->data()[0] = static_cast<std::uint8_t>(first);
      p->set_size(size);
      const auto kind = pair.server->open(kNow, SecurePair::kClient, *p);
      if (!kind) {
        ++dropped[kind.error()];
      } else if (*kind == mesh::PacketKind::stun) {
        ++stun;
      } else if (*kind == mesh::PacketKind::dtls) {
        ++dtls;
      } else {
        ++believed;
      }
    }
  }
  CHECK(believed == 0);
  CHECK(stun == 4 * 2048);
  // ChangeCipherSpec and handshake, from the first length that holds a record header.
  CHECK(dtls == 2 * (2048 - 12));
  CHECK(dropped[DropReason::malformed] > 0);
  CHECK(dropped[DropReason::auth] > 0);
  std::size_t all = stun + dtls;
  for (const auto& [reason, count] : dropped) all += count;
  CHECK(all == 2049 * 256);
}

TEST_CASE("every cut of a sealed packet is refused", "[node][security]") {
  SecurePair pair;
  HandshakeLine line{pair, HandshakeLine::fair};
  line.run();
  REQUIRE(line.agreed());
  for (const auto kind :
       {mesh::PacketKind::rtp, mesh::PacketKind::rtcp, mesh::PacketKind::control}) {
    auto plain = rtp_packet(5, 1, 64);
    if (kind == mesh::PacketKind::rtcp) plain[1] = 200;
    PacketRef whole = pair.packet(plain);
    REQUIRE(pair.client->seal(SecurePair::kServer, kind, *whole));
    for (std::size_t size = 0; size < whole->present(); ++size) {
      PacketRef cut = pair.packet(whole->bytes().first(size));
      INFO("kind " << static_cast<int>(kind) << " cut to " << size);
      CHECK_FALSE(pair.server->open(kNow, SecurePair::kClient, *cut));
    }
    const auto opened = pair.server->open(kNow, SecurePair::kClient, *whole);
    CHECK(opened);
    CHECK(*opened == kind);
  }
}

TEST_CASE("nothing is sealed or opened before there are keys", "[node][security]") {
  SecurePair pair;
  PacketRef media = pair.packet(rtp_packet(5, 1, 64));
  CHECK_FALSE(pair.client->seal(SecurePair::kServer, mesh::PacketKind::rtp, *media));
  CHECK_FALSE(pair.client->seal(SecurePair::kServer, mesh::PacketKind::control, *media));
  CHECK(pair.client->open(kNow, SecurePair::kServer, *media).error() == DropReason::unknown);
}

TEST_CASE("forgotten keys open nothing any more", "[node][security]") {
  SecurePair pair;
  HandshakeLine line{pair, HandshakeLine::fair};
  line.run();
  REQUIRE(line.agreed());
  PacketRef media = pair.packet(rtp_packet(5, 1, 64));
  REQUIRE(pair.client->seal(SecurePair::kServer, mesh::PacketKind::rtp, *media));
  pair.server->forget(SecurePair::kClient);
  CHECK(pair.server->open(kNow, SecurePair::kClient, *media).error() == DropReason::unknown);
  CHECK_FALSE(pair.server->seal(SecurePair::kClient, mesh::PacketKind::rtcp, *media));
}

TEST_CASE("sealing adds what the lab counts: 16 bytes on RTP, 20 on RTCP, 37 on control",
          "[node][security]") {
  SecurePair pair;
  HandshakeLine line{pair, HandshakeLine::fair};
  line.run();
  REQUIRE(line.agreed());
  const auto growth = [&](mesh::PacketKind kind) {
    auto plain = rtp_packet(5, 1, 64);
    if (kind == mesh::PacketKind::rtcp) plain[1] = 200;
    PacketRef p = pair.packet(plain);
    REQUIRE(pair.client->seal(SecurePair::kServer, kind, *p));
    return p->present() - plain.size();
  };
  CHECK(growth(mesh::PacketKind::rtp) == 16);
  CHECK(growth(mesh::PacketKind::rtcp) == 20);
  CHECK(growth(mesh::PacketKind::control) == 37);
  CHECK(growth(mesh::PacketKind::stun) == 0);
  CHECK(growth(mesh::PacketKind::dtls) == 0);
}

TEST_CASE("a storm of forged hellos is thinned to 10 per second", "[node][security][random]") {
  SecurePair pair;
  auto client = pair.client->make(SecurePair::kServer, mesh::HandshakeRole::client);
  client->start();
  const auto hello = client->poll_flight();
  REQUIRE(hello.size() == 1);
  std::size_t passed = 0;
  for (int ms = 0; ms < 2'000; ++ms) {
    PacketRef p = pair.packet(hello[0]);
    if (pair.server->open(kNow + ms * 1ms, SecurePair::kClient, *p)) ++passed;
  }
  CHECK(passed == 8 + 19);
}
