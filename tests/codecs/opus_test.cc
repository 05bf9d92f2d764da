#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "codecs/opus_decoder.h"
#include "codecs/opus_encoder.h"
#include "core/base/rng.h"
#include "tests/codecs/support.h"

namespace diemcau::codecs {
namespace {

Samples frame_of(const std::vector<std::int16_t>& all, std::size_t n) {
  return Samples(all).subspan(n * kFrameSamples, kFrameSamples);
}

struct Coded {
  std::vector<std::int16_t> samples;
  std::size_t bytes = 0;
};

Coded code(OpusEncoder& encoder, OpusDecoder& decoder, const std::vector<std::int16_t>& all) {
  Coded out;
  for (std::size_t n = 0; n < all.size() / kFrameSamples; ++n) {
    const ByteSpan packet = encoder.encode(frame_of(all, n));
    out.bytes += packet.size();
    const auto decoded = decoder.decode(packet);
    REQUIRE(decoded);
    REQUIRE(decoded->size() == kFrameSamples);
    out.samples.insert(out.samples.end(), decoded->begin(), decoded->end());
  }
  return out;
}

}  // namespace

TEST_CASE("a voice passes through Opus with its pitch and loudness", "[codecs][opus]") {
  const auto in = testing::voice(150, 100 * kFrameSamples);
  OpusEncoder encoder;
  OpusDecoder decoder;
  const Coded out = code(encoder, decoder, in);
  const Samples before = Samples(in).subspan(48000, 24000);
  const Samples after = Samples(out.samples).subspan(48000, 24000);
  for (const double hz : {150.0, 300.0, 450.0}) {
    CAPTURE(hz);
    CHECK(testing::amplitude(after, hz) == Approx(testing::amplitude(before, hz)).epsilon(0.12));
  }
  CHECK(testing::amplitude(after, 200) < 0.05 * testing::amplitude(after, 150));
}

TEST_CASE("decoded sound is later than its input by the look-ahead", "[codecs][opus]") {
  OpusEncoder encoder;
  OpusDecoder decoder;
  CHECK(encoder.lookahead() == kOpusPreSkip);
  std::vector<std::int16_t> in(20 * kFrameSamples, 0);
  const std::size_t begins = 10 * kFrameSamples;
  const auto burst = testing::voice(400, 10 * kFrameSamples);
  std::copy(burst.begin(), burst.end(), in.begin() + begins);
  const Coded out = code(encoder, decoder, in);
  const auto loud = std::find_if(out.samples.begin() + 5 * kFrameSamples, out.samples.end(),
                                 [](std::int16_t s) { return std::abs(s) > 2500; });
  const auto at = loud - out.samples.begin();
  CHECK(std::abs(at - static_cast<std::ptrdiff_t>(begins + kOpusPreSkip)) < 240);
}

TEST_CASE("the rate of Opus is what was asked, and changes when asked", "[codecs][opus]") {
  OpusEncoder encoder;
  OpusDecoder decoder;
  Rng rng(11);
  std::vector<std::int16_t> in = testing::voice(180, 250 * kFrameSamples);
  // Speech-like: loud and soft, with breath.
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto breath = static_cast<int>(rng.below(801)) - 400;
    in[i] = static_cast<std::int16_t>(in[i] * static_cast<int>(i / 4800 % 5) / 5 + breath);
  }
  const auto kbps = [&] {
    return static_cast<double>(code(encoder, decoder, in).bytes) * 8 / 5000;
  };
  CHECK(kbps() == Approx(32).epsilon(0.2));
  encoder.set_rate(Bitrate::kbps(16));
  CHECK(kbps() == Approx(16).epsilon(0.2));
}

TEST_CASE("a lost frame is concealed at any length that is asked", "[codecs][opus]") {
  const auto in = testing::voice(150, 40 * kFrameSamples);
  OpusEncoder encoder;
  OpusDecoder decoder;
  code(encoder, decoder, in);
  CHECK(decoder.conceal(960).size() == 960);
  CHECK(decoder.conceal(480).size() == 480);
  CHECK(decoder.conceal(500).size() == 480);
  CHECK(decoder.conceal(1).size() == 120);
  CHECK(decoder.conceal(100'000).size() == kMaxOpusSamples);
}

TEST_CASE("concealment goes on with the sound at first, not with silence", "[codecs][opus]") {
  const auto in = testing::voice(150, 40 * kFrameSamples);
  OpusEncoder encoder;
  OpusDecoder decoder;
  code(encoder, decoder, in);
  const Samples concealed = decoder.conceal();
  const int loud = audio_level_dbov(frame_of(in, 30));
  CHECK(audio_level_dbov(concealed) <= loud + 10);
}

TEST_CASE("garbage never breaks the Opus decoder", "[codecs][opus][fuzz]") {
  const std::uint64_t seed = 20260101;
  CAPTURE(seed);
  Rng rng(seed);
  OpusDecoder decoder;
  OpusEncoder encoder;
  const auto in = testing::voice(150, kFrameSamples);
  CHECK_FALSE(decoder.decode({}));
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::uint8_t> packet;
    if (round % 2 == 0) {
      const ByteSpan good = encoder.encode(in);
      packet.assign(good.begin(), good.end());
      packet[rng.below(static_cast<std::uint32_t>(packet.size()))] ^=
          static_cast<std::uint8_t>(1U << rng.below(8));
    } else {
      packet.resize(rng.below(1500) + 1);
      for (auto& byte : packet) byte = static_cast<std::uint8_t>(rng.below(256));
    }
    const auto decoded = decoder.decode(packet);
    if (decoded) CHECK(decoded->size() <= kMaxOpusSamples);
  }
  CHECK(decoder.decode(encoder.encode(in)));
}

}  // namespace diemcau::codecs
