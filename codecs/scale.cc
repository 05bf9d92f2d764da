#include "codecs/scale.h"

#include <libyuv/compare.h>
#include <libyuv/scale.h>

#include <algorithm>
#include <cstddef>

#include "core/base/check.h"

namespace diemcau::codecs {
namespace {

int even(std::int64_t n) { return std::max(2, static_cast<int>(n & ~std::int64_t{1})); }

bool inside(const Area& area, const Picture& picture) {
  const bool is_even = (area.x | area.y | area.width | area.height) % 2 == 0;
  return is_even && area.x >= 0 && area.y >= 0 && area.width >= 2 && area.height >= 2 &&
         area.x + area.width <= picture.width && area.y + area.height <= picture.height;
}

std::size_t offset(int x, int y, int stride) {
  return static_cast<std::size_t>(y) * static_cast<std::size_t>(stride) +
         static_cast<std::size_t>(x);
}

// Black of limited range.
void paint_black(Picture& to, const Area& area) {
  if (area.width <= 0 || area.height <= 0) return;
  for (int row = area.y; row < area.y + area.height; ++row) {
    std::fill_n(to.y() + offset(area.x, row, to.width), area.width, std::uint8_t{16});
  }
  for (int row = area.y / 2; row < (area.y + area.height) / 2; ++row) {
    const std::size_t at = offset(area.x / 2, row, to.chroma_width());
    std::fill_n(to.u() + at, area.width / 2, std::uint8_t{128});
    std::fill_n(to.v() + at, area.width / 2, std::uint8_t{128});
  }
}

}  // namespace

Area fit(int source_width, int source_height, int width, int height) {
  DC_CHECK(source_width > 0 && source_height > 0 && width >= 2 && height >= 2);
  const std::int64_t wide = std::int64_t{source_width} * height;
  const std::int64_t high = std::int64_t{source_height} * width;
  Area area{0, 0, width, height};
  if (wide > high) {
    area.height = std::min(height, even((high + source_width / 2) / source_width));
  } else if (wide < high) {
    area.width = std::min(width, even((wide + source_height / 2) / source_height));
  }
  area.x = (width - area.width) / 2 & ~1;
  area.y = (height - area.height) / 2 & ~1;
  return area;
}

void scale_into(const Picture& from, Picture& to, const Area& area) {
  DC_CHECK(inside(area, to));
  const std::size_t chroma = offset(area.x / 2, area.y / 2, to.chroma_width());
  // kFilterBox is bilinear when growing.
  const int failed = libyuv::I420Scale(
      from.y(), from.width, from.u(), from.chroma_width(), from.v(), from.chroma_width(),
      from.width, from.height, to.y() + offset(area.x, area.y, to.width), to.width, to.u() + chroma,
      to.chroma_width(), to.v() + chroma, to.chroma_width(), area.width, area.height,
      libyuv::kFilterBox);
  DC_CHECK(failed == 0);
}

void scale(const Picture& from, Picture& to) { scale_into(from, to, {0, 0, to.width, to.height}); }

void letterbox(const Picture& from, Picture& to) {
  letterbox_into(from, to, {0, 0, to.width, to.height});
}

void letterbox_into(const Picture& from, Picture& to, const Area& area) {
  DC_CHECK(inside(area, to));
  Area inner = fit(from.width, from.height, area.width, area.height);
  inner.x += area.x;
  inner.y += area.y;
  const int right = inner.x + inner.width;
  const int bottom = inner.y + inner.height;
  paint_black(to, {area.x, area.y, area.width, inner.y - area.y});
  paint_black(to, {area.x, bottom, area.width, area.y + area.height - bottom});
  paint_black(to, {area.x, inner.y, inner.x - area.x, inner.height});
  paint_black(to, {right, inner.y, area.x + area.width - right, inner.height});
  scale_into(from, to, inner);
}

double psnr_y(const Picture& a, const Picture& b) {
  DC_CHECK(a.width == b.width && a.height == b.height);
  return libyuv::CalcFramePsnr(a.y(), a.width, b.y(), b.width, a.width, a.height);
}

}  // namespace diemcau::codecs
