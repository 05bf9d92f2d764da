// The sound of a room: every other bridge added up, and a WAV file whose header is always right.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>

#include "node/stage.h"

namespace diemcau::node {

// Adds with saturation, so that two loud bridges clip and do not wrap around. Only what was
// received is ever added: one's own voice is not in one's own room.
class MixTick {
 public:
  void add(std::span<const std::int16_t> samples);
  std::span<const std::int16_t> samples() const { return sum_; }

 private:
  std::array<std::int16_t, kTickSamples> sum_{};
};

// 16-bit mono PCM at 48 kHz (RIFF WAVE). The sizes in the header are written anew every second: a
// killed process leaves a valid file. One thread at a time.
class WavFile {
 public:
  // Throws OperatorError when the file cannot be made. An old one stays beside it (part_file.h).
  explicit WavFile(const std::filesystem::path& path);
  ~WavFile();
  WavFile(const WavFile&) = delete;
  WavFile& operator=(const WavFile&) = delete;

  // False when the disk refused; the samples are lost and the file stays valid.
  bool write(std::span<const std::int16_t> samples);

 private:
  bool write_header();
  int fd_ = -1;
  std::uint64_t data_bytes_ = 0;
  std::uint64_t header_says_ = 0;
};

}  // namespace diemcau::node
