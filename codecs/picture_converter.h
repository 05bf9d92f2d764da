// Decoded pictures of any kind into I420.
#pragma once

#include <memory>

#include "codecs/ffmpeg_types.h"
#include "codecs/picture.h"

namespace diemcau::codecs {

// I420 of at most 1280x720, the size of the largest layer, with square pixels, turned as the file
// says. One thread at a time.
class PictureConverter {
 public:
  // Quarter turns clockwise, 0 … 3.
  explicit PictureConverter(int quarter_turns = 0) : quarter_turns_(quarter_turns) {}
  // Nothing when FFmpeg cannot convert this.
  std::shared_ptr<const Picture> convert(const AVFrame& frame);

 private:
  // With swscale. False when it cannot.
  bool convert_any(const AVFrame& frame, Picture& to);

  FfmpegPtr<SwsContext> sws_;
  int quarter_turns_;
  PicturePool straight_, turned_;
};

// How the stream's display matrix asks to be turned; 0 when it does not.
int quarter_turns(const AVStream& stream);

}  // namespace diemcau::codecs
