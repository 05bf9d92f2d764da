// Layout, state and ink; scaling is libyuv's.
#include "node/tile_board.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/check.h"

namespace diemcau::node {

using codecs::Area;

namespace {
constexpr std::uint8_t kBlack = 16;
constexpr std::uint8_t kTileGrey = 40;
constexpr std::uint8_t kBarGrey = 28;
constexpr std::uint8_t kLitGrey = 100;
constexpr std::uint8_t kWhite = 235;
constexpr std::uint8_t kNoColour = 128;

int even(int v) { return v & ~1; }
}  // namespace

TileBoard::TileBoard(Config config)
    : config_(std::move(config)),
      tiles_(config_.names.size()),
      canvas_(even(config_.width), even(config_.height)),
      layout_(config_.arrangement, tiles_.size(), canvas_.width, canvas_.height),
      beside_document_(Arrangement::speaker, tiles_.size(), canvas_.width, canvas_.height) {
  codecs::fill(canvas_, kBlack, kNoColour, kNoColour);
}

void TileBoard::set_picture(std::size_t tile, std::shared_ptr<const codecs::Picture> picture) {
  DC_CHECK(tile < tiles_.size());
  if (tiles_[tile].picture == picture) return;
  tiles_[tile].picture = std::move(picture);
  tiles_[tile].changed = true;
}

void TileBoard::set_state(std::size_t tile, TileState state) {
  DC_CHECK(tile < tiles_.size());
  if (tiles_[tile].state == state) return;
  tiles_[tile].state = state;
  tiles_[tile].changed = true;
}

void TileBoard::set_speaker(std::size_t tile) {
  DC_CHECK(tile < tiles_.size());
  if (speaker_ == tile) return;
  if (speaker_) tiles_[*speaker_].changed = true;
  tiles_[tile].changed = true;
  speaker_ = tile;
}

void TileBoard::set_large(std::size_t tile) {
  DC_CHECK(tile < tiles_.size());
  if (large_ == tile) return;
  tiles_[tile].changed = true;
  large_ = tile;
}

void TileBoard::set_document(std::optional<std::size_t> bridge,
                             std::shared_ptr<const codecs::Picture> picture) {
  DC_CHECK(!bridge || *bridge < tiles_.size());
  if (bridge.has_value() != document_.has_value()) {  // another layout
    for (Tile& tile : tiles_) tile.changed = true;
    codecs::fill(canvas_, kBlack, kNoColour, kNoColour);
  }
  page_changed_ = page_changed_ || bridge != document_ || picture != page_;
  document_ = bridge;
  page_ = std::move(picture);
}

const codecs::Picture& TileBoard::paint() {
  for (std::size_t i = 0; i < tiles_.size(); ++i) {
    if (!std::exchange(tiles_[i].changed, false)) continue;
    paint_tile(i, layout().tile(i));
    if (large_ == i && !document_ && layout().large()) paint_tile(i, *layout().large());
  }
  if (std::exchange(page_changed_, false) && document_) paint_document(*layout().large());
  return canvas_;
}

void TileBoard::paint_document(const Area& all) {
  const Area room = TileLayout::picture_of(all);
  if (room.width < 16 || room.height < 16) return;
  if (page_) {
    codecs::letterbox_into(*page_, canvas_, room);
  } else {
    fill(room, kTileGrey);
    write_text(config_.waiting_text, room, std::clamp(room.height / 8, 12, 48));
  }
  const Area bar{all.x, room.y + room.height, all.width, all.height - room.height};
  fill(bar, kBarGrey);
  write_text(config_.names[*document_] + " – " + config_.document_text, bar, bar.height - 2);
}

void TileBoard::paint_tile(std::size_t index, const Area& all) {
  const Tile& tile = tiles_[index];
  const Area room = TileLayout::picture_of(all);
  if (room.width < 16 || room.height < 16) return;  // too many bridges for this canvas
  if (tile.picture) {
    codecs::letterbox_into(*tile.picture, canvas_, room);
    if (tile.state == TileState::lost) darken(room);
  } else {
    fill(room, kTileGrey);
  }
  const int big = std::clamp(room.height / 8, 12, 48);
  if (tile.state == TileState::lost) {
    write_text(config_.lost_text, room, big);
  } else if (!tile.picture) {
    write_text(config_.waiting_text, room, big);
  }
  const Area bar{all.x, room.y + room.height, all.width, all.height - room.height};
  fill(bar, speaker_ == index ? kLitGrey : kBarGrey);
  write_text(config_.names[index], bar, bar.height - 2);
}

void TileBoard::fill(const Area& a, std::uint8_t grey) {
  const auto plane = [](std::uint8_t* to, int stride, const Area& at, std::uint8_t value) {
    for (int y = at.y; y < at.y + at.height; ++y)
      std::memset(to + std::ptrdiff_t{y} * stride + at.x, value,
                  static_cast<std::size_t>(at.width));
  };
  const Area half{a.x / 2, a.y / 2, a.width / 2, a.height / 2};
  plane(canvas_.y(), canvas_.width, a, grey);
  plane(canvas_.u(), canvas_.chroma_width(), half, kNoColour);
  plane(canvas_.v(), canvas_.chroma_width(), half, kNoColour);
}

void TileBoard::darken(const Area& a) {
  for (int y = a.y; y < a.y + a.height; ++y) {
    std::uint8_t* row = canvas_.y() + std::ptrdiff_t{y} * canvas_.width;
    for (int x = a.x; x < a.x + a.width; ++x)
      row[x] = static_cast<std::uint8_t>(kBlack + std::max(row[x] - kBlack, 0) * 3 / 10);
  }
}

// White ink in the middle of the area; colour under it goes away.
void TileBoard::write_text(const std::string& text, const Area& a, int pixels) {
  const TextPicture& ink = painter_.draw(text, pixels, a.width - 4);
  const int left = a.x + std::max(0, (a.width - ink.width) / 2);
  const int top = a.y + std::max(0, (a.height - ink.height) / 2);
  for (int y = 0; y < ink.height && top + y < a.y + a.height; ++y) {
    for (int x = 0; x < ink.width && left + x < a.x + a.width; ++x) {
      const int alpha = ink.alpha[static_cast<std::size_t>(y * ink.width + x)];
      if (alpha == 0) continue;
      auto& pixel = canvas_.y()[std::ptrdiff_t{top + y} * canvas_.width + left + x];
      pixel = static_cast<std::uint8_t>((pixel * (255 - alpha) + kWhite * alpha) / 255);
      const auto at = std::ptrdiff_t{(top + y) / 2} * canvas_.chroma_width() + (left + x) / 2;
      canvas_.u()[at] = canvas_.v()[at] = kNoColour;
    }
  }
}

}  // namespace diemcau::node
