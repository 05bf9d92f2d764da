#include "codecs/audio_frame.h"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/codecs/support.h"

namespace diemcau::codecs {

TEST_CASE("silence has level 127 and a full-scale square wave level 0", "[codecs][level]") {
  CHECK(audio_level_dbov(std::vector<std::int16_t>(960, 0)) == 127);
  CHECK(audio_level_dbov(std::vector<std::int16_t>(960, -32768)) == 0);
  CHECK(audio_level_dbov({}) == 127);
}

TEST_CASE("a full-scale sine is 3 dB below a full-scale square", "[codecs][level]") {
  std::vector<std::int16_t> sine(48000);
  for (std::size_t i = 0; i < sine.size(); ++i) {
    const double phase = 2 * std::numbers::pi * 1000 * static_cast<double>(i) / kSampleRate;
    sine[i] = static_cast<std::int16_t>(32767 * std::sin(phase));
  }
  CHECK(audio_level_dbov(sine) == 3);
  for (std::int16_t& s : sine) s = static_cast<std::int16_t>(s / 10);
  CHECK(audio_level_dbov(sine) == 23);
}

}  // namespace diemcau::codecs
