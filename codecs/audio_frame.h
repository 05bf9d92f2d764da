// 20 ms of sound as everything here takes it: 48 kHz, mono, 16 bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/units/time.h"

namespace diemcau::codecs {

constexpr std::uint32_t kSampleRate = 48'000;
constexpr std::size_t kFrameSamples = 960;
constexpr Duration kFrameDuration = 20ms;

using Samples = std::span<const std::int16_t>;

struct AudioFrame {
  std::array<std::int16_t, kFrameSamples> samples{};
  Timestamp captured_at;  // of the first sample
};

// How loud it is in the unit of RFC 6464: 0 is the loudest (RMS of full scale), 127 is silence.
std::uint8_t audio_level_dbov(Samples samples);

}  // namespace diemcau::codecs
