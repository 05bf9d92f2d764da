// From the camera and the microphone to encoded frames: one thread captures and encodes sound, one
// encodes pictures.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "codecs/layered_encoder.h"
#include "core/mesh/boundary.h"
#include "core/quality/histogram.h"
#include "node/stage.h"

namespace diemcau::codecs {
class MediaSource;
}

namespace diemcau::node {

// mesh::VideoEncoded with bytes of its own, to cross threads. nals() points into `bytes`.
struct EncodedVideo {
  mesh::VideoEncoded head;  // head.nals is empty
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint32_t> nal_sizes;  // one after the other in `bytes`, without start codes
  // The input that core takes; valid while this and `scratch` live unchanged.
  mesh::VideoEncoded input(std::vector<mesh::NalUnit>& scratch) const;
};
// `encoded` under the name of its stream, copied.
EncodedVideo encoded_video(const StreamId& stream, const codecs::EncodedFrame& encoded);
// mesh::AudioEncoded with bytes of its own.
struct EncodedAudio {
  mesh::AudioEncoded head;  // head.bytes is empty
  std::vector<std::uint8_t> bytes;
  mesh::AudioEncoded input() const;
};

struct EncoderThreadConfig {
  PeerId self;
  Bitrate audio_rate = Bitrate::kbps(32);
  // Called from the threads here.
  std::function<void(EncodedVideo)> post_video;
  std::function<void(EncodedAudio)> post_audio;
  std::function<void()> on_end;  // the source has ended; may be empty
  std::vector<Stage*> previews;  // get every captured picture as on_picture(origin = self)
};

struct EncoderFigures {
  quality::Histogram audio_encode;
  std::array<quality::Histogram, 4> video_encode;  // one frame each, by Layer
  std::uint64_t late_encodes = 0;          // pictures dropped before the encoder: it was still busy
  std::uint64_t pictures = 0, sounds = 0;  // captured
  codecs::LayerEffort effort = codecs::LayerEffort::half_rate;
};

// set() from core's thread; takes effect with the next frame encoded.
class EncoderThread {
 public:
  EncoderThread(EncoderThreadConfig config, std::unique_ptr<codecs::MediaSource> source);
  ~EncoderThread();
  EncoderThread(const EncoderThread&) = delete;
  EncoderThread& operator=(const EncoderThread&) = delete;

  void set(const mesh::SetEncoder& state);
  EncoderFigures figures() const;
  // Ends the threads; nothing is posted afterwards.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::node
