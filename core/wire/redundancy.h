// Earlier frames of sound in front of a packet's own (RFC 2198 §3), the oldest first.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/byte_reader.h"
#include "core/base/byte_writer.h"

namespace diemcau::wire {

constexpr std::size_t kMostEarlierFrames = 3;
constexpr std::uint32_t kMostBehind = 0x3FFF;     // 14 bits: 341 ms at 48 kHz
constexpr std::size_t kMostEarlierBytes = 0x3FF;  // 10 bits

struct SoundBlock {
  std::uint32_t behind = 0;  // ticks before the packet's own timestamp; 0: its own frame
  std::size_t length = 0;
  std::size_t offset = 0;  // from the begin of the payload
  constexpr bool operator==(const SoundBlock&) const = default;
};

// The packet's own frame is the last.
struct SoundBlocks {
  std::array<SoundBlock, kMostEarlierFrames + 1> blocks{};
  std::size_t count = 0;
  std::span<const SoundBlock> all() const { return {blocks.data(), count}; }
};

// Of the payload, `present` is there and `elided` bytes behind it are not: then they begin with the
// first frame. Nothing when malformed, or when it is more than we ever send.
std::optional<SoundBlocks> parse_redundancy(ByteSpan present, std::size_t elided);

// How many frames of 20 ms at 48 kHz, rounded.
constexpr std::uint32_t frames_behind(std::uint32_t ticks) { return (ticks + 480) / 960; }

// Which of the frames before its own a packet carries.
class EarlierFrames {
 public:
  constexpr EarlierFrames() = default;
  // Bit n − 1 stands for the frame n packets before.
  explicit constexpr EarlierFrames(unsigned bits) : bits_(bits) {}
  static constexpr EarlierFrames nearest(std::size_t count) {
    return EarlierFrames{(1U << count) - 1};
  }
  constexpr bool has(std::size_t back) const { return (bits_ >> (back - 1) & 1) != 0; }
  constexpr std::size_t count() const { return static_cast<std::size_t>(std::popcount(bits_)); }
  constexpr std::size_t furthest() const { return static_cast<std::size_t>(std::bit_width(bits_)); }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr unsigned bits() const { return bits_; }
  constexpr bool operator==(const EarlierFrames&) const = default;

 private:
  unsigned bits_ = 0;
};

constexpr std::size_t redundancy_header_bytes(std::size_t earlier) { return 4 * earlier + 1; }
// The headers; the frames' bytes follow. `earlier` has at most kMostEarlierFrames, its offsets do
// not matter.
void write_redundancy_header(ByteWriter& out, std::span<const SoundBlock> earlier);

}  // namespace diemcau::wire
