#include "bench/load/reel.h"

#include <stdexcept>

#include "bench/raw/thread_cpu.h"
#include "codecs/generated_source.h"
#include "codecs/h264_decoder.h"
#include "codecs/layered_encoder.h"
#include "codecs/opus_decoder.h"
#include "codecs/opus_encoder.h"
#include "core/mesh/bridge_config.h"

namespace diemcau::bench {

namespace {

constexpr std::array kLayers{Layer::hi, Layer::mid, Layer::lo};

std::size_t at(Layer layer) { return static_cast<std::size_t>(layer); }

// Encodes event by event and keeps the sums; they become means at the end.
class Maker {
 public:
  Maker() {
    const mesh::LayerRates rates;
    encoder_.set(Layer::hi, {true, rates.hi, 30, false, {}});
    encoder_.set(Layer::mid, {true, rates.mid, 30, false, {}});
    encoder_.set(Layer::lo, {true, rates.lo, 15, false, {}});
  }

  void take(const codecs::VideoFrame& picture) {
    Duration before = thread_cpu();
    encoder_.encode(picture, [&](Layer layer, const codecs::EncodedFrame& frame) {
      reel_.costs.encode[at(layer)] += thread_cpu() - before;
      keep(layer, frame);
      before = thread_cpu();
    });
  }

  void take(const codecs::AudioFrame& sound) {
    ReelSound kept;
    reel_.costs.sound_encode += cpu_of([&] {
      const ByteSpan packet = opus_.encode(sound.samples);
      kept.bytes.assign(packet.begin(), packet.end());
    });
    kept.level_dbov = codecs::audio_level_dbov(sound.samples);
    reel_.costs.sound_decode +=
        cpu_of([&] { check(opus_decoder_.decode(kept.bytes).has_value()); });
    reel_.audio.push_back(std::move(kept));
  }

  Reel finish(Duration source_cpu, Duration length) {
    const auto mean = [](Duration& sum, std::size_t n) { sum /= static_cast<std::int64_t>(n); };
    for (const Layer layer : kLayers) {
      check(!reel_.video[at(layer)].empty());
      mean(reel_.costs.encode[at(layer)], reel_.video[at(layer)].size());
      mean(reel_.costs.decode[at(layer)], reel_.video[at(layer)].size());
    }
    check(!reel_.audio.empty());
    mean(reel_.costs.sound_encode, reel_.audio.size());
    mean(reel_.costs.sound_decode, reel_.audio.size());
    reel_.costs.source = source_cpu * (1s / 1ms) / (length / 1ms);
    return std::move(reel_);
  }

 private:
  static void check(bool ok) {
    if (!ok) throw std::runtime_error("the reel could not be encoded and decoded again");
  }
  void keep(Layer layer, const codecs::EncodedFrame& frame) {
    auto& frames = reel_.video[at(layer)];
    check(frame.key == frames.empty());
    ReelFrame kept;
    kept.key = frame.key;
    if (!frame.key) {
      kept.newest_needed = frame.frame_number - frame.newest_needed;
      kept.oldest_needed = frame.frame_number - frame.oldest_needed;
    }
    for (const ByteSpan nal : frame.nals) {
      kept.bytes.insert(kept.bytes.end(), nal.begin(), nal.end());
      kept.nal_sizes.push_back(static_cast<std::uint32_t>(nal.size()));
    }
    const std::vector<std::uint8_t> unit = frame.annex_b();
    reel_.costs.decode[at(layer)] +=
        cpu_of([&] { check(decoders_[at(layer)].decode(unit, frame.captured_at).has_value()); });
    frames.push_back(std::move(kept));
  }

  Reel reel_;
  codecs::LayeredEncoder encoder_{codecs::LayeredSettings{30, std::nullopt}};
  codecs::OpusEncoder opus_;
  codecs::OpusDecoder opus_decoder_;
  std::array<codecs::H264Decoder, 4> decoders_;
};

}  // namespace

Reel make_reel(Duration length) {
  codecs::GeneratedSettings settings;
  settings.pacing = codecs::Pacing::none;
  const auto source = codecs::make_generated_source(settings);
  Maker maker;
  Duration source_cpu{};
  const Timestamp end = settings.start + length;
  for (;;) {
    std::optional<codecs::MediaEvent> event;
    source_cpu += cpu_of([&] { event = source->next(); });
    if (!event) throw std::runtime_error("the generated source has ended");
    const Timestamp captured =
        std::visit([](const auto& frame) { return frame.captured_at; }, *event);
    if (captured >= end) return maker.finish(source_cpu, length);
    std::visit([&maker](const auto& frame) { maker.take(frame); }, *event);
  }
}

}  // namespace diemcau::bench
