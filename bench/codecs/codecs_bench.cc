// What a frame costs in every codec, and the three layers against the sum of their parts.
#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include "codecs/generated_picture.h"
#include "codecs/h264_decoder.h"
#include "codecs/layered_encoder.h"
#include "codecs/opus_decoder.h"
#include "codecs/opus_encoder.h"
#include "codecs/scale.h"
#include "codecs/time_stretch.h"
#include "codecs/x264_encoder.h"

namespace diemcau::codecs {
namespace {

constexpr std::size_t kClip = 60;
constexpr std::array kLayers{Layer::hi, Layer::mid, Layer::lo};

Bitrate rate_of(Layer layer) {
  return Bitrate::kbps(layer == Layer::hi ? 1500 : layer == Layer::mid ? 600 : 150);
}

LayerSettings settings_of(Layer layer) {
  LayerSettings s;
  s.width = layer_size(layer).width;
  s.height = layer_size(layer).height;
  s.fps = layer == Layer::lo ? 15 : 30;
  s.rate = rate_of(layer);
  s.profile = layer == Layer::hi ? H264Profile::high : H264Profile::constrained_baseline;
  return s;
}

// Two seconds of the generated camera, played to and fro so that it never jumps.
const std::vector<std::shared_ptr<const Picture>>& clip(Layer layer) {
  static std::array<std::vector<std::shared_ptr<const Picture>>, 3> clips;
  auto& pictures = clips[static_cast<std::size_t>(layer) - 1];
  if (!pictures.empty()) return pictures;
  PicturePainter painter(1);
  for (std::size_t n = 0; n < kClip; ++n) {
    Picture whole(1280, 720);
    painter.paint(whole, static_cast<std::uint32_t>(n), false,
                  Timestamp{Duration{1s} * static_cast<std::int64_t>(n) / 30});
    const auto picture =
        std::make_shared<Picture>(layer_size(layer).width, layer_size(layer).height);
    scale(whole, *picture);
    pictures.push_back(picture);
  }
  return pictures;
}

VideoFrame frame(Layer layer, std::uint64_t n, int fps) {
  const std::size_t place = n % (2 * kClip - 2);
  const std::size_t at = place < kClip ? place : 2 * kClip - 2 - place;
  return {clip(layer)[at], Timestamp{Duration{1s} * static_cast<std::int64_t>(n) / fps}, n};
}

void encode_one_layer(benchmark::State& state) {
  const Layer layer = kLayers[static_cast<std::size_t>(state.range(0))];
  const LayerSettings settings = settings_of(layer);
  clip(layer);
  X264Encoder encoder(settings);
  std::uint64_t n = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes += encoder.encode(frame(layer, n++, settings.fps), {settings.rate, false, {}}).size();
  }
  state.SetLabel(name_of(layer));
  state.counters["kbps"] = static_cast<double>(bytes) * 8 * settings.fps / 1000 /
                           static_cast<double>(state.iterations());
}
BENCHMARK(encode_one_layer)->DenseRange(0, 2)->Unit(benchmark::kMillisecond);

// Hi as a machine encodes it that cannot keep up.
void encode_hi_light(benchmark::State& state) {
  const LayerSettings settings = settings_of(Layer::hi);
  clip(Layer::hi);
  X264Encoder encoder(settings);
  EncodeRequest request{settings.rate, false, {}};
  request.effort = Effort::light;
  std::uint64_t n = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoder.encode(frame(Layer::hi, n++, settings.fps), request).size());
  }
}
BENCHMARK(encode_hi_light)->Unit(benchmark::kMillisecond);

// Once a second hi goes around a loss so many pictures back: how large that picture is, and a key
// frame half a second later, in average pictures.
void around_a_loss(benchmark::State& state) {
  LayerSettings settings = settings_of(Layer::hi);
  settings.rate = Bitrate::kbps(state.range(0));
  const auto back = static_cast<std::uint32_t>(state.range(1));
  clip(Layer::hi);
  X264Encoder encoder(settings);
  std::array<double, 3> bytes{}, frames{};  // usual, around, key
  std::uint32_t n = 0;
  for (auto _ : state) {
    EncodeRequest request{settings.rate, false, {}};
    const bool settled = n >= 60;
    const bool around = settled && n % 30 == 15;
    request.idr = settled && n % 30 == 0;
    if (around) request.invalidate_from = n - back;
    const std::size_t what = request.idr ? 2 : around ? 1 : 0;
    bytes[what] += static_cast<double>(encoder.encode(frame(Layer::hi, n, 30), request).size());
    ++frames[what];
    ++n;
  }
  const auto in_average = [&](std::size_t what) {
    return bytes[what] / frames[what] / (bytes[0] / frames[0]);
  };
  state.counters["around"] = in_average(1);
  state.counters["key"] = in_average(2);
}
BENCHMARK(around_a_loss)
    ->ArgNames({"kbps", "back"})
    ->ArgsProduct({{1500, 600}, {3, 14}})
    ->Iterations(600)
    ->Unit(benchmark::kMillisecond);

