// Sequence numbers and their unwrapping.
#include "core/units/seq_no.h"

#include <catch2/catch.hpp>
#include <type_traits>

using namespace diemcau;

template <typename T>
concept HasOrder = requires(T a, T b) {
  a < b;
};
static_assert(!HasOrder<SeqNo>, "a wrapping number has no order");

TEST_CASE("unwrapped ids go on where 16 bits wrap", "[units]") {
  SeqUnwrapper u;
  CHECK(u.unwrap(SeqNo{65534}) == 65534);
  CHECK(u.unwrap(SeqNo{65535}) == 65535);
  CHECK(u.unwrap(SeqNo{0}) == 65536);
  CHECK(u.unwrap(SeqNo{3}) == 65539);
}

TEST_CASE("a reordered packet from before the wrap keeps its older id", "[units]") {
  SeqUnwrapper u;
  u.unwrap(SeqNo{65535});
  CHECK(u.unwrap(SeqNo{1}) == 65537);
  CHECK(u.unwrap(SeqNo{65534}) == 65534);
  CHECK(u.unwrap(SeqNo{0}) == 65536);
}

TEST_CASE("ids before the first one seen are negative, not huge", "[units]") {
  SeqUnwrapper u;
  u.unwrap(SeqNo{2});
  CHECK(u.unwrap(SeqNo{65535}) == -1);
  CHECK(seq_no_of(-1) == SeqNo{65535});
}

TEST_CASE("peek does not move the reference of the unwrapper", "[units]") {
  SeqUnwrapper u;
  u.unwrap(SeqNo{0});
  // 0x7FFF ahead twice would be a wrap if peek had moved.
  CHECK(u.peek(SeqNo{0x7FFF}) == 0x7FFF);
  CHECK(u.peek(SeqNo{0xFFFE}) == -2);
  u.reset();
  CHECK(u.peek(SeqNo{0xFFFE}) == 0xFFFE);
}

TEST_CASE("every step below half the range unwraps to itself", "[units]") {
  for (int step = -0x7FFF; step <= 0x7FFF; step += 7) {
    SeqUnwrapper u;
    const PacketId from = u.unwrap(SeqNo{40000});
    const auto to = static_cast<std::uint16_t>(40000 + step);
    REQUIRE(u.unwrap(SeqNo{to}) == from + step);
  }
}

TEST_CASE("a 32-bit timestamp unwraps over several rounds", "[units]") {
  Unwrapper<std::uint32_t> u;
  std::int64_t expected = 0xF000'0000;
  std::uint32_t wire = 0xF000'0000;
  for (int i = 0; i < 12; ++i) {
    REQUIRE(u.unwrap(wire) == expected);
    wire += 0x4000'0000;
    expected += 0x4000'0000;
  }
}

TEST_CASE("the number after 65535 is 0", "[units]") {
  CHECK(SeqNo{65535}.next() == SeqNo{0});
  CHECK(seq_no_of(65536 * 3 + 5) == SeqNo{5});
}
