// Encodes what the room saw and heard for the grid file: H.264 as fast as possible, Opus for a mix.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "codecs/picture.h"
#include "core/base/byte_reader.h"
#include "core/units/time.h"

namespace diemcau::node {

// One canvas and one sound; a viewer's copy, not the record. One thread at a time.
class RoomEncoder {
 public:
  static constexpr std::size_t kFrameSamples = 960;
  // Throws std::runtime_error when libavcodec lacks libx264 or libopus.
  RoomEncoder(int width, int height);
  ~RoomEncoder();
  RoomEncoder(const RoomEncoder&) = delete;
  RoomEncoder& operator=(const RoomEncoder&) = delete;

  struct Picture {
    ByteSpan access_unit;  // Annex B; empty: the encoder failed
    bool key = false;
  };
  // At any rate; `at` grows by a millisecond at least. The span holds until the next call.
  Picture encode(const codecs::Picture& picture, Duration at);
  // kFrameSamples of 48 kHz mono. The span holds until the next call.
  ByteSpan encode(std::span<const std::int16_t> samples);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::node
