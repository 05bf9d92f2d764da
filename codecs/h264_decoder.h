// H.264 decoding with libavcodec, without delay and without hiding damage: a picture is right or it
// is an error.
#pragma once

#include <cstdint>
#include <memory>

#include "codecs/video_frame.h"
#include "core/base/byte_reader.h"
#include "core/base/result.h"

namespace diemcau::codecs {

enum class VideoError : std::uint8_t {
  malformed,          // not an access unit of ours
  too_large,          // the SPS asks for more than 1280x720
  missing_reference,  // needs a frame that was not decoded
  damaged,            // slices are broken or missing
};

// One thread at a time. Goes on after every error: with the next key frame, or with the next frame
// that needs only what was decoded.
class H264Decoder {
 public:
  H264Decoder();
  ~H264Decoder();
  H264Decoder(H264Decoder&&) noexcept;
  H264Decoder& operator=(H264Decoder&&) noexcept;

  // One access unit in Annex B form.
  Result<VideoFrame, VideoError> decode(ByteSpan access_unit, Timestamp captured_at);
  // Forgets everything: the next frame must be a key frame.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::codecs
