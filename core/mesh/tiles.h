// Which layer of everybody's camera this bridge wants: what the tile it is shown in can show, more
// of whoever speaks.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/mesh/bridge_config.h"
#include "core/quality/flow_report.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// The large tile shows the last of the others who spoke: nobody wants to see themselves. Who has
// left it keeps its layer for a while, so that a dialogue switches nothing. One thread.
class Tiles {
 public:
  static constexpr Duration kLingers = 5s;

  explicit Tiles(const BridgeConfig& config);

  void speaks(Timestamp now, PeerId bridge);
  // The driver knows better: from now on this, whoever speaks.
  void told(PeerId bridge, std::optional<Layer> layer);
  // Our line is too thin for more; whatever was told.
  void limit(quality::PictureLimit limit) { limit_ = limit; }
  // Whether something has ended.
  bool time_passed(Timestamp now);
  std::optional<Timestamp> deadline() const { return first_end_; }
  std::optional<Layer> wanted(PeerId bridge) const;

 private:
  struct Tile {
    std::optional<Layer> least;  // however little it says
    bool told = false;
    bool large = false;                // or has been until a moment ago
    std::optional<Timestamp> ends_at;  // …and keeps the layer until then
  };
  void find_first_end();
  std::optional<Layer> unlimited(const Tile& tile) const;

  std::optional<Layer> large_;
  PeerId self_;
  std::vector<Tile> tiles_;  // by PeerId
  std::optional<PeerId> central_;
  std::optional<PeerId> speaker_;
  quality::PictureLimit limit_ = quality::PictureLimit::none;
  std::optional<Timestamp> first_end_;  // of all tiles: every input asks
};

}  // namespace diemcau::mesh
