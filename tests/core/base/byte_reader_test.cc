// Reading and writing bounded bytes.
#include "core/base/byte_reader.h"

#include <array>
#include <catch2/catch.hpp>

#include "core/base/byte_writer.h"

using namespace diemcau;

TEST_CASE("numbers are read in network byte order", "[base]") {
  const std::array<std::uint8_t, 18> b{1,  2,  3,  4,  5,  6,  7,  8,  9,
                                       10, 11, 12, 13, 14, 15, 16, 17, 18};
  ByteReader in(b);
  CHECK(in.u8() == 0x01);
  CHECK(in.u16() == 0x0203);
  CHECK(in.u24() == 0x04'0506);
  CHECK(in.u32() == 0x0708'090A);
  CHECK(in.u64() == 0x0B0C'0D0E'0F10'1112);
  CHECK(in.ok());
  CHECK(in.remaining() == 0);
}

TEST_CASE("a short read gives 0 and stays failed", "[base]") {
  const std::array<std::uint8_t, 3> b{0xFF, 0xFF, 0xFF};
  ByteReader in(b);
  CHECK(in.u32() == 0);
  CHECK_FALSE(in.ok());
  // One byte would be there, but the reader has lost its place.
  CHECK(in.u8() == 0);
  CHECK(in.bytes(1).empty());
  CHECK(in.position() == 0);
}

TEST_CASE("a huge length is a short read, not an overflow", "[base]") {
  const std::array<std::uint8_t, 3> b{};
  ByteReader in(b);
  in.skip(2);
  CHECK(in.bytes(~std::size_t{0}).empty());
  CHECK_FALSE(in.ok());
}

TEST_CASE("the rest of an empty reader is empty and no error", "[base]") {
  ByteReader in({});
  CHECK(in.rest().empty());
  CHECK(in.ok());
}

TEST_CASE("what is written is read back", "[base]") {
  std::array<std::uint8_t, 32> buffer{};
  ByteWriter out(buffer);
  out.u8(0x01);
  out.u16(0x0203);
  out.u24(0x040506);
  out.u32(0x0708090A);
  out.u64(0x0B0C0D0E0F101112);
  out.zeros(2);
  REQUIRE(out.ok());
  REQUIRE(out.size() == 20);
  for (std::size_t i = 0; i < 18; ++i) CHECK(buffer[i] == i + 1);
  CHECK(buffer[18] == 0);
  CHECK(out.room() == 12);
}

TEST_CASE("a write past the end fails, stays failed and writes nothing", "[base]") {
  std::array<std::uint8_t, 4> buffer{9, 9, 9, 9};
  ByteWriter out(std::span{buffer}.first(3));
  out.u32(0);
  CHECK_FALSE(out.ok());
  out.u8(0);
  CHECK(out.size() == 0);
  CHECK(buffer == std::array<std::uint8_t, 4>{9, 9, 9, 9});
}

TEST_CASE("only bytes already written can be patched", "[base]") {
  std::array<std::uint8_t, 8> buffer{};
  ByteWriter out(buffer);
  out.u32(0);
  out.patch_u16(2, 0xABCD);
  CHECK(out.ok());
  CHECK(buffer[2] == 0xAB);
  CHECK(buffer[3] == 0xCD);
  out.patch_u16(3, 1);
  CHECK_FALSE(out.ok());
}
