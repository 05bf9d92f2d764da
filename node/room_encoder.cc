// libx264 and libopus through libavcodec: zero delay, so that one call gives one frame.
#include "node/room_encoder.h"

#include <cstring>
#include <stdexcept>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
}

#include "core/base/check.h"

namespace diemcau::node {

namespace {

constexpr int kKeyPictures = 60;  // about 2 s: how exact seeking in the file is
constexpr std::int64_t kMixBitrate = 48'000;

AVCodecContext* context_for(const char* name) {
  const AVCodec* codec = avcodec_find_encoder_by_name(name);
  if (codec == nullptr)
    throw std::runtime_error(std::string("libavcodec has no ") + name +
                             ": install Debian's libavcodec-extra or libavcodec59");
  AVCodecContext* context = avcodec_alloc_context3(codec);
  DC_CHECK(context != nullptr);
  context->log_level_offset = 16;  // errors are said, x264's statistics are not
  return context;
}

}  // namespace

struct RoomEncoder::Impl {
  AVCodecContext* video = nullptr;
  AVCodecContext* audio = nullptr;
  AVFrame* picture = nullptr;
  AVFrame* sound = nullptr;
  AVPacket* packet = nullptr;
  std::int64_t samples = 0;

  ~Impl() {
    avcodec_free_context(&video);
    avcodec_free_context(&audio);
    av_frame_free(&picture);
    av_frame_free(&sound);
    av_packet_free(&packet);
  }

  void open_video(int width, int height) {
    video = context_for("libx264");
    video->width = width;
    video->height = height;
    video->pix_fmt = AV_PIX_FMT_YUV420P;
    video->time_base = {1, 1000};
    video->framerate = {30, 1};  // what it is about; every picture carries its own time
    video->gop_size = kKeyPictures;
    video->max_b_frames = 0;
    video->thread_count = 1;
    video->color_range = AVCOL_RANGE_MPEG;
    av_opt_set(video->priv_data, "preset", "ultrafast", 0);
    av_opt_set(video->priv_data, "tune", "zerolatency", 0);
    av_opt_set(video->priv_data, "crf", "26", 0);
    if (avcodec_open2(video, nullptr, nullptr) < 0)
      throw std::runtime_error("libx264 does not start for the grid's size");
    picture->format = AV_PIX_FMT_YUV420P;
    picture->width = width;
    picture->height = height;
    DC_CHECK(av_frame_get_buffer(picture, 0) >= 0);
  }

  void open_audio() {
    audio = context_for("libopus");
    audio->sample_rate = 48'000;
    audio->sample_fmt = AV_SAMPLE_FMT_S16;
    av_channel_layout_default(&audio->ch_layout, 1);
    audio->bit_rate = kMixBitrate;
    if (avcodec_open2(audio, nullptr, nullptr) < 0)
      throw std::runtime_error("libopus does not start for the mix");
    sound->format = AV_SAMPLE_FMT_S16;
    av_channel_layout_default(&sound->ch_layout, 1);
    sound->sample_rate = 48'000;
    sound->nb_samples = static_cast<int>(kFrameSamples);
    DC_CHECK(av_frame_get_buffer(sound, 0) >= 0);
  }

  ByteSpan encode(AVCodecContext* context, const AVFrame* frame) {
    av_packet_unref(packet);
    if (avcodec_send_frame(context, frame) < 0) return {};
    if (avcodec_receive_packet(context, packet) < 0) return {};
    return {packet->data, static_cast<std::size_t>(packet->size)};
  }
};

RoomEncoder::RoomEncoder(int width, int height) : impl_(std::make_unique<Impl>()) {
  impl_->picture = av_frame_alloc();
  impl_->sound = av_frame_alloc();
  impl_->packet = av_packet_alloc();
  DC_CHECK(impl_->picture != nullptr && impl_->sound != nullptr && impl_->packet != nullptr);
  impl_->open_video(width, height);
  impl_->open_audio();
}
RoomEncoder::~RoomEncoder() = default;

RoomEncoder::Picture RoomEncoder::encode(const codecs::Picture& picture, Duration at) {
  AVFrame* frame = impl_->picture;
  DC_CHECK(picture.width == frame->width && picture.height == frame->height);
  DC_CHECK(av_frame_make_writable(frame) >= 0);
  const std::uint8_t* planes[] = {picture.y(), picture.u(), picture.v()};
  for (int plane = 0; plane < 3; ++plane) {
    const int width = plane == 0 ? picture.width : picture.chroma_width();
    const int height = plane == 0 ? picture.height : picture.chroma_height();
    for (int y = 0; y < height; ++y)
      std::memcpy(frame->data[plane] + std::ptrdiff_t{y} * frame->linesize[plane],
                  planes[plane] + std::ptrdiff_t{y} * width, static_cast<std::size_t>(width));
  }
  frame->pts = to_ms(at);
  const ByteSpan bytes = impl_->encode(impl_->video, frame);
  return {bytes, (impl_->packet->flags & AV_PKT_FLAG_KEY) != 0};
}

ByteSpan RoomEncoder::encode(std::span<const std::int16_t> samples) {
  DC_CHECK(samples.size() == kFrameSamples);
  AVFrame* frame = impl_->sound;
  DC_CHECK(av_frame_make_writable(frame) >= 0);
  std::memcpy(frame->data[0], samples.data(), samples.size_bytes());
  frame->pts = impl_->samples;
  impl_->samples += static_cast<std::int64_t>(samples.size());
  return impl_->encode(impl_->audio, frame);
}

}  // namespace diemcau::node
