#include "codecs/picture_converter.h"

#include <libyuv/rotate.h>

#include <algorithm>
#include <array>
#include <cmath>

extern "C" {
#include <libavutil/display.h>
}

namespace diemcau::codecs {
namespace {

constexpr int kMaxWidth = 1920;
constexpr int kMaxHeight = 1088;

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

std::shared_ptr<const Picture> PictureConverter::convert(const AVFrame& frame) {
  if (frame.width < 1 || frame.height < 1) return nullptr;
  const bool sideways = quarter_turns_ % 2 != 0;
  const Size size = size_for(frame, sideways);
  sws_.reset(sws_getCachedContext(sws_.release(), frame.width, frame.height,
                                  static_cast<AVPixelFormat>(frame.format), size.width, size.height,
                                  AV_PIX_FMT_YUV420P, SWS_BILINEAR, nullptr, nullptr, nullptr));
  if (!sws_) return nullptr;
  const std::shared_ptr<Picture> straight = straight_.take(size.width, size.height);
  std::array<std::uint8_t*, 4> planes{straight->y(), straight->u(), straight->v(), nullptr};
  const int chroma = straight->chroma_width();
  const std::array<int, 4> strides{size.width, chroma, chroma, 0};
  if (sws_scale(sws_.get(), frame.data, frame.linesize, 0, frame.height, planes.data(),
                strides.data()) <= 0) {
    return nullptr;
  }
  if (quarter_turns_ == 0) return straight;
  const std::shared_ptr<Picture> turned =
      turned_.take(sideways ? size.height : size.width, sideways ? size.width : size.height);
  libyuv::I420Rotate(straight->y(), size.width, straight->u(), chroma, straight->v(), chroma,
                     turned->y(), turned->width, turned->u(), turned->chroma_width(), turned->v(),
                     turned->chroma_width(), size.width, size.height, rotation(quarter_turns_));
  return turned;
}

}  // namespace diemcau::codecs
