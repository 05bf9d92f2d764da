// A record wants everything of everybody; a screen what its tiles show.
#include "core/mesh/tiles.h"

#include <algorithm>

namespace diemcau::mesh {

Tiles::Tiles(const BridgeConfig& config)
    : large_(config.tiles.large),
      sees_(config.tiles.small || config.tiles.large),
      records_(config.records),
      self_(config.self),
      tiles_(config.roster.size()) {
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

void Tiles::document(PeerId bridge, bool shown) {
  const auto at = std::find(documents_.begin(), documents_.end(), bridge);
  if (shown == (at != documents_.end())) return;
  if (shown) {
    documents_.push_back(bridge);
  } else {
    documents_.erase(at);
  }
}

void Tiles::told(PeerId bridge, Source source, std::optional<Layer> layer) {
  Tile& tile = tiles_[bridge.value];
  (source == Source::document ? tile.document : tile.least) = layer;
  (source == Source::document ? tile.told_document : tile.told) = true;
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

PictureLayers Tiles::wanted(PeerId bridge) const {
  PictureLayers wanted{camera(tiles_[bridge.value]), document(bridge)};
  // A page is what everybody looks at; else the speaker, and until somebody speaks whoever leads.
  const bool page = !documents_.empty();
  const bool watched = !page && bridge == (speaker_ ? speaker_ : central_);
  switch (limit_) {
    case quality::PictureLimit::none: break;
    case quality::PictureLimit::small:
      wanted.camera = std::min(wanted.camera, std::optional(watched ? Layer::mid : Layer::lo));
      wanted.document = std::min(wanted.document, std::optional(Layer::mid));
      break;
    case quality::PictureLimit::speaker:
      wanted.camera = watched ? std::min(wanted.camera, std::optional(Layer::lo)) : std::nullopt;
      wanted.document = std::min(wanted.document, std::optional(Layer::mid));
      break;
    case quality::PictureLimit::nobodys: return {};
  }
  return wanted;
}

std::optional<Layer> Tiles::camera(const Tile& tile) const {
  if (tile.told || records_) return tile.least;
  const bool beside = !documents_.empty();
  const auto most = [beside](std::optional<Layer> layer, Layer small) {
    return layer && beside ? std::min(*layer, small) : layer;
  };
  const auto least = most(tile.least, Layer::lo);
  if (!tile.large || !large_) return least;
  return std::max(least, most(large_, Layer::mid));
}

// A page can be read in the large tile; in a small one, mid has all its lines, too.
std::optional<Layer> Tiles::document(PeerId bridge) const {
  const Tile& tile = tiles_[bridge.value];
  if (std::find(documents_.begin(), documents_.end(), bridge) == documents_.end())
    return std::nullopt;
  if (tile.told_document) return tile.document;
  if (records_ || (sees_ && documents_.back() == bridge)) return Layer::hi;
  return sees_ ? std::optional(Layer::mid) : std::nullopt;
}

}  // namespace diemcau::mesh
