// Decoding of Opus (RFC 6716) to 48 kHz mono, with concealment of what is missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "codecs/audio_frame.h"
#include "core/base/byte_reader.h"
#include "core/base/result.h"

namespace diemcau::codecs {

enum class OpusError : std::uint8_t { malformed };

// Of libopus's encoder at 48 kHz: what a decoder must skip at the start, in samples (RFC 7845
// §4.2).
constexpr std::int64_t kOpusPreSkip = 312;
constexpr std::size_t kMaxOpusSamples = 5760;  // 120 ms, the longest packet (RFC 6716 §2.1.4)

// Samples are valid until the next call. One thread at a time.
class OpusDecoder {
 public:
  OpusDecoder();
  ~OpusDecoder();
  OpusDecoder(OpusDecoder&&) noexcept;
  OpusDecoder& operator=(OpusDecoder&&) noexcept;

  // The length is what the packet says (normally kFrameSamples). A malformed packet leaves the
  // decoder usable.
  Result<Samples, OpusError> decode(ByteSpan packet);
  // In place of lost sound; `samples` is rounded down to 2.5 ms, at least 2.5 and at most 120 ms.
  Samples conceal(std::size_t samples = kFrameSamples);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::codecs
