// The frame descriptor's bits.
#include "core/wire/frame_descriptor.h"

#include <array>
#include <catch2/catch.hpp>

#include "tests/core/wire/wire_bytes.h"

using namespace diemcau;
using namespace diemcau::wire;
using wire_test::hex;

TEST_CASE("the descriptor of a droppable frame has the documented layout", "[wire][descriptor]") {
  FrameDescriptor d;
  d.frame_number = 0xABCD;
  d.layer = Layer::mid;
  d.temporal_id = 1;
  d.start = true;
  d.newest_needed_diff = 1;
  d.oldest_needed_diff = 7;
  std::array<std::uint8_t, kFrameDescriptorBytes> buffer{};
  ByteWriter out(buffer);
  write(out, d);
  // S=1 E=0 K=0 T=1 layer=10 res=00 → 1001 1000 = 98; then number, newest, oldest.
  CHECK(wire_test::copy(buffer) == hex("98 ABCD 01 07"));
  CHECK(parse_frame_descriptor(buffer) == d);
}

TEST_CASE("a key frame in one packet has start, end and key and needs nothing",
          "[wire][descriptor]") {
  // S=1 E=1 K=1 T=0 layer=11 (hi) → 1110 1100 = EC.
  const auto d = parse_frame_descriptor(hex("EC 0000 00 00"));
  REQUIRE(d);
  CHECK((d->start && d->end && d->key));
  CHECK(d->layer == Layer::hi);
}

TEST_CASE("every descriptor that can be written is read back", "[wire][descriptor]") {
  for (unsigned bits = 0; bits < 64; ++bits) {
    FrameDescriptor d;
    d.start = (bits & 1) != 0;
    d.end = (bits & 2) != 0;
    d.key = (bits & 4) != 0;
    d.temporal_id = (bits & 8) != 0 ? 1 : 0;
    d.layer = static_cast<Layer>(bits >> 4);
    d.frame_number = static_cast<std::uint16_t>(bits * 1021);
    d.newest_needed_diff = d.key ? 0 : 255;
    d.oldest_needed_diff = 255;
    std::array<std::uint8_t, kFrameDescriptorBytes> buffer{};
    ByteWriter out(buffer);
    write(out, d);
    REQUIRE(parse_frame_descriptor(buffer) == d);
  }
}

TEST_CASE("wrong lengths, reserved bits and contradicting needs are refused",
          "[wire][descriptor]") {
  CHECK(parse_frame_descriptor(hex("8C 0001 01 01")));
  CHECK_FALSE(parse_frame_descriptor({}));
  CHECK_FALSE(parse_frame_descriptor(hex("8C 0001 01")));
  CHECK_FALSE(parse_frame_descriptor(hex("8C 0001 01 01 00")));
  CHECK_FALSE(parse_frame_descriptor(hex("8D 0001 01 01")));  // reserved bit 0
  CHECK_FALSE(parse_frame_descriptor(hex("8E 0001 01 01")));  // reserved bit 1
  CHECK_FALSE(parse_frame_descriptor(hex("AC 0001 01 01")));  // key, but needs a frame
  CHECK_FALSE(parse_frame_descriptor(hex("8C 0001 00 01")));  // no key, needs nothing
  CHECK_FALSE(parse_frame_descriptor(hex("8C 0001 02 01")));  // oldest newer than newest
}
