// Capture paces itself (codecs/media_source.h); the newest state of every layer is given to the
// encoder before each picture.
#include "node/encoder_thread.h"

#include <atomic>
#include <mutex>
#include <thread>

#include "codecs/layered_encoder.h"
#include "codecs/media_source.h"
#include "codecs/opus_encoder.h"
#include "node/asked_layers.h"
#include "node/bounded_queue.h"
#include "node/clock.h"
#include "node/encode_pace.h"
#include "node/thread_rank.h"

namespace diemcau::node {

namespace {

// RFC 6464's voice flag is a guess from loudness here: speech in an office is above this.
constexpr std::uint8_t kVoiceAbove = 50;  // -dBov
// One picture may wait while one is encoded; the next is late. And the word that the last one is
// wanted.
constexpr std::size_t kPicturesWaiting = 1;
constexpr std::size_t kWaiting = kPicturesWaiting + 1;
// A camera that is slower, or has stopped: its last picture is not what there is to see now.
constexpr std::int64_t kLastFewPictures = 2;

}  // namespace

mesh::VideoEncoded EncodedVideo::input(std::vector<mesh::NalUnit>& scratch) const {
  scratch.clear();
  const std::uint8_t* at = bytes.data();
  for (const std::uint32_t size : nal_sizes) {
    scratch.push_back({at, size});
    at += size;
  }
  mesh::VideoEncoded out = head;
  out.nals = scratch;
  return out;
}

EncodedVideo encoded_video(const StreamId& stream, const codecs::EncodedFrame& encoded) {
  EncodedVideo out;
  out.head.source = stream.source;
  out.head.layer = stream.layer;
  out.head.captured_at = encoded.captured_at;
  out.head.frame_number = encoded.frame_number;
  out.head.newest_needed = encoded.newest_needed;
  out.head.oldest_needed = encoded.oldest_needed;
  out.head.temporal_id = encoded.temporal_id;
  out.head.key = encoded.key;
  out.bytes.reserve(encoded.size());
  for (const ByteSpan nal : encoded.nals) {
    out.bytes.insert(out.bytes.end(), nal.begin(), nal.end());
    out.nal_sizes.push_back(static_cast<std::uint32_t>(nal.size()));
  }
  return out;
}

mesh::AudioEncoded EncodedAudio::input() const {
  mesh::AudioEncoded out = head;
  out.bytes = bytes;
  out.length = static_cast<std::uint32_t>(bytes.size());
  return out;
}

struct EncoderThread::Impl {
  EncoderThreadConfig config;
  std::unique_ptr<codecs::MediaSource> source;
  // Nothing: the last picture is wanted at once. A picture weighs one.
  BoundedQueue<std::optional<codecs::VideoFrame>> waiting{kWaiting, kPicturesWaiting};
  std::atomic<bool> stopping{false};
  mutable std::mutex mutex;
  AskedLayers asked;
  EncoderFigures shared;       // under mutex
  std::uint64_t left_out = 0;  // under mutex, not yet judged
  std::thread capture, encode;

  Impl(EncoderThreadConfig c, std::unique_ptr<codecs::MediaSource> s)
      : config(std::move(c)), source(std::move(s)) {
    capture = std::thread([this] { capture_loop(); });
    encode = std::thread([this] { encode_loop(); });
  }

  void capture_loop() {
    take_rank(ThreadRank::sound, "capture");
    codecs::OpusEncoder opus(config.audio_rate);
    while (auto event = source->next()) {
      if (stopping) return;
      if (auto* sound = std::get_if<codecs::AudioFrame>(&*event)) {
        take_sound(opus, *sound);
      } else {
        take_picture(std::get<codecs::VideoFrame>(std::move(*event)));
      }
    }
    if (!stopping && config.on_end) config.on_end();
  }

