#include "codecs/opus_encoder.h"

#include <opus/opus.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "core/base/check.h"

namespace diemcau::codecs {
namespace {

// The longest frame that Opus makes is 1,275 bytes (RFC 6716 §3.2.1); one byte of TOC comes on top.
constexpr std::size_t kMaxPacket = 1276;
constexpr int kComplexity = 5;

struct Free {
  void operator()(::OpusEncoder* e) const { opus_encoder_destroy(e); }
};

}  // namespace

struct OpusEncoder::Impl {
  std::unique_ptr<::OpusEncoder, Free> encoder;
  std::array<std::uint8_t, kMaxPacket> packet{};

  template <typename... Request>
  void control(Request... request) {
    DC_CHECK(opus_encoder_ctl(encoder.get(), request...) == OPUS_OK);
  }
};

OpusEncoder::OpusEncoder(Bitrate rate) : impl_(std::make_unique<Impl>()) {
  int error = OPUS_OK;
  impl_->encoder.reset(
      opus_encoder_create(static_cast<opus_int32>(kSampleRate), 1, OPUS_APPLICATION_VOIP, &error));
  if (error != OPUS_OK) {
    throw std::runtime_error(std::string("Opus cannot start: ") + opus_strerror(error));
  }
  impl_->control(OPUS_SET_COMPLEXITY(kComplexity));
  impl_->control(OPUS_SET_VBR(1));
  impl_->control(OPUS_SET_DTX(0));
  impl_->control(OPUS_SET_INBAND_FEC(0));
  impl_->control(OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
  set_rate(rate);
}
OpusEncoder::~OpusEncoder() = default;
OpusEncoder::OpusEncoder(OpusEncoder&&) noexcept = default;
OpusEncoder& OpusEncoder::operator=(OpusEncoder&&) noexcept = default;

void OpusEncoder::set_rate(Bitrate rate) {
  const auto bps = std::clamp<std::int64_t>(rate.bps(), 6'000, 128'000);
  impl_->control(OPUS_SET_BITRATE(static_cast<opus_int32>(bps)));
}

ByteSpan OpusEncoder::encode(Samples samples) {
  DC_CHECK(samples.size() == kFrameSamples);
  const opus_int32 size =
      opus_encode(impl_->encoder.get(), samples.data(), static_cast<int>(samples.size()),
                  impl_->packet.data(), static_cast<opus_int32>(impl_->packet.size()));
  DC_CHECK(size > 0);
  return {impl_->packet.data(), static_cast<std::size_t>(size)};
}

std::uint32_t OpusEncoder::lookahead() const {
  opus_int32 samples = 0;
  impl_->control(OPUS_GET_LOOKAHEAD(&samples));
  return static_cast<std::uint32_t>(samples);
}

}  // namespace diemcau::codecs
