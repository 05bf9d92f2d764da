// How long an Opus packet plays, from its first bytes (RFC 6716 §3.1, §3.2). As an RTP payload the
// packet stands alone (RFC 7587 §4.2).
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/byte_reader.h"

namespace diemcau::wire {

constexpr std::uint32_t kMaxOpusSamples = 5'760;  // 120 ms at 48 kHz (RFC 6716 §3.2.5, R5)

// Samples at 48 kHz of one frame, from the configuration number in the TOC byte.
constexpr std::uint32_t opus_frame_samples(std::uint8_t toc) {
  const unsigned config = toc >> 3;
  if (config < 12) {  // SILK: 10, 20, 40, 60 ms
    constexpr std::uint32_t kSilk[] = {480, 960, 1'920, 2'880};
    return kSilk[config & 3U];
  }
  if (config < 16) return (config & 1U) == 0 ? 480 : 960;  // hybrid: 10, 20 ms
  return 120U << (config & 3U);                            // CELT: 2.5, 5, 10, 20 ms
}

// Samples at 48 kHz of the whole packet; nothing when the packet is malformed or over 120 ms.
constexpr std::optional<std::uint32_t> opus_samples(ByteSpan packet) {
  if (packet.empty()) return std::nullopt;
  const unsigned code = packet[0] & 3U;
  std::uint32_t frames = code == 0 ? 1 : 2;
  if (code == 1 && packet.size() % 2 == 0) return std::nullopt;  // two frames of equal size (R3)
  if (code == 2 && packet.size() < 2) return std::nullopt;       // the first length (R4)
  if (code == 3) {
    if (packet.size() < 2) return std::nullopt;  // the frame count byte (R6)
    frames = packet[1] & 0x3FU;
    if (frames == 0) return std::nullopt;  // R5
  }
  const std::uint32_t samples = frames * opus_frame_samples(packet[0]);
  if (samples > kMaxOpusSamples) return std::nullopt;
  return samples;
}

}  // namespace diemcau::wire
