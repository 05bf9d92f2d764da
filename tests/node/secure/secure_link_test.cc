// Seal and open of media against known answers, replay, forgery and rekeying.
#include "node/secure/secure_link.h"

#include <catch2/catch.hpp>

#include "tests/node/secure/secure_pair.h"
#include "tests/node/secure/srtp_reference.h"

using namespace diemcau;
using namespace diemcau::test;

namespace {

constexpr Timestamp kNow = timestamp_from_ns(5'000'000'000);

Bytes hex(std::string_view text) {
  Bytes out;
  unsigned value = 0, digits = 0;
  for (const char c : text) {
    if (c == ' ') continue;
    value = value << 4 | static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    if (++digits % 2 == 0) out.push_back(static_cast<std::uint8_t>(value));
  }
  return out;
}

// RFC 7714 §16: key 00…1f, salt "Quid pro quo", payload "Gallia est omnis divisa in partes tres".
SessionKey rfc7714_key() {
  SessionKey k;
  for (std::size_t i = 0; i < 32; ++i) k.key[i] = static_cast<std::uint8_t>(i);
  const Bytes salt = hex("517569642070726f2071756f");
  std::copy(salt.begin(), salt.end(), k.salt.begin());
  return k;
}
const char* const kRfc7714Rtp =
    "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070"
    "61727465 73207472 6573";

SrtpKeys made_up_keys() {
  SrtpKeys keys;
  for (std::size_t i = 0; i < 44; ++i) {
    keys.sending[i] = static_cast<std::uint8_t>(3 * i + 1);
    keys.receiving[i] = static_cast<std::uint8_t>(200 - i);
  }
  return keys;
}
SrtpKeys crossed(const SrtpKeys& keys) { return {keys.receiving, keys.sending}; }

Bytes bytes_of(const Packet& p) { return {p.data(), p.data() + p.present()}; }

// A meeting's two ends, with keys.
struct Agreed : SecurePair {
  Agreed() { rekey(); }
  void rekey() {
    HandshakeLine line{*this, HandshakeLine::fair};
    line.run();
    REQUIRE(line.agreed());
  }
  PacketRef sealed(std::uint32_t ssrc, std::uint16_t seq) {
    PacketRef p = packet(rtp_packet(ssrc, seq, 100));
    REQUIRE(client->seal(kServer, mesh::PacketKind::rtp, *p));
    return p;
  }
  Result<mesh::PacketKind, DropReason> open(Packet& p, Timestamp now = kNow) {
    return server->open(now, kClient, p);
  }
  PacketRef copy(const PacketRef& p) { return packet(p->bytes()); }
};

}  // namespace

TEST_CASE("the reference seals the packet of RFC 7714 section 16.2 as the RFC does",
          "[node][srtp]") {
  const Bytes sealed = reference_rtp(rfc7714_key(), hex(kRfc7714Rtp), 12);
  CHECK(sealed == hex("8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238"
                      "9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7"
                      "6c13"));
}

TEST_CASE("key derivation gives the keys of RFC 6188 section 7.3", "[node][srtp]") {
  const Bytes master =
      hex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6"
          "3b04803de51ee7c96423ab5b78d2");
  CHECK(derive(master, 0, 32) ==
        hex("5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4"));
  CHECK(derive(master, 2, 14) == hex("fa31791685ca444a9e07c6c64e93"));
}

TEST_CASE("libsrtp seals RTP as the reference does", "[node][srtp]") {
  SecurePair pair;
  const SrtpKeys keys = made_up_keys();
  SrtpSession session{keys};
  const Bytes plain = hex(kRfc7714Rtp);
  PacketRef p = pair.packet(plain);
  REQUIRE(session.seal_rtp(*p));
  CHECK(bytes_of(*p) == reference_rtp(session_key(keys.sending, false), plain, 12));
}

TEST_CASE("libsrtp seals a packet with header extensions as the reference does", "[node][srtp]") {
  SecurePair pair;
  const SrtpKeys keys = made_up_keys();
  SrtpSession session{keys};
  Bytes plain = hex("906f0001 00000000 0a0b0c0d bede0001 10ff0000");
  plain.insert(plain.end(), 200, 0x33);
  PacketRef p = pair.packet(plain);
  REQUIRE(session.seal_rtp(*p));
  CHECK(bytes_of(*p) == reference_rtp(session_key(keys.sending, false), plain, 20));
}

TEST_CASE("libsrtp seals RTCP as the reference does", "[node][srtp]") {
  SecurePair pair;
  const SrtpKeys keys = made_up_keys();
  SrtpSession session{keys};
  Bytes plain = hex("81c8000d 4d617273");
  plain.insert(plain.end(), 48, 0x21);
  PacketRef p = pair.packet(plain);
  REQUIRE(session.seal_rtcp(*p));
  CHECK(bytes_of(*p) == reference_rtcp(session_key(keys.sending, true), plain, 1));
}

