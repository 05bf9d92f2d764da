// The duration of Opus packets.
#include "core/wire/opus.h"

#include <catch2/catch.hpp>

#include "tests/core/wire/wire_bytes.h"

using namespace diemcau;
using namespace diemcau::wire;
using wire_test::Bytes;

namespace {
std::uint8_t toc(unsigned config, unsigned code) {
  return static_cast<std::uint8_t>(config << 3 | code);
}
}  // namespace

TEST_CASE("every configuration has the frame size of RFC 6716 table 2", "[wire][opus]") {
  // In samples at 48 kHz: 2.5 ms is 120.
  constexpr std::uint32_t kTable[32] = {480, 960, 1920, 2880, 480, 960, 1920, 2880,
                                        480, 960, 1920, 2880,  // SILK NB, MB, WB
                                        480, 960, 480,  960,   // hybrid SWB, FB
                                        120, 240, 480,  960,  120, 240, 480,  960,   // CELT NB, WB
                                        120, 240, 480,  960,  120, 240, 480,  960};  // CELT SWB, FB
  for (unsigned config = 0; config < 32; ++config) {
    CAPTURE(config);
    CHECK(opus_frame_samples(toc(config, 0)) == kTable[config]);
    CHECK(opus_samples(Bytes{toc(config, 0), 0xAA}) == kTable[config]);
  }
}

TEST_CASE("our 20 ms frames are 960 samples in one, two and three frame packets", "[wire][opus]") {
  // Configuration 31: CELT fullband, 20 ms.
  CHECK(opus_samples(Bytes{toc(31, 0), 1}) == 960);
  CHECK(opus_samples(Bytes{toc(31, 1), 1, 2}) == 1920);
  CHECK(opus_samples(Bytes{toc(31, 2), 1, 9, 9}) == 1920);
  CHECK(opus_samples(Bytes{toc(31, 3), 3, 1, 2, 3}) == 2880);
  // The count is the low six bits; VBR and padding flags stand above it.
  CHECK(opus_samples(Bytes{toc(31, 3), 0xC3, 1, 2, 3}) == 2880);
}

TEST_CASE("malformed Opus packets have no duration", "[wire][opus]") {
  CHECK_FALSE(opus_samples(ByteSpan{}));
  CHECK_FALSE(opus_samples(Bytes{toc(31, 1), 1}));     // two equal frames in one byte
  CHECK_FALSE(opus_samples(Bytes{toc(31, 2)}));        // no length of the first
  CHECK_FALSE(opus_samples(Bytes{toc(31, 3)}));        // no count
  CHECK_FALSE(opus_samples(Bytes{toc(31, 3), 0}));     // no frames
  CHECK_FALSE(opus_samples(Bytes{toc(31, 3), 7}));     // 140 ms
  CHECK(opus_samples(Bytes{toc(31, 3), 6}) == 5760);   // 120 ms
  CHECK(opus_samples(Bytes{toc(28, 3), 48}) == 5760);  // 48 × 2.5 ms
  CHECK_FALSE(opus_samples(Bytes{toc(28, 3), 49}));
}

TEST_CASE("no bytes play for more than 120 ms", "[wire][opus]") {
  CAPTURE(wire_test::kGarbageSeed);
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const auto samples =
          opus_samples(Bytes{static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second)});
      if (samples) REQUIRE((*samples >= 120 && *samples <= kMaxOpusSamples));
    }
  }
  wire_test::for_each_garbage({}, [](ByteSpan b) {
    const auto samples = opus_samples(b);
    if (samples) REQUIRE((*samples >= 120 && *samples <= kMaxOpusSamples));
  });
}
