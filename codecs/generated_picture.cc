#include "codecs/generated_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>

#include "codecs/generated_source.h"
#include "core/base/check.h"

namespace diemcau::codecs {
namespace {

constexpr std::size_t kNoise = 1 << 16;
constexpr std::size_t kWave = 2048;
constexpr std::uint8_t kBlack = 16;
constexpr std::uint8_t kWhite = 235;
constexpr std::uint8_t kFlash = 228;  // and noise of 0 … 7
constexpr int kCodeSquares = kCodeColumns * kCodeRows;

double turns(Timestamp at, double seconds) {
  const double t = static_cast<double>(to_ns(at) % 3'600'000'000'000) / 1e9;
  return std::sin(2 * std::numbers::pi * t / seconds);
}

std::uint8_t* row_of(std::uint8_t* plane, int row, int width) {
  return plane + static_cast<std::size_t>(row) * static_cast<std::size_t>(width);
}

// Half the width of an ellipse at a row, -1 outside.
int half_width(int row, int y, int rx, int ry) {
  const double dy = static_cast<double>(row - y) / ry;
  return dy * dy >= 1 ? -1 : static_cast<int>(rx * std::sqrt(1 - dy * dy));
}

}  // namespace

std::uint32_t code_word(std::uint32_t number) {
  std::uint32_t sum = 0;
  for (std::uint32_t digits = number; digits != 0; digits >>= 4) sum += digits & 15U;
  return number << 4 | (15 - sum % 16);
}

PicturePainter::PicturePainter(std::uint64_t seed) : seed_(seed), rng_(seed) {
  noise_.resize(kNoise + kMaxSide);
  for (std::uint8_t& n : noise_) {
    // Two dice: 0 … 7, most often in the middle.
    n = static_cast<std::uint8_t>(rng_.below(4) + rng_.below(5));
  }
  wave_.resize(kWave + kMaxSide);
  for (std::size_t i = 0; i < wave_.size(); ++i) {
    const std::size_t phase = i % kWave;
    const std::size_t up = std::min(phase, kWave - phase);
    wave_[i] = static_cast<std::uint8_t>(60 + 80 * up / (kWave / 2));
  }
}

void PicturePainter::paint(Picture& to, std::uint32_t number, bool flash, Timestamp at) {
  DC_CHECK(number < kCodeNumbers);
  rng_ = Rng{seed_ << 32 | number};
  const int top = to.height * kCodeRows / kGridRows / 2 * 2;
  paint_code(to, number);
  if (flash) {
    paint_flash(to, top);
  } else {
    paint_scene(to, top, at);
  }
}

void paint_code(Picture& to, std::uint32_t number) {
  const std::uint32_t word = code_word(number);
  for (int row = 0; row < kCodeRows; ++row) {
    const int y0 = to.height * row / kGridRows;
    const int y1 = to.height * (row + 1) / kGridRows;
    std::uint8_t* first = row_of(to.y(), y0, to.width);
    std::fill_n(first, to.width, kBlack);
    for (int column = 0; column < kCodeColumns; ++column) {
      const int bit = kCodeSquares - 1 - (row * kCodeColumns + column);
      const int x0 = to.width * (column + 1) / kGridColumns;
      const int x1 = to.width * (column + 2) / kGridColumns;
      if ((word >> bit & 1U) != 0) std::fill_n(first + x0, x1 - x0, kWhite);
    }
    for (int y = y0 + 1; y < y1; ++y) {
      std::copy_n(first, to.width, row_of(to.y(), y, to.width));
    }
  }
  const int chroma_rows = (to.height * kCodeRows / kGridRows + 1) / 2;
  const auto chroma =
      static_cast<std::size_t>(chroma_rows) * static_cast<std::size_t>(to.chroma_width());
  std::fill_n(to.u(), chroma, std::uint8_t{128});
  std::fill_n(to.v(), chroma, std::uint8_t{128});
}

void PicturePainter::paint_flash(Picture& to, int top) {
  for (int y = to.height * kCodeRows / kGridRows; y < to.height; ++y) {
    std::uint8_t* row = row_of(to.y(), y, to.width);
    std::fill_n(row, to.width, kFlash);
    add_noise(row, to.width);
  }
  for (int y = top / 2; y < to.chroma_height(); ++y) {
    std::fill_n(row_of(to.u(), y, to.chroma_width()), to.chroma_width(), std::uint8_t{128});
    std::fill_n(row_of(to.v(), y, to.chroma_width()), to.chroma_width(), std::uint8_t{128});
  }
}

// Sums stay below 256, so eight pixels add as one word without a carry between them.
void PicturePainter::add_noise(std::uint8_t* row, int width) {
  const std::uint8_t* noise = noise_.data() + rng_.below(kNoise);
  int x = 0;
  for (; x + 8 <= width; x += 8) {
    std::uint64_t pixels;
    std::uint64_t grain;
    std::memcpy(&pixels, row + x, 8);
    std::memcpy(&grain, noise + x, 8);
    pixels += grain;
    std::memcpy(row + x, &pixels, 8);
  }
  for (; x < width; ++x) row[x] = static_cast<std::uint8_t>(row[x] + noise[x]);
}

void PicturePainter::paint_scene(Picture& to, int top, Timestamp at) {
  const int w = to.width;
  const int h = to.height;
  // A person who sways and talks, before a wall over which the light wanders.
  const int x = w / 2 + static_cast<int>(0.05 * w * turns(at, 7.0));
  const int y = h * 11 / 20 + static_cast<int>(0.02 * h * turns(at, 3.1));
  const int mouth = 2 + static_cast<int>(h * 0.014 * (1 + turns(at, 0.23)));
  const std::array<Disc, 6> discs{{
      {x, h + h / 12, w / 4, h / 4, 70, 140, 120},
      {x, y, w / 11, h / 4, 150, 112, 150},
      {x - w / 30, y - h / 20, w / 90 + 1, h / 70 + 1, 45, 128, 128},
      {x + w / 30, y - h / 20, w / 90 + 1, h / 70 + 1, 45, 128, 128},
      {x, y + h / 8, w / 36 + 1, mouth, 60, 118, 165},
      {x, y - h / 5, w / 13, h / 14, 35, 128, 128},
  }};
  const auto drift = static_cast<std::size_t>(to_ns(at) / 20'000'000);
  for (int row = h * kCodeRows / kGridRows; row < h; ++row) {
    std::uint8_t* out = row_of(to.y(), row, w);
    const std::size_t shift = (drift * 3 + static_cast<std::size_t>(row) * 2) % kWave;
    std::copy_n(wave_.data() + shift, w, out);
    for (const Disc& d : discs) {
      const int half = half_width(row, d.y, d.rx, d.ry);
      if (half >= 0)
        std::fill(out + std::max(0, d.x - half), out + std::min(w, d.x + half), d.luma);
    }
    add_noise(out, w);
  }
  const int cw = to.chroma_width();
  for (int row = top / 2; row < to.chroma_height(); ++row) {
    std::uint8_t* u = row_of(to.u(), row, cw);
    std::uint8_t* v = row_of(to.v(), row, cw);
    std::fill_n(u, cw, std::uint8_t{130});
    std::fill_n(v, cw, std::uint8_t{122});
    for (const Disc& d : discs) {
      const int half = half_width(2 * row, d.y, d.rx, d.ry) / 2;
      if (half_width(2 * row, d.y, d.rx, d.ry) < 0) continue;
      const int from = std::max(0, d.x / 2 - half);
      const int until = std::min(cw, d.x / 2 + half);
      std::fill(u + from, u + until, d.u);
      std::fill(v + from, v + until, d.v);
    }
    add_noise(u, cw);
    add_noise(v, cw);
  }
}

}  // namespace diemcau::codecs