TEST_CASE("what the reference seals opens", "[node][srtp]") {
  SecurePair pair;
  const SrtpKeys keys = made_up_keys();
  SrtpSession session{crossed(keys)};
  const Bytes plain = rtp_packet(0x5501'A0B2, 0xF17B, 38);
  PacketRef p = pair.packet(reference_rtp(session_key(keys.sending, false), plain, 12));
  CHECK_FALSE(session.open_rtp(*p, Ssrc{0x5501'A0B2}).has_value());
  CHECK(bytes_of(*p) == plain);
}

TEST_CASE("a replayed packet is refused as a replay", "[node][srtp]") {
  Agreed pair;
  PacketRef media = pair.sealed(1, 10), again = pair.copy(media);
  CHECK(pair.open(*media));
  CHECK(pair.open(*again).error() == DropReason::replay);

  PacketRef control = pair.packet(Bytes{1, 2, 3});
  REQUIRE(pair.client->seal(Agreed::kServer, mesh::PacketKind::control, *control));
  PacketRef control_again = pair.copy(control);
  CHECK(pair.open(*control));
  CHECK(pair.open(*control_again).error() == DropReason::replay);
}

TEST_CASE("a packet 1500 behind the newest still opens once", "[node][srtp]") {
  Agreed pair;
  std::vector<PacketRef> packets;
  for (std::uint16_t seq = 1; seq <= 1501; ++seq) packets.push_back(pair.sealed(9, seq));
  CHECK(pair.open(*packets.back()));
  PacketRef again = pair.copy(packets.front());
  CHECK(pair.open(*packets.front()));
  CHECK(pair.open(*again).error() == DropReason::replay);
}

TEST_CASE("a packet with any one bit changed is refused", "[node][srtp]") {
  Agreed pair;
  for (std::size_t bit = 0; bit < 8 * (12 + 100 + 16); ++bit) {
    PacketRef p = pair.sealed(3, static_cast<std::uint16_t>(bit + 1));
    p->data()[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    INFO("bit " << bit);
    const auto opened = pair.open(*p);
    // Without its first bit it is shaped like STUN, which core authenticates itself.
    CHECK((!opened || (bit == 7 && *opened == mesh::PacketKind::stun)));
  }
  PacketRef good = pair.sealed(3, 5'000);
  CHECK(pair.open(*good));
}

TEST_CASE("a sequence number is never sealed twice", "[node][srtp]") {
  Agreed pair;
  static_cast<void>(pair.sealed(4, 77));
  PacketRef again = pair.packet(rtp_packet(4, 77, 100));
  CHECK_FALSE(pair.client->seal(Agreed::kServer, mesh::PacketKind::rtp, *again));
}

TEST_CASE("plain SRTCP is refused before libsrtp sees it", "[node][srtp]") {
  Bytes packet(48, 0);
  packet[0] = 0x80;
  packet[1] = 200;
  CHECK_FALSE(sealed_rtcp_ssrc(packet).has_value());
  packet[44] = 0x80;
  CHECK(sealed_rtcp_ssrc(packet).has_value());
  packet[0] = 0x40;
  CHECK_FALSE(sealed_rtcp_ssrc(packet).has_value());
}

TEST_CASE("a header that claims more than the packet holds is refused", "[node][srtp]") {
  Bytes packet(12 + 16, 0);
  packet[0] = 0x80;
  CHECK(sealed_rtp_ssrc(packet).has_value());
  packet[0] = 0x81;  // one CSRC that is not there
  CHECK_FALSE(sealed_rtp_ssrc(packet).has_value());
  packet[0] = 0x90;  // an extension of 65,535 words
  packet.resize(64);
  packet[14] = packet[15] = 0xFF;
  CHECK_FALSE(sealed_rtp_ssrc(packet).has_value());
}

TEST_CASE("after a rekey the streams of the old keys open for 2 s more", "[node][srtp]") {
  Agreed pair;
  PacketRef first = pair.sealed(100, 1);
  PacketRef in_flight = pair.sealed(100, 2), too_late = pair.sealed(100, 3);
  CHECK(pair.open(*first));
  pair.rekey();
  PacketRef fresh = pair.sealed(200, 1);
  CHECK(pair.open(*fresh, kNow));
  CHECK(pair.open(*in_flight, kNow + 1999ms));
  CHECK(pair.open(*too_late, kNow + 2000ms).error() == DropReason::auth);
}

TEST_CASE("a forged packet teaches the new keys no stream of the old ones", "[node][srtp]") {
  Agreed pair;
  PacketRef first = pair.sealed(100, 1), in_flight = pair.sealed(100, 2);
  CHECK(pair.open(*first));
  pair.rekey();
  PacketRef forged = pair.packet(rtp_packet(100, 9, 200));
  CHECK_FALSE(pair.open(*forged));
  CHECK(pair.open(*in_flight));
}

TEST_CASE("a peer can name 64 streams per key, not more", "[node][srtp]") {
  Agreed pair;
  for (std::uint32_t ssrc = 1; ssrc <= 64; ++ssrc) CHECK(pair.open(*pair.sealed(ssrc, 1)));
  CHECK(pair.open(*pair.sealed(65, 1)).error() == DropReason::unknown);
  CHECK(pair.open(*pair.sealed(64, 2)));
}
