// The layers of a bridge's picture (of a camera hi 720p, mid 360p, lo 180p at half rate; of a page
// hi and mid, both 720p), each encoded once however many peers take it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "codecs/video_frame.h"
#include "codecs/x264_encoder.h"
#include "core/units/bitrate.h"
#include "core/units/ids.h"

namespace diemcau::codecs {

// What a layer is asked for. An idr or invalidation is done with the next frame of the layer;
// several before it become one.
struct LayerRequest {
  bool active = false;
  Bitrate rate;
  std::uint8_t fps = 30;  // upper bound
  bool idr = false;
  std::optional<std::uint32_t> invalidate_from;
  // Every second picture is droppable (temporal_id 1): the others need none of them. On and off
  // without a key frame; costs 0.95 dB while it is on.
  bool temporal = false;
  bool hold = false;  // no picture for now; the next one is made from the last, see catch_up()
};

struct LayeredSettings {
  int source_fps = 30;                             // hi and mid run at min(source, 30), lo at half
  std::optional<Duration> max_idr_interval = 10s;  // in hi, which is recorded
  Content content = Content::camera;
};

// Where a machine that cannot keep up saves first: hi costs four times as much as mid. The last
// resort is every second picture.
enum class LayerEffort : std::uint8_t { half_rate, all_light, hi_light, full };

struct LayerSize {
  int width;
  int height;
};
LayerSize layer_size(Layer layer, Content content = Content::camera);  // lo, mid, hi

// A layer that was switched off starts again with an IDR and goes on counting its frames. One
// thread at a time.
class LayeredEncoder {
 public:
  using Sink = std::function<void(Layer, const EncodedFrame&)>;

  explicit LayeredEncoder(const LayeredSettings& settings = {});
  ~LayeredEncoder();
  LayeredEncoder(LayeredEncoder&&) noexcept;
  LayeredEncoder& operator=(LayeredEncoder&&) noexcept;

  void set(Layer layer, const LayerRequest& request);
  void set_effort(LayerEffort effort);  // full until it is said
  // Any size: fitted into 16:9 with black bars. `sink` gets each due layer as soon as it is
  // encoded, hi first.
  void encode(const VideoFrame& frame, const Sink& sink);
  // Between two pictures: layers that were held at the last one and are free now get it at once, if
  // it was captured since then.
  void catch_up(Timestamp since, const Sink& sink);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::codecs
