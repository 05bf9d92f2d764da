// Paints the pictures of the generated source; geometry in generated_source.h.
#pragma once

#include <cstdint>
#include <vector>

#include "codecs/picture.h"
#include "core/base/rng.h"
#include "core/units/time.h"

namespace diemcau::codecs {

// The same seed, number and time give the same picture, noise included, so that what arrived can be
// held against it. One thread at a time.
class PicturePainter {
 public:
  explicit PicturePainter(std::uint64_t seed);
  // `at` moves the scene; `number` is below kCodeNumbers.
  void paint(Picture& to, std::uint32_t number, bool flash, Timestamp at);

 private:
  struct Disc {
    int x, y, rx, ry;
    std::uint8_t luma, u, v;
  };
  void paint_flash(Picture& to, int top);
  void paint_scene(Picture& to, int top, Timestamp at);
  void add_noise(std::uint8_t* row, int width);

  std::uint64_t seed_;
  Rng rng_;  // of the picture being painted
  std::vector<std::uint8_t> noise_;
  std::vector<std::uint8_t> wave_;  // the gradient's luma, kWave long and longer by the widest row
};

// The 28 bits of the code, first square first.
std::uint32_t code_word(std::uint32_t number);
// Into rows 0 and 1.
void paint_code(Picture& to, std::uint32_t number);

}  // namespace diemcau::codecs
