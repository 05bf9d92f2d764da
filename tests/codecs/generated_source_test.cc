#include "codecs/generated_source.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <optional>

#include "codecs/generated_picture.h"
#include "codecs/h264_decoder.h"
#include "codecs/layered_encoder.h"
#include "codecs/opus_decoder.h"
#include "codecs/opus_encoder.h"
#include "codecs/scale.h"
#include "core/mesh/speaker.h"
#include "tests/codecs/support.h"

namespace diemcau::codecs {
namespace {

constexpr Timestamp kStart = timestamp_from_ns(1'000'003'000'000'000);

std::unique_ptr<MediaSource> source(unsigned index, Timestamp start = kStart) {
  GeneratedSettings settings;
  settings.index = index;
  settings.pacing = Pacing::none;
  settings.start = start;
  return make_generated_source(settings);
}

double mean(const Picture& p, double x0, double y0, double x1, double y1) {
  double sum = 0;
  int count = 0;
  for (int y = static_cast<int>(y0 * p.height); y < static_cast<int>(y1 * p.height); ++y) {
    for (int x = static_cast<int>(x0 * p.width); x < static_cast<int>(x1 * p.width); ++x) {
      sum += p.y()[y * p.width + x];
      ++count;
    }
  }
  return sum / count;
}

// As the header tells anybody to read it.
std::optional<std::uint32_t> read_number(const Picture& p) {
  std::uint32_t word = 0;
  for (int row = 0; row < 2; ++row) {
    for (int column = 1; column <= 14; ++column) {
      const double luma =
          mean(p, (column + 0.25) / 16, (row + 0.25) / 9, (column + 0.75) / 16, (row + 0.75) / 9);
      word = word << 1 | (luma > 126 ? 1U : 0U);
    }
  }
  const std::uint32_t number = word >> 4;
  std::uint32_t digits = 0;
  for (unsigned shift = 0; shift < 24; shift += 4) digits += number >> shift & 15U;
  if ((word & 15U) != 15 - digits % 16) return std::nullopt;
  return number;
}

bool flashing(const Picture& p) { return mean(p, 0.05, 0.25, 0.95, 0.98) > 210; }

}  // namespace

TEST_CASE("every picture has its number, one more than the last", "[codecs][generated]") {
  const auto camera = source(0);
  const auto c = testing::capture(*camera, 120);
  REQUIRE(c.pictures.size() > 40);
  std::uint32_t expected = static_cast<std::uint32_t>((1'000'003LL * 30) % (1 << 24));
  for (const VideoFrame& f : c.pictures) {
    REQUIRE(read_number(*f.picture) == expected);
    ++expected;
  }
}

TEST_CASE("flash and beep begin together, exactly at every whole second", "[codecs][generated]") {
  const auto camera = source(2, kStart + 400ms);
  const auto c = testing::capture(*camera, 240);
  int flashes = 0;
  for (const VideoFrame& f : c.pictures) {
    const bool whole = to_ns(f.captured_at) % 1'000'000'000 == 0;
    REQUIRE(flashing(*f.picture) == whole);
    flashes += whole ? 1 : 0;
  }
  CHECK(flashes == 3);
  const auto samples = c.samples();
  const auto first = to_ns(c.sounds.at(0).captured_at);
  const auto begin = static_cast<std::size_t>((1'000'004'000'000'000 - first) * 48 / 1'000'000);
  const Samples all(samples);
  CHECK(testing::amplitude(all.subspan(begin - 960, 960), 1000) < 300);
  CHECK(testing::amplitude(all.subspan(begin, 960), 1000) > 7000);
  CHECK(testing::amplitude(all.subspan(begin + 2880, 960), 1000) > 7000);
  CHECK(testing::amplitude(all.subspan(begin + 3840, 960), 1000) < 500);
}

TEST_CASE("each bridge has its own tone, which Opus keeps", "[codecs][generated]") {
  for (const unsigned index : {0U, 5U, 13U}) {
    CAPTURE(index);
    const auto microphone = source(index);
    const auto c = testing::capture(*microphone, 800);
    OpusEncoder encoder;
    OpusDecoder decoder;
    std::vector<std::int16_t> heard;
    for (const AudioFrame& f : c.sounds) {
      const auto decoded = decoder.decode(encoder.encode(f.samples));
      REQUIRE(decoded);
      heard.insert(heard.end(), decoded->begin(), decoded->end());
    }
    // Half-second windows; the middle one by level, because speech and beep cover some.
    const auto level = [&](double hz) {
      std::vector<double> levels;
      for (std::size_t at = 0; at + 12000 <= heard.size(); at += 12000) {
        levels.push_back(testing::amplitude(Samples(heard).subspan(at, 12000), hz));
      }
      std::nth_element(levels.begin(),
                       levels.begin() + static_cast<std::ptrdiff_t>(levels.size() / 2),
                       levels.end());
      return levels[levels.size() / 2];
    };
    const double own = level(generated_tone_hz(index));
    CHECK(own > 700);
    for (unsigned other = 0; other < 16; ++other) {
      if (other != index) CHECK(level(generated_tone_hz(other)) < own / 10);
    }
  }
}

TEST_CASE("no two bridges share a tone and none is near the beep", "[codecs][generated]") {
  for (unsigned i = 0; i < 104; ++i) {
    CHECK(std::abs(generated_tone_hz(i) - kBeepHz) >= 100);
    if (i > 0) CHECK(generated_tone_hz(i) >= generated_tone_hz(i - 1) + 50);
  }
}

TEST_CASE("speech is heard in its turn only", "[codecs][generated]") {
  // Index 1 speaks in seconds 4 … 7 of 12; 1,000,008 is the beginning of a round.
  const auto microphone = source(1, timestamp_from_ns(1'000'008'000'000'000));
  const auto c = testing::capture(*microphone, 80 * 12);
  const auto samples = c.samples();
  const auto level = [&](std::size_t second) {
    return audio_level_dbov(Samples(samples).subspan(second * 48000 + 4000, 43000));
  };
  CHECK(level(2) >= 33);  // the tone alone: 1000 / sqrt(2) is -33 dBov
  CHECK(level(5) < 33);
  CHECK(level(9) >= 33);
}

TEST_CASE("levels alone tell whose turn it is, in spite of tone and beep", "[codecs][generated]") {
  // Second 1,000,003 is the seventh of twelve: the last one of bridge 1's turn.
  constexpr std::size_t kFrames = 1'600;  // 32 s
  std::array<std::vector<std::pair<Timestamp, std::uint8_t>>, 3> rooms;
  for (unsigned i = 0; i < rooms.size(); ++i) {
    GeneratedSettings settings;
    settings.index = i;
    settings.width = 160;
    settings.height = 90;
    settings.pacing = Pacing::none;
    settings.start = kStart;
    const auto room = make_generated_source(settings);
    while (rooms[i].size() < kFrames) {
      const auto event = room->next();
      REQUIRE(event);
      if (const auto* sound = std::get_if<AudioFrame>(&*event))
        rooms[i].emplace_back(sound->captured_at, audio_level_dbov(sound->samples));
    }
  }
  mesh::ActiveSpeaker speaker(rooms.size());
  std::vector<std::pair<std::int64_t, std::size_t>> turns;
  for (std::size_t f = 0; f < kFrames; ++f) {
    for (std::uint16_t i = 0; i < rooms.size(); ++i) {
      const auto& [captured_at, level] = rooms[i][f];
      speaker.heard(captured_at, PeerId{i}, level);
      if (const auto who = speaker.poll())
        turns.emplace_back(to_ms(captured_at - kStart), who->value);
    }
  }
  // Half a second to a second, and as long a pause between two sentences.
  // From the second turn on: they begin at 1 s + 4 s * n, of bridges 2, 0, 1, 2, …
  std::erase_if(turns, [](const auto& turn) { return turn.first < 1'000; });
  REQUIRE(turns.size() >= 7);
  for (std::size_t n = 0; n < turns.size(); ++n) {
    CHECK(turns[n].second == (2 + n) % 3);
    CHECK(turns[n].first - 1'000 - static_cast<std::int64_t>(4'000 * n) <= 2'000);
  }
}

TEST_CASE("the number survives every layer and a small tile", "[codecs][generated]") {
  const auto camera = source(3);
  LayeredEncoder encoder;
  for (const Layer layer : {Layer::hi, Layer::mid, Layer::lo}) {
    LayerRequest request;
    request.active = true;
    request.rate = Bitrate::kbps(layer == Layer::hi ? 1000 : layer == Layer::mid ? 400 : 100);
    encoder.set(layer, request);
  }
  std::map<Layer, H264Decoder> decoders;
  std::map<Layer, int> flashes;
  const auto c = testing::capture(*camera, 170);
  for (const VideoFrame& f : c.pictures) {
    encoder.encode(f, [&](Layer layer, const EncodedFrame& e) {
      const auto decoded = decoders[layer].decode(e.annex_b(), f.captured_at);
      REQUIRE(decoded);
      CAPTURE(name_of(layer), f.source_index);
      const auto number = static_cast<std::uint32_t>(f.source_index % kCodeNumbers);
      CHECK(read_number(*decoded->picture) == number);
      Picture tile(160, 90);
      scale(*decoded->picture, tile);
      CHECK(read_number(tile) == number);
      CHECK(flashing(tile) == (to_ns(f.captured_at) % 1'000'000'000 == 0));
      flashes[layer] += flashing(tile) ? 1 : 0;
    });
  }
  CHECK(flashes[Layer::hi] >= 2);
  CHECK(flashes[Layer::lo] == flashes[Layer::hi]);
}

TEST_CASE("two pictures are never the same, and differ in the scene too", "[codecs][generated]") {
  const auto camera = source(0);
  const auto c = testing::capture(*camera, 20);
  for (std::size_t i = 2; i < c.pictures.size(); ++i) {
    const double likeness = psnr_y(*c.pictures[i].picture, *c.pictures[i - 1].picture);
    CHECK(likeness < 45);
  }
}

TEST_CASE("a picture can be painted again from its number and time", "[codecs][generated]") {
  const auto camera = source(3, kStart + 900ms);
  const auto c = testing::capture(*camera, 20);
  PicturePainter painter(3 + 1);
  Picture again(1280, 720);
  for (auto f = c.pictures.rbegin(); f != c.pictures.rend(); ++f) {
    const auto number = static_cast<std::uint32_t>(f->source_index % kCodeNumbers);
    painter.paint(again, number, f->source_index % 30 == 0, f->captured_at);
    REQUIRE(again.bytes == f->picture->bytes);
  }
}
TEST_CASE("without espeak-ng the source says what to install", "[codecs][generated]") {
  const char* path = std::getenv("PATH");
  const std::string kept = path ? path : "";
  setenv("PATH", "/nonexistent", 1);
  std::string text;
  try {
    source(0);
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  setenv("PATH", kept.c_str(), 1);
  CHECK(text.find("install the package espeak-ng") != std::string::npos);
}

TEST_CASE("the generated source keeps real time and stops when told", "[codecs][generated]") {
  GeneratedSettings settings;
  const auto camera = make_generated_source(settings);
  for (int n = 0; n < 40; ++n) {
    const auto event = camera->next();
    REQUIRE(event);
    if (const auto* picture = std::get_if<VideoFrame>(&*event)) {
      CHECK(picture->captured_at <= monotonic_now());
    } else {
      CHECK(std::get<AudioFrame>(*event).captured_at + kFrameDuration <= monotonic_now());
    }
  }
  camera->stop();
  CHECK_FALSE(camera->next());
}

}  // namespace diemcau::codecs
