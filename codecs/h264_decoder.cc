#include "codecs/h264_decoder.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "codecs/ffmpeg_types.h"
#include "codecs/reference_tracker.h"
#include "codecs/skipped_frame.h"
#include "core/base/check.h"

namespace diemcau::codecs {
namespace {

// The largest layer. A decoder keeps up to sixteen pictures, and there is one for each stream.
constexpr int kMaxWidth = 1280;
constexpr int kMaxHeight = 720;
// Uncompressed, the largest picture is 1.4 MB.
constexpr std::size_t kMaxAccessUnit = 2 << 20;

void copy_plane(const std::uint8_t* from, int stride, std::uint8_t* to, int width, int height) {
  for (int row = 0; row < height; ++row) {
    std::memcpy(to, from, static_cast<std::size_t>(width));
    from += stride;
    to += width;
  }
}

FfmpegPtr<AVCodecContext> open() {
  silence_ffmpeg();
  const AVCodec* codec = avcodec_find_decoder(AV_CODEC_ID_H264);
  FfmpegPtr<AVCodecContext> context(codec ? avcodec_alloc_context3(codec) : nullptr);
  if (!context) {
    throw std::runtime_error("FFmpeg has no H.264 decoder: install Debian's libavcodec59.");
  }
  context->thread_count = 1;  // frame threads would add delay
  context->flags |= AV_CODEC_FLAG_LOW_DELAY;
  context->max_pixels = std::int64_t{kMaxWidth} * kMaxHeight;
  // Concealment stays on because it is what tells that slices are missing; such pictures are thrown
  // away here.
  const int failed = avcodec_open2(context.get(), codec, nullptr);
  if (failed < 0) throw std::runtime_error("H.264 decoder cannot start: " + ffmpeg_reason(failed));
  return context;
}

VideoError error_of(AccessUnitKind kind) {
  switch (kind) {
    case AccessUnitKind::too_large: return VideoError::too_large;
    case AccessUnitKind::missing_reference: return VideoError::missing_reference;
    case AccessUnitKind::malformed:
    case AccessUnitKind::complete: break;
  }
  return VideoError::malformed;
}

}  // namespace

struct H264Decoder::Impl {
  FfmpegPtr<AVCodecContext> context = open();
  FfmpegPtr<AVPacket> packet{av_packet_alloc()};
  FfmpegPtr<AVFrame> frame{av_frame_alloc()};
  ReferenceTracker tracker{kMaxWidth, kMaxHeight};
  std::vector<std::uint8_t> padded;
  PicturePool pictures;
  std::uint64_t count = 0;
  bool hurt = false;  // something damaged went through the context

  // Whether exactly one undamaged picture came out; it is in `frame`.
  bool run(ByteSpan access_unit) {
    padded.resize(access_unit.size() + AV_INPUT_BUFFER_PADDING_SIZE);
    std::copy(access_unit.begin(), access_unit.end(), padded.begin());
    std::fill(padded.end() - AV_INPUT_BUFFER_PADDING_SIZE, padded.end(), std::uint8_t{0});
    packet->data = padded.data();
    packet->size = static_cast<int>(access_unit.size());
    const int sent = avcodec_send_packet(context.get(), packet.get());
    int pictures_out = 0;
    bool clean = sent >= 0;
    while (avcodec_receive_frame(context.get(), next.get()) >= 0) {
      ++pictures_out;
      clean = clean && next->decode_error_flags == 0 && (next->flags & AV_FRAME_FLAG_CORRUPT) == 0;
      av_frame_unref(frame.get());
      av_frame_move_ref(frame.get(), next.get());
    }
    return clean && pictures_out == 1;
  }

  void fill_gap() {
    const auto& sequence = tracker.sequence();
    if (!sequence || sequence->order_count_bits != 0) return;
    for (const std::uint32_t number : tracker.missing()) run(skipped_frame(*sequence, number));
  }

  std::shared_ptr<const Picture> take() {
    const bool planar = frame->format == AV_PIX_FMT_YUV420P || frame->format == AV_PIX_FMT_YUVJ420P;
    const int w = frame->width;
    const int h = frame->height;
    if (!planar || w < 2 || h < 2 || w % 2 != 0 || h % 2 != 0) return nullptr;
    const std::shared_ptr<Picture> picture = pictures.take(w, h);
    copy_plane(frame->data[0], frame->linesize[0], picture->y(), w, h);
    copy_plane(frame->data[1], frame->linesize[1], picture->u(), w / 2, h / 2);
    copy_plane(frame->data[2], frame->linesize[2], picture->v(), w / 2, h / 2);
    return picture;
  }

  FfmpegPtr<AVFrame> next{av_frame_alloc()};
};

H264Decoder::H264Decoder() : impl_(std::make_unique<Impl>()) {}
H264Decoder::~H264Decoder() = default;
H264Decoder::H264Decoder(H264Decoder&&) noexcept = default;
H264Decoder& H264Decoder::operator=(H264Decoder&&) noexcept = default;

Result<VideoFrame, VideoError> H264Decoder::decode(ByteSpan access_unit, Timestamp captured_at) {
  Impl& s = *impl_;
  if (access_unit.size() > kMaxAccessUnit) return Unexpected{VideoError::malformed};
  const AccessUnitKind kind = s.tracker.inspect(access_unit);
  if (kind == AccessUnitKind::malformed || kind == AccessUnitKind::too_large) {
    return Unexpected{error_of(kind)};
  }
  if (s.tracker.key() && s.hurt) {
    // Broken parameter sets may have left a delay or worse behind.
    s.context = open();
    s.hurt = false;
  }
  s.fill_gap();
  // A frame that misses a reference is decoded all the same: its number must pass through
  // libavcodec's window.
  const bool decoded = s.run(access_unit);
  const bool complete = kind == AccessUnitKind::complete;
  std::shared_ptr<const Picture> picture = decoded && complete ? s.take() : nullptr;
  s.hurt = s.hurt || (complete && !picture);
  s.tracker.finish(picture != nullptr);
  if (!complete) return Unexpected{error_of(kind)};
  if (!picture) return Unexpected{VideoError::damaged};
  return VideoFrame{std::move(picture), captured_at, s.count++};
}

void H264Decoder::reset() {
  avcodec_flush_buffers(impl_->context.get());
  impl_->tracker.reset();
}

}  // namespace diemcau::codecs
