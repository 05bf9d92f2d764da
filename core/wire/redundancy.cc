// One header of four bytes for each earlier frame, one of a single byte for the packet's own.
#include "core/wire/redundancy.h"

#include "core/wire/rtp.h"

namespace diemcau::wire {

namespace {
constexpr std::uint8_t kFollowed = 0x80;  // the F bit: another header comes after this one
}

std::optional<SoundBlocks> parse_redundancy(ByteSpan present, std::size_t elided) {
  ByteReader in(present);
  SoundBlocks result;
  std::size_t earlier_bytes = 0;
  while (true) {
    const std::uint8_t head = in.u8();
    if (!in.ok() || (head & ~kFollowed) != kAudioPayloadType) return std::nullopt;
    if ((head & kFollowed) == 0) break;
    if (result.count == kMostEarlierFrames) return std::nullopt;
    const std::uint32_t fields = in.u24();
    if (!in.ok()) return std::nullopt;
    SoundBlock& block = result.blocks[result.count];
    block.behind = fields >> 10;
    block.length = fields & kMostEarlierBytes;
    if (block.behind == 0 || block.length == 0) return std::nullopt;
    if (result.count > 0 && block.behind >= result.blocks[result.count - 1].behind) {
      return std::nullopt;
    }
    earlier_bytes += block.length;
    ++result.count;
  }
  const std::size_t frames = in.remaining() + elided;
  if (frames <= earlier_bytes || (elided > 0 && in.remaining() > 0)) return std::nullopt;
  result.blocks[result.count++].length = frames - earlier_bytes;
  std::size_t offset = in.position();
  for (std::size_t i = 0; i < result.count; ++i) {
    result.blocks[i].offset = offset;
    offset += result.blocks[i].length;
  }
  return result;
}

void write_redundancy_header(ByteWriter& out, std::span<const SoundBlock> earlier) {
  for (const SoundBlock& block : earlier) {
    const auto fields = static_cast<std::uint32_t>(block.behind << 10 | block.length);
    out.u8(kFollowed | kAudioPayloadType);
    out.u8(static_cast<std::uint8_t>(fields >> 16));
    out.u16(static_cast<std::uint16_t>(fields));
  }
  out.u8(kAudioPayloadType);
}

}  // namespace diemcau::wire
