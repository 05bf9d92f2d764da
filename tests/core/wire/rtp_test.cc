// RTP headers, extensions and padding.
#include "core/wire/rtp.h"

#include <array>
#include <catch2/catch.hpp>

#include "tests/core/wire/wire_bytes.h"

using namespace diemcau;
using namespace diemcau::wire;
using wire_test::Bytes;
using wire_test::hex;

namespace {

RtpHeader sample_header() {
  return {kVideoPayloadType, true, SeqNo{0x1234}, 0x55667788, Ssrc{0xCAFEBABE}};
}

RtpExtensions all_extensions() {
  RtpExtensions e;
  e.audio_level = AudioLevel{30, true};
  e.absolute_capture = AbsoluteCapture{NtpTime::from_raw(0xE8D4'A510'1234'5678)};
  FrameDescriptor d;
  d.frame_number = 258;
  d.layer = Layer::lo;
  d.end = true;
  d.newest_needed_diff = 1;
  d.oldest_needed_diff = 1;
  e.frame_descriptor = d;
  return e;
}

// V=2 P=0 X=1 CC=0 → 90; M=1 PT=102 → E6; sequence, timestamp, SSRC; BEDE, 5 words; then
// level: id 1, length 1 → 10, voice and 30 → 9E; capture: id 2, length 8 → 27;
// descriptor: id 3, length 5 → 34, E and layer lo → 44; 17 bytes and 3 of padding.
const char* const kAll =
    "90E61234 55667788 CAFEBABE BEDE0005 109E27E8 D4A51012 34567834 44010201 01000000";

Bytes write_all(const RtpHeader& h, const RtpExtensions& e) {
  Bytes b(kMaxRtpHeaderBytes);
  ByteWriter out(b);
  write_rtp_header(out, h, e);
  REQUIRE(out.ok());
  b.resize(out.size());
  return b;
}

}  // namespace

TEST_CASE("a header with all our extensions has the documented bytes", "[wire][rtp]") {
  const Bytes b = write_all(sample_header(), all_extensions());
  CHECK(b == hex(kAll));
  CHECK(b.size() == rtp_header_size(all_extensions()));
  CHECK(b.size() == kMaxRtpHeaderBytes);
}

TEST_CASE("a header with all our extensions is read back", "[wire][rtp]") {
  Bytes b = hex(kAll);
  b.insert(b.end(), {1, 2, 3});
  const auto p = parse_rtp(b);
  REQUIRE(p);
  CHECK(p->header == sample_header());
  CHECK(p->extensions == all_extensions());
  CHECK(p->payload_offset == 36);
  CHECK(p->payload_size == 3);
  CHECK(p->padding == 0);
}

TEST_CASE("an elided packet ends right after its header", "[wire][rtp]") {
  const auto p = parse_rtp(hex(kAll));
  REQUIRE(p);
  CHECK(p->payload_offset == 36);
  CHECK(p->payload_size == 0);
}

TEST_CASE("every combination of extensions is written with its announced size and read back",
          "[wire][rtp]") {
  for (unsigned bits = 0; bits < 8; ++bits) {
    RtpExtensions e = all_extensions();
    if ((bits & 1) == 0) e.audio_level.reset();
    if ((bits & 2) == 0) e.absolute_capture.reset();
    if ((bits & 4) == 0) e.frame_descriptor.reset();
    const Bytes b = write_all(sample_header(), e);
    CHECK(b.size() == rtp_header_size(e));
    const auto p = parse_rtp(b);
    REQUIRE(p);
    CHECK(p->extensions == e);
  }
}

TEST_CASE("a plain header is twelve bytes", "[wire][rtp]") {
  RtpHeader h = sample_header();
  h.marker = false;
  CHECK(write_all(h, {}) == hex("80661234 55667788 CAFEBABE"));
}

TEST_CASE("contributing sources are skipped", "[wire][rtp]") {
  // CC = 2: two SSRCs before the payload.
  const auto p = parse_rtp(hex("826F0001 00000002 00000003 AAAAAAAA BBBBBBBB 0102"));
  REQUIRE(p);
  CHECK(p->payload_offset == 20);
  CHECK(p->payload_size == 2);
}

TEST_CASE("padding is taken off the payload", "[wire][rtp]") {
  const auto p = parse_rtp(hex("A06F0001 00000002 00000003 0102 000003"));
  REQUIRE(p);
  CHECK(p->payload_size == 2);
  CHECK(p->padding == 3);
}

TEST_CASE("padding that is zero, too long or absent is an error", "[wire][rtp]") {
  for (const char* text : {"A06F0001 00000002 00000003 010200", "A06F0001 00000002 00000003 010204",
                           "A06F0001 00000002 00000003"}) {
    const auto p = parse_rtp(hex(text));
    REQUIRE_FALSE(p);
    CHECK(p.error() == RtpError::bad_padding);
  }
}

TEST_CASE("two-byte extensions are read too", "[wire][rtp]") {
  // Profile 1000, 5 words: padding byte; id 1 length 1: 9E; unknown id 200 length 0;
  // id 2 length 8; padding to the word.
  const auto p =
      parse_rtp(hex("906F0001 00000002 00000003 10000005"
                    "00 01019E C800 0208 E8D4A51012345678 00000000"));
  REQUIRE(p);
  CHECK(p->extensions.audio_level == all_extensions().audio_level);
  CHECK(p->extensions.absolute_capture == all_extensions().absolute_capture);
}

TEST_CASE("the 16-byte form of the capture time is read", "[wire][rtp]") {
  // Id 2, length 16 → 2F: capture time, then the clock offset of a mixer.
  const auto p =
      parse_rtp(hex("906F0001 00000002 00000003 BEDE0005"
                    "2F E8D4A51012345678 0000000100000000 000000"));
  REQUIRE(p);
  CHECK(p->extensions.absolute_capture == all_extensions().absolute_capture);
}

TEST_CASE("unknown one-byte extensions are skipped and id 15 ends the list", "[wire][rtp]") {
  // Id 7 length 2, id 1 level; then id 15 and a level that must not count.
  const auto p = parse_rtp(hex("906F0001 00000002 00000003 BEDE0002 71AAAA 109E F0 107F"));
  REQUIRE(p);
  CHECK(p->extensions.audio_level == AudioLevel{30, true});
}

TEST_CASE("an extension of another profile is skipped whole", "[wire][rtp]") {
  const auto p = parse_rtp(hex("906F0001 00000002 00000003 ABCD0001 109E0000 55"));
  REQUIRE(p);
  CHECK(p->extensions == RtpExtensions{});
  CHECK(p->payload_size == 1);
}

TEST_CASE("our extensions with a wrong length or content are an error", "[wire][rtp]") {
  for (const char* text : {
           "906F0001 00000002 00000003 BEDE0001 119E9E00",           // level of 2 bytes
           "906F0001 00000002 00000003 BEDE0001 20E80000",           // capture of 1 byte
           "906F0001 00000002 00000003 BEDE0002 34470102 01010000",  // reserved bits
           "906F0001 00000002 00000003 BEDE0001 1F9E0000",           // past the block
           "906F0001 00000002 00000003 10000001 01FF9E00",           // two-byte, past the block
       }) {
    CAPTURE(text);
    const auto p = parse_rtp(hex(text));
    REQUIRE_FALSE(p);
    CHECK(p.error() == RtpError::bad_extension);
  }
}

TEST_CASE("only version 2 is RTP", "[wire][rtp]") {
  for (const char* text : {"00", "40", "C0"}) {
    Bytes b = hex(kAll);
    b[0] = static_cast<std::uint8_t>((b[0] & 0x3FU) | hex(text)[0]);
    const auto p = parse_rtp(b);
    REQUIRE_FALSE(p);
    CHECK(p.error() == RtpError::bad_version);
  }
}

TEST_CASE("a header cut at any length is truncated", "[wire][rtp]") {
  wire_test::for_each_prefix(hex(kAll), [](ByteSpan b) {
    const auto p = parse_rtp(b);
    REQUIRE_FALSE(p);
    REQUIRE(p.error() == RtpError::truncated);
  });
}

TEST_CASE("whatever bytes come, an RTP payload lies inside its packet", "[wire][rtp]") {
  std::size_t accepted = 0;
  const auto check = [&accepted](ByteSpan b) {
    const auto p = parse_rtp(b);
    if (!p) return;
    ++accepted;
    REQUIRE(p->payload_offset + p->payload_size + p->padding == b.size());
  };
  CAPTURE(wire_test::kGarbageSeed);
  for (const Bytes& lead : {Bytes{}, Bytes{0x80}, Bytes{0x90}, Bytes{0xB3, 0x66}}) {
    wire_test::for_each_garbage(lead, check);
  }
  wire_test::for_each_mutation(hex(kAll), 20'000, check);
  CHECK(accepted > 0);
}

TEST_CASE("a writer without room fails instead of writing half a header", "[wire][rtp]") {
  for (std::size_t room = 0; room < kMaxRtpHeaderBytes; ++room) {
    Bytes b(room);
    ByteWriter out(b);
    write_rtp_header(out, sample_header(), all_extensions());
    REQUIRE_FALSE(out.ok());
  }
}
