// The pictures of the room: decodes in order per stream, keeps them until their moment, shows them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/mesh/boundary.h"
#include "core/quality/histogram.h"
#include "node/stage.h"

namespace diemcau::node {

struct ScreenFigures {
  quality::Histogram decode;
  std::uint64_t decode_errors = 0;
  std::uint64_t dropped = 0;  // access units that found the queue full, pictures over the bound
};

// One or two decoding threads and one that waits for the moments. decode() and show() only copy and
// queue. Every DecodeFrame is answered, one that found the queue full with ok = false.
class Screen {
 public:
  // `show` is called on the waiting thread, `post` on all of them.
  Screen(std::size_t peers, std::function<void(mesh::Input)> post,
         std::function<void(const ShownPicture&)> show);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void decode(const mesh::DecodeFrame& frame);
  void show(const mesh::ShowFrame& show);
  ScreenFigures figures() const;
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::node
