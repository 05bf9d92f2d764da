// The play-out of one bridge: performs audio actions, holds what waits to be heard, gives 10 ms at
// a time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "codecs/opus_decoder.h"
#include "codecs/time_stretch.h"
#include "core/mesh/boundary.h"
#include "node/stage.h"

namespace diemcau::node {

// One thread at a time.
class Loudspeaker {
 public:
  // Decodes or conceals and appends; the first sample of what is waiting now leaves at `next_tick`.
  // A packet that does not decode is concealed and answered as expand.
  mesh::AudioPlayed perform(PeerId origin, mesh::AudioAction action,
                            std::optional<Timestamp> captured_at, ByteSpan packet,
                            Timestamp next_tick);

  // One tick of the device. Spans hold until the next call of either function.
  struct Tick {
    std::span<const std::int16_t> samples;  // kTickSamples, silence where there was nothing
    std::span<const PlayedFrame> frames;
    std::uint32_t missing = 0;  // samples of silence
  };
  Tick take();
  std::uint32_t queued() const { return static_cast<std::uint32_t>(waiting_.size() - taken_); }
  std::uint64_t decode_errors() const { return decode_errors_; }

 private:
  struct Marker {
    std::uint64_t position = 0;  // in samples since the start
    PlayedFrame frame;
  };
  void append(codecs::Samples samples);

  codecs::OpusDecoder decoder_;
  codecs::TimeStretch stretch_;
  std::vector<std::int16_t> waiting_;  // from taken_ on
  std::size_t taken_ = 0;
  std::uint64_t played_ = 0;  // samples that the device took, silence included
  std::deque<Marker> markers_;
  std::vector<std::int16_t> tick_ = std::vector<std::int16_t>(kTickSamples);
  std::vector<PlayedFrame> tick_frames_;
  std::uint64_t decode_errors_ = 0;
};

}  // namespace diemcau::node
