#include "codecs/audio_frame.h"

#include <algorithm>
#include <cmath>

namespace diemcau::codecs {

std::uint8_t audio_level_dbov(Samples samples) {
  if (samples.empty()) return 127;
  double energy = 0;
  for (const std::int16_t s : samples) energy += static_cast<double>(s) * s;
  const double mean = energy / static_cast<double>(samples.size());
  if (mean < 1e-9) return 127;
  // 0 dBov is a full-scale square wave (RFC 6464 §3): RMS 32768.
  const double dbov = 10.0 * std::log10(mean / (32768.0 * 32768.0));
  return static_cast<std::uint8_t>(std::clamp(std::lround(-dbov), 0L, 127L));
}

}  // namespace diemcau::codecs
