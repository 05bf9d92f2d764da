// Opus (RFC 6716): 48 kHz mono, 20 ms, VoIP, VBR, complexity 5, no DTX.
#pragma once

#include <cstdint>
#include <memory>

#include "codecs/audio_frame.h"
#include "core/base/byte_reader.h"
#include "core/units/bitrate.h"

namespace diemcau::codecs {

constexpr Bitrate kOpusRate = Bitrate::kbps(32);

// One thread at a time.
class OpusEncoder {
 public:
  explicit OpusEncoder(Bitrate rate = kOpusRate);
  ~OpusEncoder();
  OpusEncoder(OpusEncoder&&) noexcept;
  OpusEncoder& operator=(OpusEncoder&&) noexcept;

  // From the next frame on; kept within 6 … 128 kbit/s.
  void set_rate(Bitrate rate);
  // Takes kFrameSamples. The bytes are valid until the next call.
  ByteSpan encode(Samples samples);
  // Samples by which the codec is behind its input (kOpusPreSkip, 6.5 ms).
  std::uint32_t lookahead() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::codecs
