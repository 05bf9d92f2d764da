// Vietnamese speech from the espeak-ng program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace diemcau::codecs {

// 48 kHz mono. Throws std::runtime_error with one sentence when espeak-ng is missing, fails or
// takes more than 10 s.
std::vector<std::int16_t> speak_vietnamese(const std::string& text);

}  // namespace diemcau::codecs
