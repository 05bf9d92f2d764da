// Any media file that FFmpeg can read, played as if it were captured now.
#pragma once

#include <filesystem>
#include <memory>

#include "codecs/media_source.h"

namespace diemcau::codecs {

struct FileSourceSettings {
  std::filesystem::path path;
  bool loop = true;
  Pacing pacing = Pacing::real_time;
  Timestamp start{};  // capture time of the first frame when pacing is none
};

// Capture times follow the file's presentation times; a loop goes on without a gap. A file may lack
// sound or pictures, not both. Pictures keep their size up to 1280x720 (made even; larger ones
// shrink) and are turned as the file says.
std::unique_ptr<MediaSource> make_file_source(const FileSourceSettings& settings);

}  // namespace diemcau::codecs
