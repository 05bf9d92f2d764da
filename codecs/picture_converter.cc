#include "codecs/picture_converter.h"

#include <libyuv/rotate.h>
#include <libyuv/scale.h>

#include <algorithm>
#include <array>
#include <cmath>

extern "C" {
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
}

namespace diemcau::codecs {
namespace {

constexpr int kMaxWidth = 1280;
constexpr int kMaxHeight = 720;

struct Size {
  int width;
  int height;
};

int even(double n) { return std::max(2, static_cast<int>(std::lround(n / 2)) * 2); }

Size size_for(const AVFrame& frame, bool sideways) {
  double w = frame.width;
  double h = frame.height;
  const AVRational aspect = frame.sample_aspect_ratio;
  // Beyond 8:1 the file lies.
  if (aspect.num > 0 && aspect.den > 0 && av_q2d(aspect) > 0.125 && av_q2d(aspect) < 8) {
    w *= av_q2d(aspect);
  }
  const double most_w = sideways ? kMaxHeight : kMaxWidth;
  const double most_h = sideways ? kMaxWidth : kMaxHeight;
  const double share = std::min({1.0, most_w / w, most_h / h});
  return {std::min(even(w * share), sideways ? kMaxHeight : kMaxWidth),
          std::min(even(h * share), sideways ? kMaxWidth : kMaxHeight)};
}

libyuv::RotationMode rotation(int quarter_turns) {
  switch (quarter_turns) {
    case 1: return libyuv::kRotate90;
    case 2: return libyuv::kRotate180;
    case 3: return libyuv::kRotate270;
    default: return libyuv::kRotate0;
  }
}

// Planes of 8 bits in limited range, whatever the size of the chroma planes: scaling each of them
// to I420's size is all there is to do. libyuv does that in a tenth of swscale's time, which for
// 4:2:2 at 1080p is half a processor.
bool is_plain(const AVFrame& frame) {
  switch (frame.format) {
    case AV_PIX_FMT_YUV420P:
    case AV_PIX_FMT_YUV422P:
    case AV_PIX_FMT_YUV444P: return frame.color_range != AVCOL_RANGE_JPEG;
    default: return false;
  }
}

void scale_planes(const AVFrame& frame, Picture& to) {
  const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  const int chroma_width = AV_CEIL_RSHIFT(frame.width, format->log2_chroma_w);
  const int chroma_height = AV_CEIL_RSHIFT(frame.height, format->log2_chroma_h);
  libyuv::ScalePlane(frame.data[0], frame.linesize[0], frame.width, frame.height, to.y(), to.width,
                     to.width, to.height, libyuv::kFilterBox);
  libyuv::ScalePlane(frame.data[1], frame.linesize[1], chroma_width, chroma_height, to.u(),
                     to.chroma_width(), to.chroma_width(), to.chroma_height(), libyuv::kFilterBox);
  libyuv::ScalePlane(frame.data[2], frame.linesize[2], chroma_width, chroma_height, to.v(),
                     to.chroma_width(), to.chroma_width(), to.chroma_height(), libyuv::kFilterBox);
}

}  // namespace

int quarter_turns(const AVStream& stream) {
  std::size_t size = 0;
  const std::uint8_t* matrix = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (!matrix || size < 9 * sizeof(std::int32_t)) return 0;
  std::array<std::int32_t, 9> values{};
  std::copy_n(matrix, sizeof values, reinterpret_cast<std::uint8_t*>(values.data()));
  // FFmpeg's angle is counter-clockwise.
  const double degrees = -av_display_rotation_get(values.data());
  if (!std::isfinite(degrees)) return 0;
  return static_cast<int>((std::lround(degrees / 90) % 4 + 4) % 4);
}

bool PictureConverter::convert_any(const AVFrame& frame, Picture& to) {
  sws_.reset(sws_getCachedContext(sws_.release(), frame.width, frame.height,
                                  static_cast<AVPixelFormat>(frame.format), to.width, to.height,
                                  AV_PIX_FMT_YUV420P, SWS_BILINEAR, nullptr, nullptr, nullptr));
  if (!sws_) return false;
  std::array<std::uint8_t*, 4> planes{to.y(), to.u(), to.v(), nullptr};
  const std::array<int, 4> strides{to.width, to.chroma_width(), to.chroma_width(), 0};
  return sws_scale(sws_.get(), frame.data, frame.linesize, 0, frame.height, planes.data(),
                   strides.data()) > 0;
}

std::shared_ptr<const Picture> PictureConverter::convert(const AVFrame& frame) {
  if (frame.width < 1 || frame.height < 1) return nullptr;
  const bool sideways = quarter_turns_ % 2 != 0;
  const Size size = size_for(frame, sideways);
  const std::shared_ptr<Picture> straight = straight_.take(size.width, size.height);
  // Sides beyond kMaxSide overflow libyuv's 16.16 steps.
  if (is_plain(frame) && frame.width <= kMaxSide && frame.height <= kMaxSide) {
    scale_planes(frame, *straight);
  } else if (!convert_any(frame, *straight)) {
    return nullptr;
  }
  if (quarter_turns_ == 0) return straight;
  const int chroma = straight->chroma_width();
  const std::shared_ptr<Picture> turned =
      turned_.take(sideways ? size.height : size.width, sideways ? size.width : size.height);
  libyuv::I420Rotate(straight->y(), size.width, straight->u(), chroma, straight->v(), chroma,
                     turned->y(), turned->width, turned->u(), turned->chroma_width(), turned->v(),
                     turned->chroma_width(), size.width, size.height, rotation(quarter_turns_));
  return turned;
}

}  // namespace diemcau::codecs
