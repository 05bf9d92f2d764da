// Where pictures and sound come from: one blocking call that gives what was captured next.
#pragma once

#include <optional>
#include <variant>

#include "codecs/audio_frame.h"
#include "codecs/capture_clock.h"
#include "codecs/video_frame.h"

namespace diemcau::codecs {

using MediaEvent = std::variant<VideoFrame, AudioFrame>;

// Made by make_file_source, make_generated_source or make_raw_source; the makers throw
// std::runtime_error with one sentence when the source cannot be used. next() on one thread at a
// time; stop() from any thread.
class MediaSource {
 public:
  virtual ~MediaSource() = default;
  virtual bool has_video() const = 0;
  virtual bool has_audio() const = 0;
  virtual int fps() const = 0;  // rounded up; 0 without video
  // A picture comes at its capture time, 20 ms of sound when its last sample is captured. Nothing:
  // the source has ended or was stopped. Capture times grow per kind.
  virtual std::optional<MediaEvent> next() = 0;
  virtual void stop() = 0;
};

}  // namespace diemcau::codecs
