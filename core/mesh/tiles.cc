// A record wants everything of everybody; a screen what its tiles show.
#include "core/mesh/tiles.h"

#include <algorithm>

namespace diemcau::mesh {

Tiles::Tiles(const BridgeConfig& config)
    : large_(config.tiles.large), self_(config.self), tiles_(config.roster.size()) {
  for (std::size_t i = 0; i < tiles_.size(); ++i) {
    std::optional<Layer>& least = tiles_[i].least;
    least = config.tiles.small;
    const PeerId id{static_cast<std::uint16_t>(i)};
    const bool central = config.roster[i].role == Role::central;
    if (central && id != self_) central_ = id;
    if (central && config.tiles.central && (!least || *least < *config.tiles.central))
      least = config.tiles.central;
    if (config.records) least = Layer::hi;
  }
}

void Tiles::speaks(Timestamp now, PeerId bridge) {
  if (bridge == self_ || bridge == speaker_) return;
  if (speaker_) tiles_[speaker_->value].ends_at = now + kLingers;
  speaker_ = bridge;
  tiles_[bridge.value].large = true;
  tiles_[bridge.value].ends_at.reset();
  find_first_end();
}

void Tiles::told(PeerId bridge, std::optional<Layer> layer) {
  tiles_[bridge.value].least = layer;
  tiles_[bridge.value].told = true;
}

bool Tiles::time_passed(Timestamp now) {
  if (!first_end_ || *first_end_ > now) return false;
  for (Tile& tile : tiles_) {
    if (!tile.ends_at || *tile.ends_at > now) continue;
    tile.ends_at.reset();
    tile.large = false;
  }
  find_first_end();
  return true;
}

void Tiles::find_first_end() {
  first_end_.reset();
  for (const Tile& tile : tiles_) {
    if (tile.ends_at && (!first_end_ || *tile.ends_at < *first_end_)) first_end_ = tile.ends_at;
  }
}

std::optional<Layer> Tiles::wanted(PeerId bridge) const {
  const auto wanted = unlimited(tiles_[bridge.value]);
  // Until somebody speaks, whoever leads the meeting is looked at.
  const bool watched = bridge == (speaker_ ? speaker_ : central_);
  switch (limit_) {
    case quality::PictureLimit::none: return wanted;
    case quality::PictureLimit::small:
      return std::min(wanted, std::optional(watched ? Layer::mid : Layer::lo));
    case quality::PictureLimit::speaker:
      return watched ? std::min(wanted, std::optional(Layer::lo)) : std::nullopt;
    case quality::PictureLimit::nobodys: break;
  }
  return std::nullopt;
}

std::optional<Layer> Tiles::unlimited(const Tile& tile) const {
  if (tile.told || !tile.large || !large_) return tile.least;
  return tile.least ? std::max(*tile.least, *large_) : large_;
}

}  // namespace diemcau::mesh
