#include "core/wire/redundancy.h"

#include <catch2/catch.hpp>
#include <vector>

#include "core/base/rng.h"
#include "core/wire/rtp.h"

using namespace diemcau;
using namespace diemcau::wire;

namespace {

std::vector<std::uint8_t> header(std::span<const SoundBlock> earlier) {
  std::vector<std::uint8_t> bytes(redundancy_header_bytes(earlier.size()));
  ByteWriter out(bytes);
  write_redundancy_header(out, earlier);
  REQUIRE((out.ok() && out.size() == bytes.size()));
  return bytes;
}

}  // namespace

TEST_CASE("the headers of two earlier frames are those of RFC 2198 §3, bit for bit") {
  const std::vector<SoundBlock> earlier = {{1'920, 80, 0}, {960, 81, 0}};
  // F = 1, type 111; 14 bits 1,920 or 960; 10 bits 80 or 81; then F = 0, type 111.
  const std::vector<std::uint8_t> expected = {0xEF, 0x1E, 0x00, 0x50, 0xEF, 0x0F, 0x00, 0x51, 0x6F};
  CHECK(header(earlier) == expected);
}

TEST_CASE("whatever fits is read as it was written, elided or not") {
  const auto seed = GENERATE(1U, 2U, 3U, 4U);
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<SoundBlock> earlier(rng.below(kMostEarlierFrames + 1));
    std::uint32_t behind = 0;
    std::size_t frames = 0;
    for (std::size_t i = earlier.size(); i-- > 0;) {
      behind += 1 + static_cast<std::uint32_t>(rng.below(5'000));
      earlier[i] = {behind, 1 + rng.below(kMostEarlierBytes), 0};
      frames += earlier[i].length;
    }
    const std::size_t own = 1 + rng.below(300);
    auto bytes = header(earlier);
    const bool elided = rng.below(2) == 0;
    if (!elided) bytes.resize(bytes.size() + frames + own);
    const auto parsed = parse_redundancy(bytes, elided ? frames + own : 0);
    REQUIRE(parsed);
    REQUIRE(parsed->count == earlier.size() + 1);
    std::size_t offset = redundancy_header_bytes(earlier.size());
    for (std::size_t i = 0; i < parsed->count; ++i) {
      const bool last = i == earlier.size();
      CHECK(parsed->blocks[i].behind == (last ? 0 : earlier[i].behind));
      CHECK(parsed->blocks[i].length == (last ? own : earlier[i].length));
      CHECK(parsed->blocks[i].offset == offset);
      offset += parsed->blocks[i].length;
    }
  }
}

TEST_CASE("a payload without room for its own frame is malformed, wherever it is cut") {
  const std::vector<SoundBlock> earlier = {{1'920, 5, 0}, {960, 4, 0}};
  auto bytes = header(earlier);
  const std::size_t headers = bytes.size();
  bytes.resize(headers + 9 + 1);
  CHECK(parse_redundancy(bytes, 0));
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    CHECK_FALSE(parse_redundancy({bytes.data(), n}, 0));
  }
  CHECK(parse_redundancy({bytes.data(), headers}, 10));
  CHECK_FALSE(parse_redundancy({bytes.data(), headers}, 9));
  CHECK_FALSE(parse_redundancy(bytes, 10));  // half there, half elided
}

TEST_CASE("what we never send is malformed: other types, empty or unordered frames, too many") {
  std::vector<std::uint8_t> bytes = header(std::vector<SoundBlock>{{960, 4, 0}});
  bytes.resize(bytes.size() + 20);
  REQUIRE(parse_redundancy(bytes, 0));
  auto other = bytes;
  other[0] ^= 1;
  CHECK_FALSE(parse_redundancy(other, 0));
  other = bytes;
  other[4] ^= 1;
  CHECK_FALSE(parse_redundancy(other, 0));
  const auto with = [](std::vector<SoundBlock> earlier) {
    auto b = header(earlier);
    b.resize(b.size() + 100);
    return parse_redundancy(b, 0).has_value();
  };
  CHECK(with({{2'880, 4, 0}, {1'920, 4, 0}, {960, 4, 0}}));
  CHECK_FALSE(with({{960, 0, 0}}));
  CHECK_FALSE(with({{0, 4, 0}}));
  CHECK_FALSE(with({{960, 4, 0}, {960, 4, 0}}));
  CHECK_FALSE(with({{960, 4, 0}, {1'920, 4, 0}}));
  CHECK_FALSE(with({{3'840, 4, 0}, {2'880, 4, 0}, {1'920, 4, 0}, {960, 4, 0}}));
}

TEST_CASE("any bytes as redundancy: every frame that is read lies inside and behind the last") {
  const auto seed = GENERATE(1U, 2U, 3U, 4U);
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint8_t> bytes(rng.below(64));
    for (auto& b : bytes) b = static_cast<std::uint8_t>(rng.next_u32());
    // Most random bytes fail at once on the type.
    for (std::size_t i = 0; i < bytes.size(); i += 4) {
      if (rng.below(4) != 0) bytes[i] = (bytes[i] & 0x80U) | kAudioPayloadType;
    }
    const std::size_t elided = rng.below(3) == 0 ? rng.below(2'000) : 0;
    const auto parsed = parse_redundancy(bytes, elided);
    if (!parsed) continue;
    std::size_t at = redundancy_header_bytes(parsed->count - 1);
    for (const SoundBlock& b : parsed->all()) {
      REQUIRE(b.offset == at);
      REQUIRE(b.length > 0);
      at += b.length;
    }
    REQUIRE(at == bytes.size() + elided);
  }
}
