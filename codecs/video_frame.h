// One captured or decoded picture and when it was captured.
#pragma once

#include <cstdint>
#include <memory>

#include "codecs/picture.h"
#include "core/units/time.h"

namespace diemcau::codecs {

struct VideoFrame {
  std::shared_ptr<const Picture> picture;
  Timestamp captured_at;
  std::uint64_t source_index = 0;  // counts the source's pictures, dropped ones included
};

}  // namespace diemcau::codecs
