// A frame that repeats the one before it, to stand for a frame that was lost.
#pragma once

#include <cstdint>
#include <vector>

#include "codecs/h264_headers.h"

namespace diemcau::codecs {

// An access unit in Annex B form with a picture parameter set of its own (id 1) and one slice in
// which every macroblock is skipped. libavcodec fills gaps in frame_num itself, but counts display
// order wrongly when the number wraps inside the gap, and then withholds pictures until the next
// key frame.
std::vector<std::uint8_t> skipped_frame(const SequenceHeader& sequence, std::uint32_t frame_number);

}  // namespace diemcau::codecs
