// The first bytes of a datagram.
#include "core/wire/demux.h"

#include <array>
#include <catch2/catch.hpp>

#include "core/wire/rtp.h"
#include "tests/core/wire/wire_bytes.h"

using namespace diemcau;
using namespace diemcau::wire;

TEST_CASE("every first byte goes where RFC 7983 figure 3 sends it", "[wire][demux]") {
  //  [0..3] STUN, [16..19] ZRTP (not ours), [20..63] DTLS, [64..79] TURN channel,
  //  [128..191] RTP/RTCP; everything else is dropped.
  struct Range {
    int first, last;
    DatagramKind kind;
  };
  constexpr Range kRanges[] = {
      {0, 3, DatagramKind::stun},
      {4, 15, DatagramKind::invalid},
      {16, 19, DatagramKind::invalid},
      {20, 63, DatagramKind::dtls},
      {64, 79, DatagramKind::turn_channel},
      {80, 127, DatagramKind::invalid},
      {128, 191, DatagramKind::rtp_or_rtcp},
      {192, 255, DatagramKind::invalid},
  };
  int checked = 0;
  for (const Range& r : kRanges) {
    for (int b = r.first; b <= r.last; ++b, ++checked) {
      const std::array<std::uint8_t, 1> datagram{static_cast<std::uint8_t>(b)};
      CAPTURE(b);
      REQUIRE(demux(datagram[0]) == r.kind);
      REQUIRE(demux(ByteSpan{datagram}) == r.kind);
    }
  }
  CHECK(checked == 256);
}

TEST_CASE("an empty datagram is invalid", "[wire][demux]") {
  CHECK(demux(ByteSpan{}) == DatagramKind::invalid);
}

TEST_CASE("RTCP is what has 192 to 223 in its second byte", "[wire][demux]") {
  for (unsigned b = 0; b < 256; ++b) {
    const std::array<std::uint8_t, 2> d{0x80, static_cast<std::uint8_t>(b)};
    REQUIRE(is_rtcp(d) == (b >= 192 && b <= 223));
  }
  const std::array<std::uint8_t, 1> one_byte{0x80};
  CHECK_FALSE(is_rtcp(one_byte));
}

TEST_CASE("our payload types are RTP with and without the marker", "[wire][demux]") {
  for (const std::uint8_t type : {kAudioPayloadType, kVideoPayloadType}) {
    for (const unsigned marker : {0U, 0x80U}) {
      const std::array<std::uint8_t, 2> d{0x90, static_cast<std::uint8_t>(marker | type)};
      CHECK_FALSE(is_rtcp(d));
    }
  }
}

TEST_CASE("application data and handshake of DTLS are told apart", "[wire][demux]") {
  // Content type 23, version DTLS 1.2 (FEFD), epoch 1, sequence 5, length 0.
  auto record = wire_test::hex("17 FEFD 0001 000000000005 0000");
  REQUIRE(record.size() == kDtlsRecordHeaderBytes);
  CHECK(dtls_content(record) == DtlsContent::application_data);
  record[0] = 22;
  CHECK(dtls_content(record) == DtlsContent::handshake);
  for (const int other : {19, 24, 63}) {
    record[0] = static_cast<std::uint8_t>(other);
    CHECK_FALSE(dtls_content(record));
  }
}

TEST_CASE("a datagram shorter than a DTLS record header has no content type", "[wire][demux]") {
  wire_test::for_each_prefix(wire_test::hex("17 FEFD 0001 000000000005 0000"),
                             [](ByteSpan d) { REQUIRE_FALSE(dtls_content(d)); });
}
