// A document's encoder without a codec: a page that is turned is a burst of bytes, as many a
// picture as the rate allows, and then next to nothing until the next turn.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/units/byte_count.h"
#include "sim/media_model.h"

namespace diemcau::sim {

constexpr std::uint8_t kPageFps = 10;  // of the screen that is captured

// One layer. The first pictures of a page are coarse, the later ones bring the rest: a page is
// whole with the picture that brings its last bytes. One thread at a time.
class PageModel final : public VideoModel {
 public:
  // Whoever comes later is sent all since the last key frame, a minute at most.
  static constexpr std::size_t kRemembered = 1'024;
  PageModel(Layer layer, CounterRandom random) : VideoModel(layer, random, kRemembered) {}

  // To a page of about so many bytes, as x264 makes it under our rate control.
  void turn(Timestamp now, ByteCount page);
  void set(const mesh::SetEncoder& setting);
  // As VideoModel's; `now` is when the screen was captured.
  std::optional<Frame> capture(Timestamp now);
  struct Shown {
    Timestamp captured_at, turned_at;
    bool whole = false;
  };
  // Of one of the last kRemembered pictures.
  const Shown& shown(std::uint32_t frame_number) const {
    return pictures_[frame_number % pictures_.size()].shown;
  }

 private:
  std::int64_t size_of_next(const Frame& frame) override;
  struct Picture {
    std::uint32_t number = 0;
    std::int64_t brought = 0;  // bytes of the page
    Shown shown;
  };
  std::int64_t this_page_ = 0;  // what the one that is shown takes
  std::int64_t rest_ = 0;       // of it, not brought yet
  std::int64_t allowance_ = 0;  // of the rate buffer
  std::int64_t brings_ = 0;     // the next picture
  Timestamp turned_at_;
  std::array<Picture, kRemembered> pictures_{};
};

}  // namespace diemcau::sim
