// Raw I420 pictures and 16-bit PCM that another program writes into pipes.
#pragma once

#include <filesystem>
#include <memory>

#include "codecs/media_source.h"

namespace diemcau::codecs {

struct RawSourceSettings {
  std::filesystem::path video_pipe;  // empty: no pictures
  std::filesystem::path audio_pipe;  // empty: no sound
  int width = 0;                     // even
  int height = 0;
  int fps = 30;
  int rate = 48'000;  // of the sound, 8,000 … 192,000
  int channels = 1;   // 1 … 8, interleaved, mixed to mono
};

// The capture time of a picture is when its last byte was read; that of sound is when the last byte
// of its 20 ms was read, less 20 ms. A writer that closes its pipe ends that kind; the source ends
// with the last kind.
std::unique_ptr<MediaSource> make_raw_source(const RawSourceSettings& settings);

}  // namespace diemcau::codecs
