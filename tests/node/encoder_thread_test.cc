// Capture and encode with the generated source and real encoders, in real time.
#include "node/encoder_thread.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "codecs/generated_source.h"
#include "codecs/h264_decoder.h"
#include "codecs/opus_decoder.h"
#include "node/clock.h"

using namespace diemcau;
using namespace diemcau::node;

namespace {

struct Collected {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<EncodedVideo> video;
  std::vector<EncodedAudio> audio;

  template <typename Condition>
  bool wait_for(Condition condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10), condition);
  }
  std::size_t count(Layer layer) const {
    return static_cast<std::size_t>(std::count_if(
        video.begin(), video.end(), [&](const auto& v) { return v.head.layer == layer; }));
  }
};

std::unique_ptr<codecs::MediaSource> source_of(int width, int height, codecs::Pacing pacing,
                                               int fps = 30) {
  codecs::GeneratedSettings settings;
  settings.fps = fps;
  settings.width = width;
  settings.height = height;
  settings.pacing = pacing;
  return codecs::make_generated_source(settings);
}

EncoderThreadConfig config_for(Collected& c) {
  EncoderThreadConfig config;
  config.post_video = [&c](EncodedVideo v) {
    const std::lock_guard lock(c.mutex);
    c.video.push_back(std::move(v));
    c.changed.notify_all();
  };
  config.post_audio = [&c](EncodedAudio a) {
    const std::lock_guard lock(c.mutex);
    c.audio.push_back(std::move(a));
    c.changed.notify_all();
  };
  return config;
}

mesh::SetEncoder state(Layer layer, bool active, bool idr = false) {
  mesh::SetEncoder s;
  s.layer = layer;
  s.active = active;
  s.rate = Bitrate::kbps(500);
  s.idr = idr;
  return s;
}

std::vector<std::uint8_t> annex_b(const EncodedVideo& v) {
  std::vector<std::uint8_t> out;
  std::vector<mesh::NalUnit> nals;
  for (const mesh::NalUnit& nal : (v.input(nals), nals)) {
    out.insert(out.end(), {0, 0, 0, 1});
    out.insert(out.end(), nal.data, nal.data + nal.size);
  }
  return out;
}

}  // namespace

TEST_CASE("asked layers come out as decodable frames and the others do not", "[encoder]") {
  Collected got;
  EncoderThread encoder(config_for(got), source_of(640, 360, codecs::Pacing::real_time));
  encoder.set(state(Layer::mid, true));
  REQUIRE(got.wait_for([&] { return got.count(Layer::mid) >= 10 && got.audio.size() >= 10; }));
  encoder.stop();
  CHECK(got.count(Layer::hi) == 0);
  CHECK(got.count(Layer::lo) == 0);
  codecs::H264Decoder decoder;
  for (const EncodedVideo& v : got.video) {
    const auto picture = decoder.decode(annex_b(v), v.head.captured_at);
    REQUIRE(picture);
    CHECK(picture->picture->width == 640);
  }
  CHECK(got.video[0].head.key);
  CHECK(got.video[1].head.frame_number == got.video[0].head.frame_number + 1);
  codecs::OpusDecoder opus;
  for (const EncodedAudio& a : got.audio) CHECK(opus.decode(a.input().bytes));
  const Duration age = monotonic_now() - got.video.back().head.captured_at;
  CHECK(age > 0ms);
  CHECK(age < 5s);
}

TEST_CASE("a layer in two temporal layers decodes from its base alone", "[encoder]") {
  Collected got;
  EncoderThread encoder(config_for(got), source_of(640, 360, codecs::Pacing::real_time));
  mesh::SetEncoder set = state(Layer::mid, true);
  set.temporal = true;
  encoder.set(set);
  REQUIRE(got.wait_for([&] { return got.count(Layer::mid) >= 12; }));
  encoder.stop();
  codecs::H264Decoder decoder;
  std::size_t droppable = 0;
  for (const EncodedVideo& v : got.video) {
    if (v.head.temporal_id == 1) {
      ++droppable;
    } else {
      CHECK(decoder.decode(annex_b(v), v.head.captured_at));
    }
  }
  CHECK(droppable >= 4);
  CHECK(droppable <= got.video.size() / 2);
}

TEST_CASE("a key frame that is asked for comes, and a layer that is stopped stays stopped",
          "[encoder]") {
  Collected got;
  EncoderThread encoder(config_for(got), source_of(320, 180, codecs::Pacing::real_time));
  encoder.set(state(Layer::lo, true));
  REQUIRE(got.wait_for([&] { return got.count(Layer::lo) >= 3; }));
  encoder.set(state(Layer::lo, true, true));
  encoder.set(state(Layer::lo, true, false));  // does not take the request back
  REQUIRE(got.wait_for([&] {
    return std::count_if(got.video.begin(), got.video.end(),
                         [](const auto& v) { return v.head.key; }) == 2;
  }));
  encoder.set(state(Layer::lo, false));
  std::size_t sounds = 0;
  {
    const std::lock_guard lock(got.mutex);
    sounds = got.audio.size();
  }
  REQUIRE(got.wait_for([&] { return got.audio.size() > sounds + 10; }));  // 200 ms
  std::size_t pictures = 0;
  {
    const std::lock_guard lock(got.mutex);
    pictures = got.video.size();
    sounds = got.audio.size();
  }
  REQUIRE(got.wait_for([&] { return got.audio.size() > sounds + 10; }));
  encoder.stop();
  CHECK(got.video.size() == pictures);
}

TEST_CASE("an encoder that cannot keep up drops pictures before it and counts them", "[encoder]") {
  Collected got;
  // Without pacing pictures come faster than 720p can be encoded.
  EncoderThread encoder(config_for(got), source_of(1280, 720, codecs::Pacing::none));
  encoder.set(state(Layer::hi, true));
  REQUIRE(got.wait_for([&] { return got.count(Layer::hi) >= 5; }));
  encoder.stop();
  const EncoderFigures figures = encoder.figures();
  CHECK(figures.late_encodes > 0);
  CHECK(figures.pictures >= figures.late_encodes + got.count(Layer::hi));
}

TEST_CASE("a held picture that is wanted at once is encoded before the camera has the next",
          "[encoder]") {
  struct Captured final : Stage {
    explicit Captured(Collected& c) : got(c) {}
    void on_picture(const ShownPicture& picture) override {
      const std::lock_guard lock(got.mutex);
      at.push_back(picture.captured_at);
      got.changed.notify_all();
    }
    void on_sound(Timestamp, std::span<const PlayedSound>) override {}
    void on_link(PeerId, bool) override {}
    Collected& got;
    std::vector<Timestamp> at;
  };
  Collected got;
  Captured captured(got);
  EncoderThreadConfig config = config_for(got);
  config.previews = {&captured};
  EncoderThread encoder(std::move(config), source_of(640, 360, codecs::Pacing::real_time, 1));
  mesh::SetEncoder set = state(Layer::mid, true);
  encoder.set(set);
  std::size_t before = 0, held = 0;
  REQUIRE(got.wait_for([&] {
    before = captured.at.size();
    return got.count(Layer::mid) == 1;
  }));
  set.hold = true;
  encoder.set(set);
  REQUIRE(got.wait_for([&] {
    held = captured.at.size();
    return held > before;
  }));
  set.hold = false;
  set.at_once = true;
  encoder.set(set);
  REQUIRE(got.wait_for([&] { return got.count(Layer::mid) == 2; }));
  encoder.stop();
  CHECK(got.video[1].head.captured_at == captured.at[held - 1]);
  CHECK_FALSE(got.video[1].head.key);
}
