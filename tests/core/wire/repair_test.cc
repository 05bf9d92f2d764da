#include "core/wire/repair.h"

#include <array>
#include <catch2/catch.hpp>

#include "core/wire/rtp.h"

using namespace diemcau;
using namespace diemcau::wire;

TEST_CASE("a repair header lies on the wire as its picture says") {
  std::array<std::uint8_t, 16> buffer{};
  ByteWriter out(buffer);
  write(out, RepairHeader{0xABCD, 24, 15, 0x1234});
  const std::array<std::uint8_t, 6> expected = {0xAB, 0xCD, 24, 0xF0, 0x12, 0x34};
  REQUIRE(out.size() == kRepairHeaderBytes);
  CHECK(std::equal(expected.begin(), expected.end(), out.written().begin()));
  CHECK(parse_repair_header(out.written()) == RepairHeader{0xABCD, 24, 15, 0x1234});
}

TEST_CASE("repair headers that say nothing sensible are refused") {
  const auto parse = [](std::array<std::uint8_t, 6> bytes) { return parse_repair_header(bytes); };
  CHECK_FALSE(parse({0, 1, 0, 0xF0, 0, 1}));  // of no symbol
  CHECK_FALSE(parse({0, 1, 5, 0xF1, 0, 1}));  // reserved bits
  CHECK_FALSE(parse({0, 1, 5, 0xF0, 0, 0}));  // several symbols without a key
  CHECK_FALSE(parse({0, 1, 1, 0xF0, 0, 9}));  // one symbol with a key
  const std::array<std::uint8_t, 5> cut{0, 1, 5, 0xF0, 0};
  CHECK_FALSE(parse_repair_header(cut));
}

TEST_CASE("the symbol id rides in a header extension of two bytes") {
  std::array<std::uint8_t, 64> buffer{};
  ByteWriter out(buffer);
  RtpExtensions extensions;
  extensions.symbol_id = 0xBEEF;
  write_rtp_header(out, RtpHeader{}, extensions);
  const auto parsed = parse_rtp(out.written());
  REQUIRE(parsed);
  CHECK(parsed->extensions.symbol_id == 0xBEEF);
  CHECK(out.size() == rtp_header_size(extensions));
}

TEST_CASE("a picture's first packet has room for the symbol id in the longest header") {
  RtpExtensions extensions;
  extensions.absolute_capture = AbsoluteCapture{};
  extensions.frame_descriptor = FrameDescriptor{};
  extensions.symbol_id = 1;
  CHECK(rtp_header_size(extensions) == kMaxRtpHeaderBytes);
}
