// Where the tiles of a room's picture stand, and which layer of a camera each of them can show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "codecs/scale.h"
#include "core/mesh/bridge_config.h"

namespace diemcau::node {

// `alike`: a near-square of equal tiles. `speaker`: everybody in a column at the right, in a place
// that never moves, and whoever speaks large beside it.
enum class Arrangement : std::uint8_t { alike, speaker };

class TileLayout {
 public:
  TileLayout(Arrangement arrangement, std::size_t bridges, int width, int height);

  // A tile with its name bar, and the part of it above the bar.
  codecs::Area tile(std::size_t bridge) const;
  std::optional<codecs::Area> large() const;
  static codecs::Area picture_of(const codecs::Area& tile);

  // For the bridge: what is worth being sent.
  mesh::TileLayers layers() const;

 private:
  std::optional<codecs::Area> large_;
  codecs::Area column_;  // of the small tiles
  int columns_ = 1, rows_ = 1;
};

}  // namespace diemcau::node
