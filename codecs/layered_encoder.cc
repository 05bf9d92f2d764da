#include "codecs/layered_encoder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "codecs/scale.h"
#include "core/base/check.h"

namespace diemcau::codecs {
namespace {

constexpr int kMostFps = 30;

// hi first: the lower layers may not stand between a speaker's picture and the wire.
constexpr std::array kOrder{Layer::hi, Layer::mid, Layer::lo};

std::size_t index_of(Layer layer) {
  DC_CHECK(layer != Layer::only);
  return static_cast<std::size_t>(layer) - 1;
}

// Lets so many pictures per second through, on a grid that has a slot at every whole second: what
// was captured then stays. Rates are in pictures per 1,000 s and positions in thousandths of a
// slot, so that 12.5 per second is exact.
class Decimator {
 public:
  bool keep(Timestamp at, std::int64_t rate) {
    const std::int64_t ns = to_ns(at);
    const std::int64_t position = ns / kSecondNs * rate + ns % kSecondNs * rate / kSecondNs;
    const bool stray =
        !due_ || rate != rate_ || position - *due_ > kSlot || *due_ - position > 2 * kSlot;
    if (stray) due_ = (position + kSlot - kEarly) / kSlot * kSlot;
    rate_ = rate;
    if (position < *due_ - kEarly) return false;
    *due_ += kSlot;
    return true;
  }

 private:
  static constexpr std::int64_t kSlot = 1000;
  static constexpr std::int64_t kEarly = kSlot / 4;  // cameras jitter less
  static constexpr std::int64_t kSecondNs = 1'000'000'000;
  std::optional<std::int64_t> due_;
  std::int64_t rate_ = 0;
};

}  // namespace

LayerSize layer_size(Layer layer, Content content) {
  // Text of fewer lines cannot be read.
  if (content == Content::page) return {1280, 720};
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
    Decimator base;     // of two temporal layers
    bool held = false;  // at the last picture
  };

  explicit Impl(const LayeredSettings& s)
      : settings(s), base_fps(std::clamp(s.source_fps, 1, kMostFps)) {}

  One& of(Layer layer) { return layers[index_of(layer)]; }

  LayerSettings settings_for(Layer layer) const {
    const LayerSize size = layer_size(layer, settings.content);
    LayerSettings s;
    s.width = size.width;
    s.height = size.height;
    s.fps = layer == Layer::lo ? (base_fps + 1) / 2 : base_fps;
    s.rate = layers[index_of(layer)].request.rate;
    s.profile = layer == Layer::hi ? H264Profile::high : H264Profile::constrained_baseline;
    s.content = settings.content;
    if (layer == Layer::hi) s.max_idr_interval = settings.max_idr_interval;
    return s;
  }

  // Pictures in 1,000 s.
  std::int64_t rate_of(Layer layer) {
    const bool half = layer == Layer::lo || effort == LayerEffort::half_rate;
    const std::int64_t own = base_fps * (half ? 500 : 1000);
    return std::min(own, std::max<std::int64_t>(1, of(layer).request.fps) * 1000);
  }

  bool due(Layer layer, Timestamp at) {
    One& one = of(layer);
    if (!one.request.active || one.request.hold) return false;
    const std::int64_t rate = rate_of(layer);
    // Every picture of a source that is no faster goes through, whatever its jitter.
    if (std::int64_t{settings.source_fps} * 1000 <= rate) return true;
    return one.decimator.keep(at, rate);
  }

  bool droppable(Layer layer, Timestamp at) {
    One& one = of(layer);
    return one.request.temporal && !one.base.keep(at, rate_of(layer) / 2);
  }

  Effort effort_of(Layer layer) const {
    if (effort == LayerEffort::full) return Effort::full;
    return layer == Layer::hi || effort < LayerEffort::hi_light ? Effort::light : Effort::full;
  }

  // The picture of a layer, from the nearest larger one that exists already.
  std::shared_ptr<const Picture> picture_for(Layer layer, const VideoFrame& frame) {
    const LayerSize size = layer_size(layer, settings.content);
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
                                std::exchange(one.request.invalidate_from, std::nullopt),
                                effort_of(layer), droppable(layer, frame.captured_at)};
    sink(layer, one.encoder->encode(fitted, request));
  }

  LayeredSettings settings;
  int base_fps;
  LayerEffort effort = LayerEffort::full;
  std::array<One, 3> layers;
  std::array<PicturePool, 3> pools;
  std::shared_ptr<const Picture> scaled;
  std::optional<VideoFrame> last;  // while a layer is held
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

void LayeredEncoder::set_effort(LayerEffort effort) { impl_->effort = effort; }

void LayeredEncoder::encode(const VideoFrame& frame, const Sink& sink) {
  Impl& impl = *impl_;
  impl.last.reset();
  for (const Layer layer : kOrder) {
    Impl::One& one = impl.of(layer);
    one.held = one.request.active && one.request.hold;
    if (one.held) impl.last = frame;
    if (impl.due(layer, frame.captured_at)) impl.encode_layer(layer, frame, sink);
  }
  impl.scaled.reset();
}

void LayeredEncoder::catch_up(Timestamp since, const Sink& sink) {
  Impl& impl = *impl_;
  if (!impl.last || impl.last->captured_at < since) return;
  for (const Layer layer : kOrder) {
    Impl::One& one = impl.of(layer);
    if (!one.held || one.request.hold) continue;
    one.held = false;
    if (impl.due(layer, impl.last->captured_at)) impl.encode_layer(layer, *impl.last, sink);
  }
  impl.scaled.reset();
}

}  // namespace diemcau::codecs
