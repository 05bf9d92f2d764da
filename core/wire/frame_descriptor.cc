// The frame descriptor's five bytes; the layout stands in the header.
#include "core/wire/frame_descriptor.h"

namespace diemcau::wire {

namespace {
constexpr unsigned kStart = 0x80;
constexpr unsigned kEnd = 0x40;
constexpr unsigned kKey = 0x20;
constexpr unsigned kTemporal = 0x10;
constexpr unsigned kReserved = 0x03;
}  // namespace

void write(ByteWriter& out, const FrameDescriptor& d) {
  const unsigned flags = (d.start ? kStart : 0U) | (d.end ? kEnd : 0U) | (d.key ? kKey : 0U) |
                         (d.temporal_id != 0 ? kTemporal : 0U) |
                         static_cast<unsigned>(d.layer) << 2;
  out.u8(static_cast<std::uint8_t>(flags));
  out.u32(std::uint32_t{d.frame_number} << 16 | std::uint32_t{d.newest_needed_diff} << 8 |
          d.oldest_needed_diff);
}

std::optional<FrameDescriptor> parse_frame_descriptor(ByteSpan bytes) {
  if (bytes.size() != kFrameDescriptorBytes) return std::nullopt;
  ByteReader in(bytes);
  const unsigned flags = in.u8();
  const std::uint32_t numbers = in.u32();
  FrameDescriptor d;
  d.frame_number = static_cast<std::uint16_t>(numbers >> 16);
  d.newest_needed_diff = static_cast<std::uint8_t>(numbers >> 8);
  d.oldest_needed_diff = static_cast<std::uint8_t>(numbers);
  d.start = (flags & kStart) != 0;
  d.end = (flags & kEnd) != 0;
  d.key = (flags & kKey) != 0;
  d.temporal_id = (flags & kTemporal) != 0 ? 1 : 0;
  d.layer = static_cast<Layer>(flags >> 2 & 3U);
  if ((flags & kReserved) != 0) return std::nullopt;
  if (d.key != (d.newest_needed_diff == 0)) return std::nullopt;
  if (d.oldest_needed_diff < d.newest_needed_diff) return std::nullopt;
  return d;
}

}  // namespace diemcau::wire
