// Our RTP header extension that says what a packet's frame is and needs, so that nobody has to read
// the bitstream.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/byte_reader.h"
#include "core/base/byte_writer.h"
#include "core/units/ids.h"

namespace diemcau::wire {

// A frame is decodable when it is a key frame, or when `frame_number - newest_needed_diff` was
// decodable: that frame's own needs are a chain back to a key frame. Nothing older than
// `frame_number - oldest_needed_diff` is referenced, so a receiver may forget it, and a reported
// loss at or after it but outside the chain does not hurt.
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7
//  |S|E|K|T|Lay|res|         frame number          | newest needed |
//  | oldest needed |
struct FrameDescriptor {
  std::uint16_t frame_number = 0;  // counts per stream, wraps
  Layer layer = Layer::only;
  std::uint8_t temporal_id = 0;  // 0 base, 1 droppable
  bool key = false;
  bool start = false;                   // first packet of the frame
  bool end = false;                     // last packet of the frame
  std::uint8_t newest_needed_diff = 0;  // 0 exactly when key
  std::uint8_t oldest_needed_diff = 0;  // ≥ newest_needed_diff
  constexpr bool operator==(const FrameDescriptor&) const = default;
};

constexpr std::size_t kFrameDescriptorBytes = 5;

void write(ByteWriter& out, const FrameDescriptor& d);
// Nothing for a wrong length, reserved bits set, or needs that contradict the key flag.
std::optional<FrameDescriptor> parse_frame_descriptor(ByteSpan bytes);

}  // namespace diemcau::wire
