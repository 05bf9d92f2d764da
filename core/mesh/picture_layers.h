// One layer of each of a bridge's picture sources: what is wanted of it, or given.
#pragma once

#include <optional>

#include "core/base/check.h"
#include "core/units/ids.h"

namespace diemcau::mesh {

// None: nothing of that source.
struct PictureLayers {
  std::optional<Layer> camera, document;
  bool operator==(const PictureLayers&) const = default;
  // Of pictures alone.
  std::optional<Layer>& of(Source source) {
    DC_CHECK(has_pictures(source));
    return source == Source::document ? document : camera;
  }
  const std::optional<Layer>& of(Source source) const {
    return const_cast<PictureLayers*>(this)->of(source);
  }
};

}  // namespace diemcau::mesh
