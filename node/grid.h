// What the room saw and heard in one file: a picture of all bridges with their names, and the mix.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node/stage.h"
#include "node/tile_layout.h"

namespace diemcau::node {

struct GridConfig {
  std::filesystem::path grid;      // .mkv, H.264 + Opus; empty: no grid
  std::filesystem::path mix;       // .wav; empty: no mix
  std::vector<std::string> names;  // by PeerId, as people read them; drawn in NFC
  PeerId self;
  Arrangement arrangement = Arrangement::alike;
  int width = 1280;
  int height = 720;
  std::string waiting_text = "đang chờ";  // before the first picture
  std::string lost_text = "mất kết nối";
  std::string document_text = "tài liệu";
  // A flash lasts one picture of 33 ms: painted at least every 25 ms, none is missed.
  int max_fps = 25;
  // Called on the grid's thread, once for each file, when the disk refuses.
  std::function<void(const std::filesystem::path& file)> on_alarm;
};

struct GridFigures {
  std::uint64_t pictures = 0;  // composed and written
  std::uint64_t samples = 0;   // of sound written
  std::uint64_t dropped = 0;   // blocks of sound or pictures left out: encoder or disk too slow
  std::uint64_t write_errors = 0;
};

// Tiles in roster order, one's own camera among them; in the large one the document that is shown
// (the newest, if there are several), else whoever of the others spoke last. A bridge that was lost
// keeps its last picture, darkened, with the words that say so. Compose, encode and write happen on
// its own thread. The files are readable after a kill: Matroska clusters ≤ 500 ms, a WAV header
// kept up to date.
class Grid final : public Stage {
 public:
  // Throws std::runtime_error when a file cannot be made or the font is missing.
  explicit Grid(GridConfig config);
  ~Grid() override;
  Grid(const Grid&) = delete;
  Grid& operator=(const Grid&) = delete;

  void on_picture(const ShownPicture& shown) override;  // one's own camera too (origin == self)
  void on_sound(Timestamp at, std::span<const PlayedSound> sounds) override;
  void on_link(PeerId origin, bool up) override;
  void on_speaker(PeerId bridge) override;
  void on_document(PeerId bridge, bool shown) override;
  GridFigures figures() const;
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::node
