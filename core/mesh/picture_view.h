// What is seen of one picture source of a peer, whichever of its layers comes.
#pragma once

#include <optional>

#include "core/receive/video_buffer.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::mesh {

struct PictureView {
  explicit PictureView(Source s) : source(s) {}
  // A better layer from its first picture on, a lesser one when the better has ended.
  // `half`: every second picture of the one on show comes.
  bool shows(Layer layer, Timestamp captured_at, bool half) const {
    if (!shown || layer == *shown) return true;
    const Duration newer_by = captured_at - shown_captured_at;
    const Duration ended = source == Source::document ? kPageEnded
                           : half                     ? 2 * kFaceEnded
                                                      : kFaceEnded;
    return newer_by > (layer > *shown ? kSamePicture : ended);
  }

  Source source;
  bool sent = false;           // as the peer says
  std::optional<Layer> shown;  // since its pictures began
  Timestamp shown_captured_at;
  std::optional<Layer> viewed;  // the last one shown, however long ago
  receive::VideoBuffer buffer;

 private:
  // Two layers' clocks tell the same capture some 30 us apart.
  static constexpr Duration kSamePicture = 1ms;
  // Its pictures are so far behind those of a lesser one: it has ended or is stuck. Two pictures.
  static constexpr Duration kFaceEnded = 70ms, kPageEnded = 400ms;
};

}  // namespace diemcau::mesh
