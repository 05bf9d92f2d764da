// H.264 encoding of one layer with x264: no delay, a small rate buffer, slices that fit a packet,
// and recovery from loss by reference invalidation instead of IDR.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "codecs/video_frame.h"
#include "core/base/byte_reader.h"
#include "core/units/bitrate.h"
#include "core/units/time.h"

namespace diemcau::codecs {

enum class H264Profile : std::uint8_t { constrained_baseline, high };

// What is filmed. A camera's picture gets the rate it is given; of a `page`, most of which stands
// still, the rate is a bound: after a turn pictures are as large as it allows and make the text
// sharper one by one, and when it is sharp they are a hundred bytes.
enum class Content : std::uint8_t { camera, page };

// How hard to look for the best prediction. `light` takes about 0.7 of the time of `full` (bench
// codecs, light_effort) for 0.1 dB on the generated camera: for a machine that cannot keep up.
enum class Effort : std::uint8_t { light, full };

struct LayerSettings {
  int width = 1280;  // even
  int height = 720;
  int fps = 30;  // expected; rate control follows the real capture times
  Bitrate rate = Bitrate::kbps(1500);
  H264Profile profile = H264Profile::high;
  Content content = Content::camera;
  std::optional<Duration> max_idr_interval;  // for a recorded layer; none: IDR on request only
  std::uint32_t first_frame_number = 0;
};

struct EncodeRequest {
  Bitrate rate;      // from this frame on
  bool idr = false;  // this frame is a key frame
  // This and every later frame that exists now is not referenced any more (lost at a receiver).
  std::optional<std::uint32_t> invalidate_from;
  Effort effort = Effort::full;  // may change with every frame, without an IDR
  // No later frame is made from this one, so that a viewer may do without it. A key frame, and one
  // that goes on after a loss, is needed all the same.
  bool droppable = false;
};

struct EncodedFrame {
  std::vector<ByteSpan> nals;  // without start codes; valid until the next encode()
  std::uint32_t frame_number = 0;
  // Frame numbers as in wire::FrameDescriptor; both are frame_number when key.
  std::uint32_t newest_needed = 0;
  std::uint32_t oldest_needed = 0;
  std::uint8_t temporal_id = 0;  // 1: droppable
  bool key = false;
  Timestamp captured_at;
  Duration encode_time{};
  std::size_t size() const;  // bytes of all NAL units
  std::vector<std::uint8_t> annex_b() const;
};

constexpr std::size_t kMaxNalBytes = 1100;  // with its start code

// One thread at a time.
class X264Encoder {
 public:
  explicit X264Encoder(const LayerSettings& settings);
  ~X264Encoder();
  X264Encoder(X264Encoder&&) noexcept;
  X264Encoder& operator=(X264Encoder&&) noexcept;

  // The picture has the size of the settings; capture times grow. The result is valid until the
  // next call.
  const EncodedFrame& encode(const VideoFrame& frame, const EncodeRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::codecs
