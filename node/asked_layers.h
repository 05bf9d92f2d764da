// What core asks of an encoder's layers between two pictures: written by core's thread, taken by
// the encoder's.
#pragma once

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include "codecs/layered_encoder.h"
#include "core/mesh/boundary.h"

namespace diemcau::node {

// Requests that meet before the next picture become one: a key frame or an invalidation that was
// asked for is never forgotten. Any thread.
class AskedLayers {
 public:
  void ask(const mesh::SetEncoder& state) {
    codecs::LayerRequest request{state.active,          state.rate,     state.fps, state.idr,
                                 state.invalidate_from, state.temporal, state.hold};
    const std::lock_guard lock(mutex_);
    auto& asked = asked_[static_cast<std::size_t>(state.layer)];
    if (asked) {
      // One that was stopped and started again in the meantime begins anew all the same.
      const bool begins = request.active && !asked->active;
      request.idr = request.idr || asked->idr || begins;
      if (asked->invalidate_from)
        request.invalidate_from =
            std::min(*asked->invalidate_from, request.invalidate_from.value_or(~0U));
    }
    asked = request;
  }
  // All that was asked since the last time.
  void apply(codecs::LayeredEncoder& layers) {
    std::array<std::optional<codecs::LayerRequest>, 4> now;
    {
      const std::lock_guard lock(mutex_);
      now.swap(asked_);
    }
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (now[i]) layers.set(static_cast<Layer>(i), *now[i]);
    }
  }

 private:
  std::mutex mutex_;
  std::array<std::optional<codecs::LayerRequest>, 4> asked_;  // by Layer
};

}  // namespace diemcau::node
