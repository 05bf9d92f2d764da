// STUN binding messages and their integrity.
#include "core/wire/stun.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>

#include "tests/core/wire/wire_bytes.h"

using namespace diemcau;
using namespace diemcau::wire;
using wire_test::Bytes;
using wire_test::hex;

namespace {

// RFC 5769 §2.1: the password of the sample messages.
constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";

StunMac mac_of(ByteSpan covered) {
  return wire_test::hmac_sha256(
      {reinterpret_cast<const std::uint8_t*>(kPassword.data()), kPassword.size()}, covered);
}

TransactionId rfc_transaction() {
  TransactionId id{};
  const Bytes b = hex("b7e7a701bc34d686fa87dfae");
  std::copy(b.begin(), b.end(), id.begin());
  return id;
}

Bytes written(const StunMessage& m) {
  Bytes b(kMaxStunBytes);
  ByteWriter out(b);
  write_stun(out, m, mac_of);
  REQUIRE(out.ok());
  b.resize(out.size());
  return b;
}

StunError error_of(ByteSpan b) {
  const auto m = parse_stun(b);
  REQUIRE_FALSE(m);
  return m.error();
}

StunMessage sample_request() {
  StunMessage m;
  m.transaction = rfc_transaction();
  m.username = "evtj:h6vY";
  m.session_id = 0x0102030405060708;
  return m;
}

// The messages below were put together by an independent script; their integrity is what
//   openssl dgst -sha256 -hmac 'VOkJxbRl1RmTxUk/WvJxBt' covered.bin
// prints for the bytes before attribute 001c with the length field counting it (0x40, 0x50, 0x2c).

// Binding request, length 72. USERNAME "evtj:h6vY" padded with zeros, session id,
// MESSAGE-INTEGRITY-SHA256, FINGERPRINT.
const char* const kRequest =
    "00010048 2112a442 b7e7a701bc34d686fa87dfae"
    "00060009 6576746a3a68367659000000"
    "c0dc0008 0102030405060708"
    "001c0020 81d69e18a9c8e6c0d3152521f4183ae2624d4f892f36045ae3d426c2fed2e2fe"
    "80280004 13f4b5d6";

// Success response, length 88. XOR-MAPPED-ADDRESS 192.0.2.1:32853 (as in RFC 5769 §2.2), session
// id, clock.
const char* const kResponse =
    "01010058 2112a442 b7e7a701bc34d686fa87dfae"
    "00200008 0001a147e112a643"
    "c0dc0008 0102030405060708"
    "c0dd0010 e8d4a51012345678 e8d4a510123cf000"
    "001c0020 e051279a5431b9605f10b291fee0953179003edc7a07991f308908481dc6e599"
    "80280004 fb5f8557";

// Answer to a probe, length 132: session id, probe 0x01020304 with the arrivals from 0x01020300 on.
const char* const kProbeAnswer =
    "01010084 2112a442 b7e7a701bc34d686fa87dfae"
    "c0dc0008 0102030405060708"
    "c0de0048 01020304 01020300"
    "e8d4a51012345678 0000000000000000 e8d4a510123cf000 0000000000000000"
    "0000000000000000 0000000000000000 0000000000000000 0000000000000001"
    "001c0020 08d00b19fa4cc78e4f7c0c21d5b127525009540bb245121a1d5a9a4cf86cbbf8"
    "80280004 58074614";

// Error response 401.
const char* const kErrorResponse =
    "01110034 2112a442 b7e7a701bc34d686fa87dfae"
    "00090004 00000401"
    "001c0020 93fba297f5c6ffda53358093a05f7a184911c2317adb805c1d6a4b877d00bfcb"
    "80280004 e031f754";

}  // namespace