// One second of hi and mid at 30 and lo at 15: once as a bridge does it, once as three encoders and
// two scalers of their own.
void three_layers_one_second(benchmark::State& state) {
  clip(Layer::hi);
  LayeredEncoder encoder;
  for (const Layer layer : kLayers) encoder.set(layer, {true, rate_of(layer), 30, false, {}});
  std::uint64_t n = 0;
  for (auto _ : state) {
    for (int i = 0; i < 30; ++i) {
      encoder.encode(frame(Layer::hi, n++, 30),
                     [](Layer, const EncodedFrame& e) { benchmark::DoNotOptimize(e.nals.data()); });
    }
  }
}
BENCHMARK(three_layers_one_second)->Unit(benchmark::kMillisecond);

void sum_of_parts_one_second(benchmark::State& state) {
  for (const Layer layer : kLayers) clip(layer);
  std::vector<X264Encoder> encoders;
  for (const Layer layer : kLayers) encoders.emplace_back(settings_of(layer));
  Picture mid(640, 360);
  Picture lo(320, 180);
  std::uint64_t n = 0;
  for (auto _ : state) {
    for (int i = 0; i < 30; ++i, ++n) {
      encoders[0].encode(frame(Layer::hi, n, 30), {rate_of(Layer::hi), false, {}});
      scale(*clip(Layer::hi)[0], mid);
      encoders[1].encode(frame(Layer::mid, n, 30), {rate_of(Layer::mid), false, {}});
      if (n % 2 != 0) continue;
      scale(mid, lo);
      encoders[2].encode(frame(Layer::lo, n, 30), {rate_of(Layer::lo), false, {}});
    }
  }
}
BENCHMARK(sum_of_parts_one_second)->Unit(benchmark::kMillisecond);

void decode_one_layer(benchmark::State& state) {
  const Layer layer = kLayers[static_cast<std::size_t>(state.range(0))];
  const LayerSettings settings = settings_of(layer);
  X264Encoder encoder(settings);
  std::vector<std::vector<std::uint8_t>> frames;
  for (std::uint64_t n = 0; n < 2 * kClip - 2; ++n) {
    frames.push_back(
        encoder.encode(frame(layer, n, settings.fps), {settings.rate, false, {}}).annex_b());
  }
  H264Decoder decoder;
  std::size_t n = 0;
  for (auto _ : state) {
    const auto decoded = decoder.decode(frames[n], {});
    if (!decoded) state.SkipWithError("a frame did not decode");
    n = (n + 1) % frames.size();
  }
  state.SetLabel(name_of(layer));
}
BENCHMARK(decode_one_layer)->DenseRange(0, 2)->Unit(benchmark::kMillisecond);

void scale_ladder(benchmark::State& state) {
  const auto& hi = clip(Layer::hi);
  Picture mid(640, 360);
  Picture lo(320, 180);
  std::size_t n = 0;
  for (auto _ : state) {
    letterbox(*hi[n++ % kClip], mid);
    letterbox(mid, lo);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(scale_ladder)->Unit(benchmark::kMicrosecond);

void generate_720p_picture(benchmark::State& state) {
  PicturePainter painter(1);
  Picture picture(1280, 720);
  std::uint32_t n = 0;
  for (auto _ : state) {
    painter.paint(picture, n, n % 30 == 0, Timestamp{33ms * n});
    ++n;
  }
}
BENCHMARK(generate_720p_picture)->Unit(benchmark::kMillisecond);

std::vector<std::int16_t> sound() {
  std::vector<std::int16_t> samples(50 * kFrameSamples);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / kSampleRate;
    double value = 0;
    for (int h = 1; h < 12; ++h)
      value += std::sin(6.2831853 * (120 + 20 * std::sin(3 * t)) * h * t) / h;
    samples[i] = static_cast<std::int16_t>(3000 * value);
  }
  return samples;
}

Samples block(const std::vector<std::int16_t>& samples, std::size_t n) {
  return Samples(samples).subspan(n % 50 * kFrameSamples, kFrameSamples);
}

void opus_encode_20_ms(benchmark::State& state) {
  const auto samples = sound();
  OpusEncoder encoder;
  std::size_t n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(encoder.encode(block(samples, n++)).size());
}
BENCHMARK(opus_encode_20_ms)->Unit(benchmark::kMicrosecond);

void opus_decode_20_ms(benchmark::State& state) {
  const auto samples = sound();
  OpusEncoder encoder;
  std::vector<std::vector<std::uint8_t>> packets;
  for (std::size_t n = 0; n < 50; ++n) {
    const ByteSpan packet = encoder.encode(block(samples, n));
    packets.emplace_back(packet.begin(), packet.end());
  }
  OpusDecoder decoder;
  std::size_t n = 0;
  for (auto _ : state) {
    if (!decoder.decode(packets[n++ % 50])) state.SkipWithError("a packet did not decode");
  }
}
BENCHMARK(opus_decode_20_ms)->Unit(benchmark::kMicrosecond);

void stretch_20_ms(benchmark::State& state) {
  const auto samples = sound();
  TimeStretch stretcher;
  std::size_t n = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(stretcher.process(block(samples, n++), Stretch::accelerate).size());
  }
}
BENCHMARK(stretch_20_ms)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace diemcau::codecs
