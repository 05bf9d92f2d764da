// The picture of a room: one tile per bridge with its name and, where there is none, why there is
// no picture.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "codecs/picture.h"
#include "codecs/scale.h"
#include "node/text_picture.h"

namespace diemcau::node {

enum class TileState : std::uint8_t { waiting, live, lost };

// Holds the whole canvas; only tiles that changed are painted again. One thread at a time.
class TileBoard {
 public:
  struct Config {
    int width = 1280;
    int height = 720;
    std::vector<std::string> names;
    std::string waiting_text, lost_text;
  };
  // Throws std::runtime_error when the font is missing.
  explicit TileBoard(Config config);

  void set_picture(std::size_t tile, std::shared_ptr<const codecs::Picture> picture);
  void set_state(std::size_t tile, TileState state);
  const codecs::Picture& paint();

  // Where the tile stands, its name bar included.
  codecs::Area area(std::size_t tile) const;
  // Where the picture stands, above the name bar.
  codecs::Area picture_area(std::size_t tile) const;

 private:
  struct Tile {
    std::shared_ptr<const codecs::Picture> picture;
    TileState state = TileState::waiting;
    bool changed = true;
  };
  void paint_tile(std::size_t tile);
  void fill(const codecs::Area& a, std::uint8_t luma);
  void darken(const codecs::Area& a);
  void write_text(const std::string& text, const codecs::Area& a, int pixels);

  Config config_;
  TextPainter painter_;
  std::vector<Tile> tiles_;
  int columns_ = 1;
  int rows_ = 1;
  codecs::Picture canvas_;
};

}  // namespace diemcau::node
