// The bridge's configuration file (TOML); configs/bridge.example.toml explains every key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/mesh/bridge_config.h"
#include "core/units/bitrate.h"
#include "core/units/ids.h"
#include "node/catalogue.h"
#include "node/tile_layout.h"

namespace diemcau::node {

// In place of a file's name: pages that do not exist.
constexpr std::string_view kGeneratedDocument = "generated";

enum class MediaSourceKind : std::uint8_t { file, generated, raw, none };

// Paths are absolute or as found from the working directory: relative ones in the file count from
// the file's own folder.
struct Config {
  using Path = std::filesystem::path;
  struct Media {
    MediaSourceKind kind = MediaSourceKind::generated;
    Path path;  // kind file
    bool loop = true;
    Path video_pipe, audio_pipe;  // kind raw: I420 and s16; one may be empty
    int width = 1280, height = 720, fps = 30;
    int rate = 48'000, channels = 1;
    // To be shown to everybody, round and round: a file, or kGeneratedDocument; empty: none.
    Path document;
    bool document_at_start = true;  // else when the operator says so
  };
  struct Sink {
    std::optional<Path> dir;  // per-peer pictures and sound
    int width = 640, height = 360;
    std::optional<Path> grid;  // what the room saw: .mkv
    std::optional<Path> mix;   // what the room heard: .wav
    // Of the room's picture; absent: the speaker large at the central bridge, all alike elsewhere.
    std::optional<Arrangement> layout;
  };
  struct Record {
    std::optional<bool> enabled;  // absent: the central bridge records
    Path dir;                     // default: data_dir/record
  };

  Path file;
  std::string id;
  Endpoint listen = Endpoint::v4(0, 5004);
  Path data_dir;
  Path key;  // default: data_dir/key.pem
  std::optional<Language> language;
  Path roster;
  Media media;
  Sink sink;
  Record record;
  std::string metrics_listen = "127.0.0.1:9464";
  mesh::LayerRates rates;
  mesh::DocumentRates document_rates;
  std::optional<Bitrate> uplink;
};

// Every mistake is an OperatorError with file, line, key and remedy.
Config parse_config(std::string_view text, const std::filesystem::path& file);
Config load_config(const std::filesystem::path& file);

}  // namespace diemcau::node
