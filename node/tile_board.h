// The picture of a room: one tile per bridge with its name and, where there is none, why there is
// no picture; and a document, large, while one is shown.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codecs/picture.h"
#include "codecs/scale.h"
#include "node/text_picture.h"
#include "node/tile_layout.h"

namespace diemcau::node {

enum class TileState : std::uint8_t { waiting, live, lost };

// Holds the whole canvas; only tiles that changed are painted again. One thread at a time.
class TileBoard {
 public:
  struct Config {
    int width = 1280;
    int height = 720;
    std::vector<std::string> names;
    std::string waiting_text, lost_text, document_text;
    Arrangement arrangement = Arrangement::alike;
  };
  // Throws std::runtime_error when the font is missing.
  explicit TileBoard(Config config);

  void set_picture(std::size_t tile, std::shared_ptr<const codecs::Picture> picture);
  void set_state(std::size_t tile, TileState state);
  // The name of whoever speaks is lit.
  void set_speaker(std::size_t tile);
  // Who is in the large tile, where there is one.
  void set_large(std::size_t tile);
  // The document that is shown, and whose it is; no bridge: none. While there is one it has the
  // large tile, and where all tiles are alike they make room for it.
  void set_document(std::optional<std::size_t> bridge,
                    std::shared_ptr<const codecs::Picture> picture);
  const codecs::Picture& paint();

  const TileLayout& layout() const { return document_ ? beside_document_ : layout_; }

 private:
  struct Tile {
    std::shared_ptr<const codecs::Picture> picture;
    TileState state = TileState::waiting;
    bool changed = true;
  };
  void paint_tile(std::size_t tile, const codecs::Area& all);
  void paint_document(const codecs::Area& all);
  void fill(const codecs::Area& a, std::uint8_t luma);
  void darken(const codecs::Area& a);
  void write_text(const std::string& text, const codecs::Area& a, int pixels);

  Config config_;
  TextPainter painter_;
  std::vector<Tile> tiles_;
  std::optional<std::size_t> speaker_, large_;
  std::optional<std::size_t> document_;  // whose
  std::shared_ptr<const codecs::Picture> page_;
  bool page_changed_ = false;
  codecs::Picture canvas_;
  TileLayout layout_, beside_document_;
};

}  // namespace diemcau::node
