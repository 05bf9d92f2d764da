// Encoders without codecs: frame sizes after the statistical source of RFC 8593 §5.1 with the
// reactions of our x264 settings, and constant-rate audio with P.59 talk spurts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/mesh/boundary.h"
#include "core/units/bitrate.h"
#include "core/units/time.h"
#include "sim/counter_random.h"

namespace diemcau::sim {

// From RFC 8593 §5.1: Laplace-distributed deviations of the size and of the interval between
// frames. A camera's clock does not wander, so the interval's deviation is put on the encoder's
// time instead of piling up.
constexpr std::int64_t kSizeScaleQ16 = 9830;      // 0.15
constexpr std::int64_t kIntervalScaleQ16 = 6554;  // 0.10
// A key frame is 4.5 × and a frame after invalidation 2 × the average (x264 superfast, talking
// head).
constexpr std::int64_t kKeyFrameTenths = 45;
constexpr std::int64_t kInvalidatedTenths = 20;
// In two temporal layers at the same rate, the base takes 55 % of the bits (the same source); that
// its pictures are 0.95 dB worse is not in their sizes.
constexpr std::int64_t kBasePercent = 55;
// VBV of 100 ms at 30 fps: a new rate is reached after three frames.
constexpr std::int64_t kFramesToNewRate = 3;
// What x264_encoder holds for recovery: all that H.264 does.
constexpr std::uint32_t kReferences = 16;
constexpr std::uint32_t kLargestNal = 1100;  // slice-max-size

// p50 of x264 superfast / libavcodec at the layers' default rates on one core of the lab machine,
// doubled: an office PC is two to four times slower.
constexpr Duration encode_time(Layer layer) {
  return layer == Layer::hi    ? Duration{6500us}
         : layer == Layer::mid ? Duration{2200us}
                               : Duration{800us};
}
constexpr Duration decode_time(Layer layer) {
  return layer == Layer::hi    ? Duration{2000us}
         : layer == Layer::mid ? Duration{900us}
                               : Duration{400us};
}

// One layer's encoder. One thread at a time.
class VideoModel {
 public:
  virtual ~VideoModel() = default;
  struct Frame {
    std::uint32_t number = 0, newest_needed = 0, oldest_needed = 0;
    bool key = false;
    std::uint8_t temporal_id = 0;
    std::uint32_t bytes = 0;
    Duration encode{};
  };
  // `remembered`: divides 2^16, as far as frame numbers go on the wire.
  VideoModel(Layer layer, CounterRandom random, std::size_t remembered = 256)
      : layer_(layer), random_(random), past_(remembered) {}
  VideoModel(const VideoModel&) = default;
  VideoModel& operator=(const VideoModel&) = default;
  void set(const mesh::SetEncoder& setting);
  // A camera tick; a frame when the layer runs and its rate takes this tick.
  std::optional<Frame> capture(std::uint8_t camera_fps);
  // As codecs/layered_encoder does: the picture of the last tick, if the layer was held then and is
  // free now.
  std::optional<Frame> catch_up(std::uint8_t camera_fps);
  Layer layer() const { return layer_; }
  // What the decoder must have of the frame with these low 16 bits of its number, if it is one of
  // those that are remembered.
  struct Need {
    bool key;
    std::uint16_t newest_needed;
  };
  std::optional<Need> need_of(std::uint16_t number) const {
    const Past& past = past_[number % past_.size()];
    return past.made && past.number == number ? std::optional(past.need) : std::nullopt;
  }

 protected:
  // Of the next picture, in bytes; asked once a picture.
  virtual std::int64_t size_of_next(const Frame& frame);
  // A step from the rate that was to the one that was asked for.
  void reach_rate();
  std::int64_t current_bps() const { return current_bps_; }
  std::int64_t fps() const { return fps_; }
  // With RFC 8593's deviation at that scale.
  std::int64_t varied(std::int64_t value, std::int64_t scale_q16);

 private:
  std::optional<Frame> next(std::uint8_t camera_fps);
  struct Past {
    bool made = false;
    std::uint16_t number = 0;
    Need need{};
  };
  Layer layer_;
  CounterRandom random_;
  bool active_ = false;
  bool idr_ = false;
  bool temporal_ = false;
  bool hold_ = false;
  bool held_then_ = false;  // at the last tick
  bool healed_ = false;     // the next frame avoids invalidated references, which costs bits
  std::uint8_t fps_ = 30;
  std::int64_t target_bps_ = 0, current_bps_ = 0, step_bps_ = 0;
  std::int64_t surplus_ = 0;  // bytes spent above the average
  std::uint32_t next_number_ = 0;
  bool base_was_last_ = false;  // of two temporal layers
  std::uint32_t credit_ = 0;    // picks ticks when fps < the camera's
  std::vector<Past> past_;
  std::vector<std::uint32_t> references_;  // usable, ascending, ≤ kReferences
};

// Splits a frame into NAL units of at most kLargestNal; data points to bytes of a fixed pattern
// when `with_bytes`.
void split_into_nals(const VideoModel::Frame& frame, bool with_bytes,
                     std::vector<mesh::NalUnit>& out);
// The first `length` bytes of the audio pattern.
ByteSpan audio_bytes(std::uint32_t length);

constexpr Duration kAudioFrame = 20ms;
// Of Opus at this rate: what its VBR gives of it, the same in every frame.
ByteCount audio_frame_bytes(Bitrate rate);
constexpr Duration kAudioEncode = 300us;  // Opus, complexity 5, doubled as above

// Who talks when: two states with the mean lengths of ITU-T P.59 (talk spurt 1.004 s, pause 1.587
// s); who has the floor begins at once and pauses for breath only. A talk spurt is syllables, with
// a quarter of its frames between them. The rate is constant all the same: DTX is off.
class VoiceModel {
 public:
  struct Level {
    std::uint8_t dbov;
    bool voice;
  };
  explicit VoiceModel(CounterRandom random) : random_(random) {}
  // `speaks` says whether it has the floor; nothing: talk spurts by chance.
  Level next_frame(std::optional<bool> speaks = std::nullopt);

 private:
  CounterRandom random_;
  bool talks_ = false;
  bool had_floor_ = false;
};

}  // namespace diemcau::sim
