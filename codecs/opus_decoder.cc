#include "codecs/opus_decoder.h"

#include <opus/opus.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "core/base/check.h"

namespace diemcau::codecs {
namespace {

constexpr std::size_t kStep = 120;  // 2.5 ms, the grain of Opus durations

struct Free {
  void operator()(::OpusDecoder* d) const { opus_decoder_destroy(d); }
};

}  // namespace

struct OpusDecoder::Impl {
  std::unique_ptr<::OpusDecoder, Free> decoder;
  std::array<std::int16_t, kMaxOpusSamples> samples{};

  // An empty packet conceals.
  int run(ByteSpan packet, std::size_t room) {
    return opus_decode(decoder.get(), packet.empty() ? nullptr : packet.data(),
                       static_cast<opus_int32>(packet.size()), samples.data(),
                       static_cast<int>(room), 0);
  }
  Samples first(int n) const { return {samples.data(), static_cast<std::size_t>(n)}; }
};

OpusDecoder::OpusDecoder() : impl_(std::make_unique<Impl>()) {
  int error = OPUS_OK;
  impl_->decoder.reset(opus_decoder_create(static_cast<opus_int32>(kSampleRate), 1, &error));
  if (error != OPUS_OK) {
    throw std::runtime_error(std::string("Opus cannot start: ") + opus_strerror(error));
  }
}
OpusDecoder::~OpusDecoder() = default;
OpusDecoder::OpusDecoder(OpusDecoder&&) noexcept = default;
OpusDecoder& OpusDecoder::operator=(OpusDecoder&&) noexcept = default;

Result<Samples, OpusError> OpusDecoder::decode(ByteSpan packet) {
  // An empty packet would conceal, which must never pass for sound that was received.
  if (packet.empty() || packet.size() > 0xFFFF) return Unexpected{OpusError::malformed};
  const int n = impl_->run(packet, kMaxOpusSamples);
  if (n <= 0) return Unexpected{OpusError::malformed};
  return impl_->first(n);
}

Samples OpusDecoder::conceal(std::size_t samples) {
  const std::size_t wanted = std::clamp(samples / kStep * kStep, kStep, kMaxOpusSamples);
  const int n = impl_->run({}, wanted);
  DC_CHECK(n > 0);
  return impl_->first(n);
}

}  // namespace diemcau::codecs