  void take_sound(codecs::OpusEncoder& opus, const codecs::AudioFrame& sound) {
    const Timestamp begin = monotonic_now();
    const ByteSpan packet = opus.encode(sound.samples);
    EncodedAudio out;
    out.bytes.assign(packet.begin(), packet.end());
    out.head.captured_at = sound.captured_at;
    out.head.level_dbov = codecs::audio_level_dbov(sound.samples);
    out.head.voice = out.head.level_dbov < kVoiceAbove;
    out.head.samples = static_cast<std::uint32_t>(codecs::kFrameSamples);
    out.head.length = static_cast<std::uint32_t>(packet.size());
    {
      const std::lock_guard lock(mutex);
      ++shared.sounds;
      shared.audio_encode.add(monotonic_now() - begin);
    }
    config.post_audio(std::move(out));
  }

  void take_picture(codecs::VideoFrame frame) {
    const ShownPicture preview{config.self,       Source::camera,  Layer::only,
                               frame.captured_at, monotonic_now(), frame.picture};
    for (Stage* stage : config.previews) stage->on_picture(preview);
    const bool late = !waiting.push(std::move(frame), 1);
    const std::lock_guard lock(mutex);
    ++shared.pictures;
    if (late && !stopping) {
      ++shared.late_encodes;
      ++left_out;
    }
  }

  void encode_loop() {
    take_rank(ThreadRank::picture, "encoder");
    const int fps = source->has_video() ? source->fps() : 30;
    codecs::LayeredEncoder layers({fps});
    const Duration interval = Duration{1s} / std::max(fps, 1);
    EncodePace pace(interval);
    set_effort(pace.effort(), layers);
    const auto sink = [this](Layer layer, const codecs::EncodedFrame& e) { give(layer, e); };
    while (const auto next = waiting.pop()) {
      if (stopping) return;
      asked.apply(layers);
      if (const auto& frame = *next) {
        layers.encode(*frame, sink);
        follow(pace, frame->captured_at, layers);
      } else {
        layers.catch_up(monotonic_now() - kLastFewPictures * interval, sink);
      }
    }
  }

  void follow(EncodePace& pace, Timestamp captured_at, codecs::LayeredEncoder& layers) {
    const Timestamp now = monotonic_now();
    bool changed = pace.encoded(now, now - captured_at);
    std::uint64_t missed = 0;
    {
      const std::lock_guard lock(mutex);
      missed = std::exchange(left_out, 0);
    }
    for (; missed > 0; --missed) changed = pace.left_out(now) || changed;
    if (changed) set_effort(pace.effort(), layers);
  }

  void set_effort(codecs::LayerEffort effort, codecs::LayeredEncoder& layers) {
    layers.set_effort(effort);
    const std::lock_guard lock(mutex);
    shared.effort = effort;
  }

  void give(Layer layer, const codecs::EncodedFrame& encoded) {
    {
      const std::lock_guard lock(mutex);
      shared.video_encode[static_cast<std::size_t>(layer)].add(encoded.encode_time);
    }
    if (!stopping) config.post_video(encoded_video({config.self, Source::camera, layer}, encoded));
  }
};

EncoderThread::EncoderThread(EncoderThreadConfig config,
                             std::unique_ptr<codecs::MediaSource> source)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(source))) {}
EncoderThread::~EncoderThread() { stop(); }

void EncoderThread::set(const mesh::SetEncoder& state) {
  if (state.source != Source::camera) return;
  impl_->asked.ask(state);
  // A picture that waits is a newer one.
  if (state.at_once && impl_->waiting.size() == 0) impl_->waiting.push(std::nullopt);
}

EncoderFigures EncoderThread::figures() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->shared;
}

void EncoderThread::stop() {
  impl_->stopping = true;
  impl_->source->stop();
  impl_->waiting.close();
  if (impl_->capture.joinable()) impl_->capture.join();
  if (impl_->encode.joinable()) impl_->encode.join();
}

}  // namespace diemcau::node
