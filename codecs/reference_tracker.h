// Which earlier frames a decoder holds, and whether a frame's references are all among them
// (sliding window of ITU-T H.264 §8.2.5.3, list of §8.2.4). libavcodec would quietly take another
// picture.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codecs/h264_headers.h"
#include "core/base/byte_reader.h"

namespace diemcau::codecs {

enum class AccessUnitKind : std::uint8_t { malformed, too_large, missing_reference, complete };

// inspect() an access unit, decode it, then tell the outcome with finish(). Frames carry few bits
// of number (32 values with x264): a gap of a whole round is not seen. A stream that has more, and
// jumps by more, begins again with a key frame: to decode something in the place of each would take
// minutes of the thread that all peers share. One thread at a time.
class ReferenceTracker {
 public:
  ReferenceTracker(int max_width, int max_height)
      : max_width_(max_width), max_height_(max_height) {}

  AccessUnitKind inspect(ByteSpan access_unit);
  bool key() const { return current_ && current_->idr; }
  // Numbers of the frames that are missing right before the inspected one, oldest first; the
  // decoder must be given something in their place. Their sequence header is the one that holds.
  const std::vector<std::uint32_t>& missing() const { return missing_; }
  const std::optional<SequenceHeader>& sequence() const { return sequence_; }
  // Only after inspect() said missing_reference or complete.
  void finish(bool decoded);
  void reset();

 private:
  static constexpr std::uint32_t kMostAhead = 32;  // a frame's number, of the last one's
  struct Held {
    std::uint32_t frame_number = 0;
    bool good = false;
  };
  AccessUnitKind check_slices(const std::vector<SliceHeader>& slices);
  bool has_references(const SliceHeader& slice) const;
  std::vector<Held> list_for(const SliceHeader& slice) const;
  void fill_gap(std::uint32_t frame_number);
  void push(Held held);
  std::uint32_t numbers() const { return 1U << sequence_->frame_number_bits; }

  int max_width_;
  int max_height_;
  std::optional<SequenceHeader> sequence_;
  std::optional<PictureHeader> picture_;
  std::vector<Held> held_;  // newest last
  std::vector<std::uint32_t> missing_;
  std::optional<std::uint32_t> previous_;
  std::optional<SliceHeader> current_;
};

}  // namespace diemcau::codecs
