#include "codecs/layered_encoder.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "codecs/h264_decoder.h"
#include "codecs/scale.h"
#include "tests/codecs/support.h"

namespace diemcau::codecs {
namespace {

LayerRequest on(Layer layer) {
  LayerRequest r;
  r.active = true;
  r.fps = layer == Layer::lo ? 15 : 30;
  r.rate = Bitrate::kbps(layer == Layer::hi ? 1500 : layer == Layer::mid ? 600 : 150);
  return r;
}

constexpr Layer kAll[] = {Layer::hi, Layer::mid, Layer::lo};

struct Tally {
  std::map<Layer, std::vector<std::uint32_t>> numbers;
  std::map<Layer, std::vector<Timestamp>> times;
  std::map<Layer, std::uint32_t> keys;
  std::vector<Layer> order;
  void add(Layer layer, const EncodedFrame& e) {
    numbers[layer].push_back(e.frame_number);
    times[layer].push_back(e.captured_at);
    keys[layer] += e.key ? 1 : 0;
    order.push_back(layer);
  }
};

void encode(LayeredEncoder& encoder, testing::Camera& camera, int frames, Tally& tally) {
  for (int n = 0; n < frames; ++n) {
    encoder.encode(camera.next(), [&](Layer l, const EncodedFrame& e) { tally.add(l, e); });
  }
}

}  // namespace

TEST_CASE("only active layers are encoded, hi first and lo at half rate", "[codecs][layers]") {
  LayeredEncoder encoder;
  testing::Camera camera(1280, 720);
  Tally none;
  encode(encoder, camera, 2, none);
  CHECK(none.order.empty());
  for (const Layer layer : kAll) encoder.set(layer, on(layer));
  Tally tally;
  encode(encoder, camera, 30, tally);
  CHECK(tally.numbers[Layer::hi].size() == 30);
  CHECK(tally.numbers[Layer::mid].size() == 30);
  CHECK(tally.numbers[Layer::lo].size() == 15);
  CHECK(std::vector<Layer>(tally.order.begin(), tally.order.begin() + 3) ==
        std::vector<Layer>{Layer::hi, Layer::mid, Layer::lo});
}

TEST_CASE("what is captured at a whole second is in every layer", "[codecs][layers]") {
  for (const int skip : {0, 1}) {
    CAPTURE(skip);
    LayeredEncoder encoder;
    testing::Camera camera(320, 180);
    for (int n = 0; n < skip; ++n) camera.next();
    encoder.set(Layer::lo, on(Layer::lo));
    Tally tally;
    encode(encoder, camera, 65, tally);
    int whole = 0;
    for (const Timestamp t : tally.times[Layer::lo]) whole += to_ns(t) % 1'000'000'000 == 0 ? 1 : 0;
    CHECK(whole == 3 - skip);
  }
}

TEST_CASE("a slow source gives lo half of its pictures, a fast one is thinned",
          "[codecs][layers]") {
  for (const int fps : {24, 25, 60}) {
    CAPTURE(fps);
    LayeredSettings settings;
    settings.source_fps = fps;
    LayeredEncoder encoder(settings);
    testing::Camera camera(320, 180, fps);
    encoder.set(Layer::mid, on(Layer::mid));
    encoder.set(Layer::lo, on(Layer::lo));
    Tally tally;
    encode(encoder, camera, 2 * fps, tally);
    const int mid = std::min(fps, 30) * 2;
    CHECK(std::abs(static_cast<int>(tally.numbers[Layer::mid].size()) - mid) <= 1);
    CHECK(std::abs(static_cast<int>(tally.numbers[Layer::lo].size()) - mid / 2) <= 1);
  }
}

TEST_CASE("half rate halves hi and mid and leaves lo as it is", "[codecs][layers]") {
  LayeredEncoder encoder;
  testing::Camera camera(640, 360);
  for (const Layer layer : kAll) encoder.set(layer, on(layer));
  encoder.set_effort(LayerEffort::half_rate);
  Tally half;
  encode(encoder, camera, 60, half);
  for (const Layer layer : kAll) CHECK(half.numbers[layer].size() == 30);
  encoder.set_effort(LayerEffort::full);
  Tally whole;
  encode(encoder, camera, 60, whole);
  CHECK(whole.numbers[Layer::hi].size() == 60);
  CHECK(whole.numbers[Layer::lo].size() == 30);
  CHECK(whole.keys[Layer::hi] == 0);
}

TEST_CASE("a layer that starts again begins with a key frame and counts on", "[codecs][layers]") {
  LayeredEncoder encoder;
  testing::Camera camera(640, 360);
  encoder.set(Layer::mid, on(Layer::mid));
  Tally tally;
  encode(encoder, camera, 5, tally);
  encoder.set(Layer::mid, LayerRequest{});
  encode(encoder, camera, 5, tally);
  encoder.set(Layer::mid, on(Layer::mid));
  encode(encoder, camera, 5, tally);
  CHECK(tally.keys[Layer::mid] == 2);
  CHECK(tally.numbers[Layer::mid] == std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("a held layer makes no picture and goes on without a key frame", "[codecs][layers]") {
  LayeredEncoder encoder;
  testing::Camera camera(640, 360);
  encoder.set(Layer::mid, on(Layer::mid));
  encoder.set(Layer::lo, on(Layer::lo));
  Tally tally;
  encode(encoder, camera, 10, tally);
  const std::size_t before = tally.numbers[Layer::lo].size();
  LayerRequest held = on(Layer::lo);
  held.idr = false;
  held.hold = true;
  encoder.set(Layer::lo, held);
  encode(encoder, camera, 9, tally);
  CHECK(tally.numbers[Layer::lo].size() == before);
  CHECK(tally.numbers[Layer::mid].size() == 19);
  held.hold = false;
  encoder.set(Layer::lo, held);
  encode(encoder, camera, 2, tally);  // of 30 a second: one of lo's grid
  CHECK(tally.numbers[Layer::lo].size() == before + 1);
  CHECK(tally.keys[Layer::lo] == 1);
}

TEST_CASE("a layer that is held no more gets the last picture at once, unless it is too old",
          "[codecs][layers]") {
  LayeredEncoder encoder;
  testing::Camera camera(640, 360);
  LayerRequest mid = on(Layer::mid);
  encoder.set(Layer::mid, mid);
  Tally tally;
  const LayeredEncoder::Sink sink = [&](Layer l, const EncodedFrame& e) { tally.add(l, e); };
  const auto made = [&] { return tally.times[Layer::mid].size(); };
  encode(encoder, camera, 3, tally);
  encoder.catch_up({}, sink);
  CHECK(made() == 3);
  mid.hold = true;
  encoder.set(Layer::mid, mid);
  encode(encoder, camera, 2, tally);
  const VideoFrame last = camera.next();
  encoder.encode(last, sink);
  encoder.catch_up({}, sink);
  CHECK(made() == 3);
  mid.hold = false;
  mid.invalidate_from = 2;  // what nobody has is gone around in it
  encoder.set(Layer::mid, mid);
  encoder.catch_up(last.captured_at + 1ns, sink);
  CHECK(made() == 3);
  encoder.catch_up(last.captured_at, [&](Layer l, const EncodedFrame& e) {
    CHECK(e.newest_needed == 1);
    tally.add(l, e);
  });
  REQUIRE(made() == 4);
  CHECK(tally.times[Layer::mid].back() == last.captured_at);
  CHECK(tally.keys[Layer::mid] == 1);
  encoder.catch_up(last.captured_at, sink);
  CHECK(made() == 4);
  encode(encoder, camera, 1, tally);
  CHECK(made() == 5);
}

TEST_CASE("a wish is fulfilled once, and the oldest invalidation counts", "[codecs][layers]") {
  LayeredEncoder encoder;
  testing::Camera camera(640, 360);
  encoder.set(Layer::mid, on(Layer::mid));
  Tally tally;
  encode(encoder, camera, 10, tally);
  LayerRequest lost = on(Layer::mid);
  lost.invalidate_from = 7;
  encoder.set(Layer::mid, lost);
  lost.invalidate_from = 8;
  encoder.set(Layer::mid, lost);
  std::vector<std::uint32_t> newest;
  for (int n = 0; n < 3; ++n) {
    encoder.encode(camera.next(),
                   [&](Layer, const EncodedFrame& e) { newest.push_back(e.newest_needed); });
  }
  CHECK(newest == std::vector<std::uint32_t>{6, 10, 11});
}

TEST_CASE("any camera is shown whole in every layer", "[codecs][layers]") {
  LayeredEncoder encoder;
  for (const Layer layer : kAll) encoder.set(layer, on(layer));
  auto portrait = std::make_shared<Picture>(480, 854);
  fill(*portrait, 180, 100, 150);
  std::map<Layer, H264Decoder> decoders;
  int layers = 0;
  encoder.encode(VideoFrame{portrait, Timestamp{1s}, 0}, [&](Layer layer, const EncodedFrame& e) {
    ++layers;
    const auto decoded = decoders[layer].decode(e.annex_b(), {});
    REQUIRE(decoded);
    const Picture& p = *decoded->picture;
    CHECK(p.width == layer_size(layer).width);
    CHECK(p.height == layer_size(layer).height);
    const auto middle = static_cast<std::size_t>(p.width * (p.height / 2));
    CHECK(p.y()[middle + static_cast<std::size_t>(p.width / 2)] > 170);
    CHECK(p.y()[middle + 4] < 30);
  });
  CHECK(layers == 3);
}

}  // namespace diemcau::codecs
