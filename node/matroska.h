// A Matroska file (RFC 9559) with one H.264 and one Opus track that is whole up to its last cluster
// at any moment.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/units/time.h"

namespace diemcau::node {

struct MatroskaVideo {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> headers;  // SPS and PPS, Annex B
};

// Picks the parameter sets and the size out of a key frame (Annex B); nothing when it has none.
std::optional<MatroskaVideo> video_track_of(ByteSpan key_frame);

// Owns the descriptor. Clusters are ≤ 500 ms, each goes out as one write (and one fdatasync, but
// not two within 400 ms). After the first failure the file is left as it was after the last good
// cluster and refuses everything. One thread at a time.
class MatroskaFile {
 public:
  struct Options {
    std::optional<MatroskaVideo> video;
    bool audio = true;
    bool sync = true;  // fdatasync after a cluster
    std::string title;
    std::string began;  // utc_text() of its time 0; empty: not said
  };
  MatroskaFile(int fd, Options options);
  ~MatroskaFile();
  MatroskaFile(const MatroskaFile&) = delete;
  MatroskaFile& operator=(const MatroskaFile&) = delete;

  // `at` counts from the beginning of the file: of the picture, or of the first sample that went
  // into the encoder. False when the file has failed.
  bool write_video(Duration at, bool key, ByteSpan access_unit);
  bool write_audio(Duration at, ByteSpan packet);
  // Writes the last cluster, the index and the duration. Once; the destructor does it otherwise.
  bool close();

  bool failed() const;
  int error() const;  // errno of the failure
  std::uint64_t bytes_written() const;
  // Syncs what followed too soon to be synced, once it is time. False when the file has failed.
  bool settle();
  // Time that the last cluster that was synced took to reach the disk; told once.
  std::optional<Duration> take_sync_time();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::node
