// Geometry alone; ink is tile_board.h's.
#include "node/tile_layout.h"

#include <algorithm>

namespace diemcau::node {

using codecs::Area;

namespace {
constexpr int kGap = 2;
// A picture enlarged by more than this looks soft beside one that is not.
constexpr int kEnlargedPercent = 115;
constexpr int kLinesLo = 180, kLinesMid = 360;

int even(int v) { return v & ~1; }

Area inside(const Area& a) {
  return {even(a.x + kGap), even(a.y + kGap), even(a.width - 2 * kGap), even(a.height - 2 * kGap)};
}

Layer layer_for(const Area& tile) {
  const Area room = TileLayout::picture_of(tile);
  const int lines = std::min(room.height, room.width * 9 / 16);
  if (lines * 100 <= kLinesLo * kEnlargedPercent) return Layer::lo;
  return lines * 100 <= kLinesMid * kEnlargedPercent ? Layer::mid : Layer::hi;
}
}  // namespace

TileLayout::TileLayout(Arrangement arrangement, std::size_t bridges, int width, int height) {
  const int n = std::max(1, static_cast<int>(bridges));
  column_ = {0, 0, width, height};
  if (arrangement == Arrangement::speaker) {
    // Four small tiles of the canvas' own shape fill a quarter of its width.
    column_ = {width * 3 / 4, 0, width - width * 3 / 4, height};
    large_ = inside({0, 0, column_.x, height});
    while (4 * columns_ * columns_ < n) ++columns_;
  } else {
    while (columns_ * columns_ < n) ++columns_;
  }
  rows_ = (n + columns_ - 1) / columns_;
  if (large_) rows_ = std::max(rows_, 4 * columns_);
}

Area TileLayout::tile(std::size_t bridge) const {
  const int width = column_.width / columns_;
  const int height = column_.height / rows_;
  const int column = static_cast<int>(bridge) % columns_;
  const int row = static_cast<int>(bridge) / columns_;
  return inside({column_.x + column * width, row * height, width, height});
}

std::optional<Area> TileLayout::large() const { return large_; }

Area TileLayout::picture_of(const Area& tile) {
  Area a = tile;
  a.height = even(a.height - std::clamp(a.height / 10, 14, 40));
  return a;
}

mesh::TileLayers TileLayout::layers() const {
  mesh::TileLayers layers;
  layers.small = layer_for(tile(0));
  if (large_) layers.large = layer_for(*large_);
  return layers;
}

}  // namespace diemcau::node
