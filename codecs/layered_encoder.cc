#include "codecs/layered_encoder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "codecs/scale.h"
#include "core/base/check.h"

namespace diemcau::codecs {
namespace {

constexpr int kMostFps = 30;
constexpr Duration kSecond = 1s;

// hi first: the lower layers may not stand between a speaker's picture and the wire.
constexpr std::array kOrder{Layer::hi, Layer::mid, Layer::lo};

std::size_t index_of(Layer layer) {
  DC_CHECK(layer != Layer::only);
  return static_cast<std::size_t>(layer) - 1;
}

Duration ceil_to(Duration t, Duration period) { return (t + period - 1ns) / period * period; }

// Lets so many pictures per second through that no two are nearer than a period, on the grid of
// multiples of the period: what was captured at a whole second stays.
class Decimator {
 public:
  bool keep(Timestamp at, Duration period) {
    const Duration t = at.time_since_epoch();
    const bool stray = !due_ || period != period_ || t - *due_ > period || *due_ - t > 2 * period;
    if (stray) due_ = ceil_to(t, period);
    period_ = period;
    // A quarter of the period is what cameras jitter at most.
    if (t < *due_ - period / 4) return false;
    *due_ += period;
    return true;
  }

 private:
  std::optional<Duration> due_;
  Duration period_{};
};

}  // namespace

LayerSize layer_size(Layer layer) {
  switch (layer) {
    case Layer::hi: return {1280, 720};
    case Layer::mid: return {640, 360};
    case Layer::lo: return {320, 180};
    case Layer::only: break;
  }
  DC_CHECK(false && "video has the layers lo, mid and hi");
  return {};
}

struct LayeredEncoder::Impl {
  struct One {
    LayerRequest request;
    std::optional<X264Encoder> encoder;  // made when the layer is first wanted
    Decimator decimator;
  };

  explicit Impl(const LayeredSettings& s)
      : settings(s), base_fps(std::clamp(s.source_fps, 1, kMostFps)) {}

  One& of(Layer layer) { return layers[index_of(layer)]; }

  LayerSettings settings_for(Layer layer) const {
    const LayerSize size = layer_size(layer);
    LayerSettings s;
    s.width = size.width;
    s.height = size.height;
    s.fps = layer == Layer::lo ? (base_fps + 1) / 2 : base_fps;
    s.rate = layers[index_of(layer)].request.rate;
    s.profile = layer == Layer::hi ? H264Profile::high : H264Profile::constrained_baseline;
    if (layer == Layer::hi) s.max_idr_interval = settings.max_idr_interval;
    return s;
  }

  bool due(Layer layer, Timestamp at) {
    One& one = of(layer);
    if (!one.request.active) return false;
    const Duration own = kSecond * (layer == Layer::lo ? 2 : 1) / base_fps;
    const Duration asked = kSecond / std::max<std::int64_t>(1, one.request.fps);
    const Duration period = std::max(own, asked);
    // Every picture of a source that is no faster goes through, whatever its jitter.
    if (kSecond / std::max(1, settings.source_fps) >= period) return true;
    return one.decimator.keep(at, period);
  }

  // The picture of a layer, from the nearest larger one that exists already.
  std::shared_ptr<const Picture> picture_for(Layer layer, const VideoFrame& frame) {
    const LayerSize size = layer_size(layer);
    const Picture& from = scaled ? *scaled : *frame.picture;
    if (from.width == size.width && from.height == size.height) {
      return scaled ? scaled : frame.picture;
    }
    std::shared_ptr<Picture> to = pools[index_of(layer)].take(size.width, size.height);
    letterbox(from, *to);
    scaled = to;
    return to;
  }

  void encode_layer(Layer layer, const VideoFrame& frame, const Sink& sink) {
    One& one = of(layer);
    if (!one.encoder) one.encoder.emplace(settings_for(layer));
    VideoFrame fitted = frame;
    fitted.picture = picture_for(layer, frame);
    const EncodeRequest request{one.request.rate, std::exchange(one.request.idr, false),
                                std::exchange(one.request.invalidate_from, std::nullopt)};
    sink(layer, one.encoder->encode(fitted, request));
  }

  LayeredSettings settings;
  int base_fps;
  std::array<One, 3> layers;
  std::array<PicturePool, 3> pools;
  std::shared_ptr<const Picture> scaled;
};

LayeredEncoder::LayeredEncoder(const LayeredSettings& settings)
    : impl_(std::make_unique<Impl>(settings)) {}
LayeredEncoder::~LayeredEncoder() = default;
LayeredEncoder::LayeredEncoder(LayeredEncoder&&) noexcept = default;
LayeredEncoder& LayeredEncoder::operator=(LayeredEncoder&&) noexcept = default;

void LayeredEncoder::set(Layer layer, const LayerRequest& request) {
  LayerRequest& now = impl_->of(layer).request;
  LayerRequest next = request;
  const bool starts = next.active && !now.active;
  next.idr = next.active && (next.idr || now.idr || starts);
  if (now.invalidate_from) {
    next.invalidate_from =
        std::min(*now.invalidate_from, next.invalidate_from.value_or(*now.invalidate_from));
  }
  now = next;
}

void LayeredEncoder::encode(const VideoFrame& frame, const Sink& sink) {
  impl_->scaled.reset();
  for (const Layer layer : kOrder) {
    if (impl_->due(layer, frame.captured_at)) impl_->encode_layer(layer, frame, sink);
  }
  impl_->scaled.reset();
}

}  // namespace diemcau::codecs