TEST_CASE("the test's HMAC-SHA256 gives RFC 4231 test case 2", "[wire][stun]") {
  const auto mac = wire_test::hmac_sha256(
      hex("4a656665"), hex("7768617420646f2079612077616e7420666f72206e6f7468696e673f"));
  CHECK(wire_test::copy(mac) ==
        hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
}

TEST_CASE("CRC-32 has the check value of its catalogue", "[wire][stun]") {
  CHECK(crc32(hex("313233343536373839")) == 0xCBF4'3926);  // "123456789"
}

TEST_CASE("our request has the bytes of the vector", "[wire][stun]") {
  CHECK(written(sample_request()) == hex(kRequest));
}

TEST_CASE("our success response has the bytes of the vector", "[wire][stun]") {
  StunMessage m;
  m.message_class = StunClass::success;
  m.transaction = rfc_transaction();
  m.mapped = Endpoint::v4(0xC000'0201, 32853);
  m.session_id = 0x0102030405060708;
  m.clock = StunClock{NtpTime::from_raw(0xE8D4A51012345678), NtpTime::from_raw(0xE8D4A510123CF000)};
  CHECK(written(m) == hex(kResponse));
}

TEST_CASE("our answer to a probe has the bytes of the vector and is read back", "[wire][stun]") {
  StunMessage m;
  m.message_class = StunClass::success;
  m.transaction = rfc_transaction();
  m.session_id = 0x0102030405060708;
  StunProbe probe;
  probe.sequence = 0x01020304;
  probe.first = 0x01020300;
  probe.arrivals[0] = NtpTime::from_raw(0xE8D4A51012345678);
  probe.arrivals[2] = NtpTime::from_raw(0xE8D4A510123CF000);
  probe.arrivals[7] = NtpTime::from_raw(1);
  m.probe = probe;
  CHECK(written(m) == hex(kProbeAnswer));
  const Bytes b = hex(kProbeAnswer);
  const auto back = parse_stun(b);
  REQUIRE(back);
  CHECK(back->probe == probe);
}

TEST_CASE("our error response has the bytes of the vector", "[wire][stun]") {
  StunMessage m;
  m.message_class = StunClass::error;
  m.transaction = rfc_transaction();
  m.error_code = 401;
  CHECK(written(m) == hex(kErrorResponse));
}

TEST_CASE("the vectors are read and their integrity holds under the right key only",
          "[wire][stun]") {
  for (const char* text : {kRequest, kResponse, kProbeAnswer, kErrorResponse}) {
    const Bytes b = hex(text);
    const auto m = parse_stun(b);
    REQUIRE(m);
    CHECK(m->transaction == rfc_transaction());
    CHECK(m->has_fingerprint);
    CHECK(verify_stun(b, *m, mac_of));
    const auto other_key = [](ByteSpan covered) {
      return wire_test::hmac_sha256(hex("00"), covered);
    };
    CHECK_FALSE(verify_stun(b, *m, other_key));
  }
}

TEST_CASE("the fields of the success vector are read", "[wire][stun]") {
  const Bytes b = hex(kResponse);
  const auto m = parse_stun(b);
  REQUIRE(m);
  CHECK(m->message_class == StunClass::success);
  CHECK(m->mapped == Endpoint::v4(0xC000'0201, 32853));
  CHECK(m->session_id == 0x0102030405060708);
  REQUIRE(m->clock);
  CHECK(m->clock->sent_at.raw() == 0xE8D4A510123CF000);
  CHECK(m->username.empty());
}

TEST_CASE("the sample request of RFC 5769 section 2.1 is read", "[wire][stun]") {
  // SOFTWARE, PRIORITY, ICE-CONTROLLED, USERNAME (padded with spaces), MESSAGE-INTEGRITY (SHA-1,
  // which we do not check), FINGERPRINT.
  const Bytes b =
      hex("00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 5354554e207465737420636c69656e74"
          "00240004 6e0001ff 80290008 932ff9b151263b36 00060009 6576746a3a68367659202020"
          "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf");
  const auto m = parse_stun(b);
  REQUIRE(m);
  CHECK(m->message_class == StunClass::request);
  CHECK(m->username == "evtj:h6vY");
  CHECK(m->has_fingerprint);
  CHECK_FALSE(m->integrity_at);
  CHECK_FALSE(verify_stun(b, *m, mac_of));
}

TEST_CASE("the sample responses of RFC 5769 sections 2.2 and 2.3 are read", "[wire][stun]") {
  const Bytes v4 =
      hex("0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220"
          "00200008 0001a147e112a643 00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"
          "80280004 c07d4c96");
  const auto m4 = parse_stun(v4);
  REQUIRE(m4);
  CHECK(m4->message_class == StunClass::success);
  CHECK(m4->mapped == Endpoint::v4(0xC000'0201, 32853));
  const Bytes v6 =
      hex("01010048 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220"
          "00200014 0002a147 0113a9faa5d3f179bc25f4b5bed2b9d9"
          "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c");
  const auto m6 = parse_stun(v6);
  REQUIRE(m6);
  // 2001:db8:1234:5678:11:2233:4455:6677, port 32853.
  REQUIRE(m6->mapped);
  CHECK(wire_test::copy(m6->mapped->ip) == hex("20010db8123456780011223344556677"));
  CHECK(m6->mapped->port == 32853);
}

TEST_CASE("an IPv6 address round-trips", "[wire][stun]") {
  StunMessage m;
  m.message_class = StunClass::success;
  m.transaction = rfc_transaction();
  Endpoint e;
  const Bytes ip = hex("20010db8123456780011223344556677");
  std::copy(ip.begin(), ip.end(), e.ip.begin());
  e.port = 32853;
  m.mapped = e;
  const Bytes b = written(m);
  const auto back = parse_stun(b);
  REQUIRE(back);
  CHECK(back->mapped == e);
}

TEST_CASE("usernames of every length up to the cap round-trip", "[wire][stun]") {
  for (std::size_t n = 1; n <= kMaxStunUsername; ++n) {
    const std::string name(n, 'u');
    StunMessage m = sample_request();
    m.username = name;
    const Bytes b = written(m);
    const auto back = parse_stun(b);
    REQUIRE(back);
    REQUIRE(back->username == name);
    REQUIRE(verify_stun(b, *back, mac_of));
  }
}

TEST_CASE("all four classes and error codes round-trip", "[wire][stun]") {
  for (unsigned c = 0; c < 4; ++c) {
    StunMessage m;
    m.message_class = static_cast<StunClass>(c);
    const Bytes b = written(m);
    CHECK(parse_stun(b)->message_class == m.message_class);
  }
  for (const std::uint16_t code : std::array<std::uint16_t, 7>{300, 400, 401, 420, 487, 500, 699}) {
    StunMessage m;
    m.message_class = StunClass::error;
    m.error_code = code;
    const Bytes b = written(m);
    CHECK(parse_stun(b)->error_code == code);
  }
}

TEST_CASE("a change of any byte breaks the fingerprint, the form or the integrity",
          "[wire][stun]") {
  const Bytes good = hex(kResponse);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes b = good;
      b[i] = static_cast<std::uint8_t>(b[i] ^ 1U << bit);
      const auto m = parse_stun(b);
      CAPTURE(i, bit);
      // Only a flip in the fingerprint's type leaves a readable message: one without fingerprint.
      if (m) REQUIRE((i >= good.size() - 8 || !verify_stun(b, *m, mac_of)));
      if (m) REQUIRE_FALSE(m->has_fingerprint);
    }
  }
}

TEST_CASE("attributes behind the integrity do not count", "[wire][stun]") {
  StunMessage m = sample_request();
  Bytes b(kMaxStunBytes);
  ByteWriter out(b);
  write_stun_covered(out, m);
  const StunMac mac = mac_of(out.written());
  out.u32(0x001C0020);
  out.bytes(mac);
  out.bytes(hex("00200008 0001a147e112a643"));  // an attacker's mapped address
  out.patch_u16(2, static_cast<std::uint16_t>(out.size() - 20));
  b.resize(out.size());
  const auto back = parse_stun(b);
  REQUIRE(back);
  CHECK(verify_stun(b, *back, mac_of));
  CHECK_FALSE(back->mapped);
}

TEST_CASE("malformed STUN messages are errors", "[wire][stun]") {
  const std::string head = "2112a442 b7e7a701bc34d686fa87dfae";
  CHECK(error_of(hex("00010000 2112a443 b7e7a701bc34d686fa87dfae")) == StunError::not_stun);
  CHECK(error_of(hex("40010000" + head)) == StunError::not_stun);
  CHECK(error_of(hex("00010004" + head)) == StunError::bad_length);
  CHECK(error_of(hex("00010000" + head + "00")) == StunError::bad_length);
  CHECK(error_of(hex("00030000" + head)) == StunError::not_binding);  // Allocate
  CHECK(error_of(hex("00010008" + head + "00260000 00060000")) == StunError::unknown_required);
  CHECK(error_of(hex("00010004" + head + "00060001")) == StunError::truncated);
  CHECK(error_of(hex("01010008" + head + "00200004 00010000")) == StunError::bad_attribute);
  CHECK(error_of(hex("01010008" + head + "c0dc0004 00010000")) == StunError::bad_attribute);
  CHECK(error_of(hex("01010008" + head + "c0dd0004 00010000")) == StunError::bad_attribute);
  CHECK(error_of(hex("0001000c" + head + "c0de0008 0000000000000000")) == StunError::bad_attribute);
  CHECK(error_of(hex("01110008" + head + "00090004 00000264")) == StunError::bad_attribute);
  CHECK(error_of(hex("00010014" + head + "001c0010 00000000000000000000000000000000")) ==
        StunError::bad_attribute);  // a truncated integrity
  CHECK(error_of(hex("0001000c" + head + "80280004 00000000 00060000")) ==
        StunError::bad_attribute);  // the fingerprint is not last
  CHECK(error_of(hex("00010008" + head + "80280004 00000000")) == StunError::bad_fingerprint);
}

TEST_CASE("a message over the size limit is refused before anything is copied", "[wire][stun]") {
  // One unknown optional attribute fills it.
  for (const std::size_t total : {kMaxStunBytes, kMaxStunBytes + 4}) {
    Bytes b = hex("00010000 2112a442 b7e7a701bc34d686fa87dfae 80ff0000");
    b.resize(total);
    ByteWriter out(b);
    out.u16(1);
    out.u16(static_cast<std::uint16_t>(total - 20));
    b[22] = static_cast<std::uint8_t>((total - 24) >> 8);
    b[23] = static_cast<std::uint8_t>(total - 24);
    CHECK(parse_stun(b).has_value() == (total == kMaxStunBytes));
  }
}

TEST_CASE("a message cut at any length is an error", "[wire][stun]") {
  for (const char* text : {kRequest, kResponse, kProbeAnswer, kErrorResponse}) {
    wire_test::for_each_prefix(hex(text), [](ByteSpan b) {
      const StunError e = error_of(b);
      REQUIRE((e == StunError::truncated || e == StunError::bad_length));
    });
  }
}

TEST_CASE("whatever bytes come, the integrity lies inside the message", "[wire][stun]") {
  CAPTURE(wire_test::kGarbageSeed);
  std::size_t accepted = 0;
  const auto read = [&accepted](ByteSpan b) {
    const auto m = parse_stun(b);
    if (!m) return;
    ++accepted;
    if (m->integrity_at) REQUIRE_FALSE(verify_stun(b, *m, [](ByteSpan) { return StunMac{}; }));
  };
  wire_test::for_each_garbage({}, read);
  wire_test::for_each_garbage(hex("00010008 2112a442"), read);
  // With the length put right, so that attributes are reached.
  wire_test::for_each_garbage(hex("00010000 2112a442"), [&read](ByteSpan g) {
    if (g.size() < 20 || g.size() > kMaxStunBytes) return;
    Bytes b = wire_test::copy(g);
    b[2] = static_cast<std::uint8_t>((b.size() - 20) >> 8);
    b[3] = static_cast<std::uint8_t>(b.size() - 20);
    read(b);
  });
  Bytes no_fingerprint = hex(kResponse);
  no_fingerprint.resize(no_fingerprint.size() - 8);
  no_fingerprint[3] = 0x50;
  wire_test::for_each_mutation(no_fingerprint, 20'000, read);
  CHECK(accepted > 0);
}

TEST_CASE("a message that does not fit its buffer fails the writer", "[wire][stun]") {
  for (std::size_t room = 0; room < hex(kRequest).size(); ++room) {
    Bytes b(room);
    ByteWriter out(b);
    write_stun(out, sample_request(), mac_of);
    REQUIRE_FALSE(out.ok());
  }
}
