// Raw pictures and sound of every peer as they are shown and played, for scripts that look with
// their own eyes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "node/stage.h"

namespace diemcau::node {

struct SinkConfig {
  std::filesystem::path dir;            // made when it is missing
  std::vector<std::string> bridge_ids;  // by PeerId; name the files
  PeerId self;                          // has no files
  int width = 640;
  int height = 360;
};

struct SinkFigures {
  std::uint64_t pictures = 0;  // written
  std::uint64_t samples = 0;   // written, over all peers
  // Pictures or blocks of sound that found a slow reader or a full queue.
  std::uint64_t dropped = 0;
};

// `<id>.i420` (only new pictures), `<id>.s16` (48 kHz mono, continuous from the first link-up),
// `<id>.tsv` (`kind index capture_ns shown_ns layer action`). A FIFO of that name is used as it is;
// a reader that is slow or missing loses data, never holds anything up. A new file replaces an old
// one.
class Sink final : public Stage {
 public:
  // Throws std::runtime_error when the directory or a file cannot be made.
  explicit Sink(SinkConfig config);
  ~Sink() override;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void on_picture(const ShownPicture& shown) override;
  void on_sound(Timestamp at, std::span<const PlayedSound> sounds) override;
  void on_link(PeerId origin, bool up) override;
  SinkFigures figures() const;
  // Writes what is queued and closes the files.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::node
