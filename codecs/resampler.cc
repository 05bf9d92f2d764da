#include "codecs/resampler.h"

#include <algorithm>
#include <stdexcept>

#include "codecs/audio_frame.h"

namespace diemcau::codecs {

Resampler::Resampler(const AVChannelLayout& layout, AVSampleFormat format, int rate) {
  AVChannelLayout mono{};
  av_channel_layout_default(&mono, 1);
  AVChannelLayout from = layout;  // read only, but the C interface has no const
  SwrContext* made = nullptr;
  int failed = swr_alloc_set_opts2(&made, &mono, AV_SAMPLE_FMT_S16, static_cast<int>(kSampleRate),
                                   &from, format, rate, 0, nullptr);
  swr_.reset(made);
  if (failed >= 0) failed = swr_init(swr_.get());
  if (failed < 0)
    throw std::runtime_error("The sound cannot be converted to 48 kHz mono: " +
                             ffmpeg_reason(failed));
}

void Resampler::convert(const std::uint8_t* const* planes, int samples,
                        std::vector<std::int16_t>& out) {
  const int room = swr_get_out_samples(swr_.get(), samples);
  if (room <= 0) return;
  const std::size_t before = out.size();
  out.resize(before + static_cast<std::size_t>(room));
  auto* to = reinterpret_cast<std::uint8_t*>(out.data() + before);
  // The C interface has no const for pointers to planes.
  auto** from = const_cast<const std::uint8_t**>(planes);
  const int n = swr_convert(swr_.get(), &to, room, from, samples);
  out.resize(before + static_cast<std::size_t>(std::max(0, n)));
}

}  // namespace diemcau::codecs
