// Which layers of everybody's camera and document this bridge wants: what the tile it is shown in
// can show, more of whoever speaks; a document has the large tile.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/mesh/bridge_config.h"
#include "core/mesh/picture_layers.h"
#include "core/quality/flow_report.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// The large tile shows the last of the others who spoke: nobody wants to see themselves. Who has
// left it keeps its layer for a while, so that a dialogue switches nothing. While a document is
// shown, by anybody, the newest has the large tile, and faces are in a column beside it, where lo
// is all that can be seen, but for mid of whoever speaks. One thread.
class Tiles {
 public:
  static constexpr Duration kLingers = 5s;

  explicit Tiles(const BridgeConfig& config);

  void speaks(Timestamp now, PeerId bridge);
  // Whether that bridge shows a document.
  void document(PeerId bridge, bool shown);
  // The driver knows better: from now on this, whoever speaks.
  void told(PeerId bridge, Source source, std::optional<Layer> layer);
  // Our line is too thin for more; whatever was told.
  void limit(quality::PictureLimit limit) { limit_ = limit; }
  // Whether something has ended.
  bool time_passed(Timestamp now);
  std::optional<Timestamp> deadline() const { return first_end_; }
  PictureLayers wanted(PeerId bridge) const;

 private:
  struct Tile {
    std::optional<Layer> least;  // however little it says
    bool told = false;
    std::optional<Layer> document;  // of its document, when told
    bool told_document = false;
    bool large = false;                // or has been until a moment ago
    std::optional<Timestamp> ends_at;  // …and keeps the layer until then
  };
  void find_first_end();
  std::optional<Layer> camera(const Tile& tile) const;
  std::optional<Layer> document(PeerId bridge) const;

  std::optional<Layer> large_;
  bool sees_;     // there are tiles at all
  bool records_;  // everything of everybody
  PeerId self_;
  std::vector<Tile> tiles_;  // by PeerId
  std::optional<PeerId> central_;
  std::optional<PeerId> speaker_;
  quality::PictureLimit limit_ = quality::PictureLimit::none;
  std::vector<PeerId> documents_;       // that are shown, the newest last
  std::optional<Timestamp> first_end_;  // of all tiles: every input asks
};

}  // namespace diemcau::mesh
