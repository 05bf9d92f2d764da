// Any PCM to 48 kHz mono with libswresample; for the .cc files of media sources.
#pragma once

#include <cstdint>
#include <vector>

#include "codecs/ffmpeg_types.h"

namespace diemcau::codecs {

// One thread at a time.
class Resampler {
 public:
  // Throws std::runtime_error when FFmpeg cannot convert this.
  Resampler(const AVChannelLayout& layout, AVSampleFormat format, int rate);

  // Appends what comes out; `planes` as in AVFrame::extended_data.
  void convert(const std::uint8_t* const* planes, int samples, std::vector<std::int16_t>& out);
  // What is still inside.
  void drain(std::vector<std::int16_t>& out) { convert(nullptr, 0, out); }

 private:
  FfmpegPtr<SwrContext> swr_;
};

}  // namespace diemcau::codecs
