#include "codecs/file_source.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "tests/codecs/support.h"

namespace diemcau::codecs {
namespace {

// Made once for all tests of this file.
const std::filesystem::path& odd_media() {
  static const testing::TempFolder folder;
  static const int made =
      testing::run({DIEMCAU_SOURCE_DIR "/tests/media/make_odd_media.py", folder.path().string()});
  REQUIRE(made == 0);
  return folder.path();
}

std::unique_ptr<MediaSource> source(const char* name, bool loop = false) {
  FileSourceSettings settings;
  settings.path = odd_media() / name;
  settings.loop = loop;
  settings.pacing = Pacing::none;
  settings.start = Timestamp{100s};
  return make_file_source(settings);
}

testing::Captured all_of(const char* name) {
  const auto media = source(name);
  return testing::capture(*media);
}

std::string refusal(const std::filesystem::path& path) {
  try {
    FileSourceSettings settings;
    settings.path = path;
    make_file_source(settings);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "";
}

double seconds(const testing::Captured& c) { return static_cast<double>(c.sounds.size()) * 0.02; }

template <typename Events>
bool times_grow(const Events& events) {
  return std::is_sorted(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return a.captured_at <= b.captured_at && &a != &b;
  });
}

}  // namespace

TEST_CASE("a film of 1080p 23.976 4:2:2 with 44.1 kHz stereo shrinks to the largest layer",
          "[codecs][file]") {
  const auto film = source("cinema.mkv");
  CHECK(film->has_video());
  CHECK(film->has_audio());
  CHECK(film->fps() == 24);
  const auto c = testing::capture(*film);
  CHECK(c.pictures.size() == 24);
  CHECK(c.pictures.at(0).picture->width == 1280);
  CHECK(c.pictures.at(0).picture->height == 720);
  // AAC begins with up to 2,048 samples of its own before the first picture.
  CHECK(c.pictures.at(0).captured_at - Timestamp{100s} < 48ms);
  // Matroska rounds times to a millisecond.
  CHECK(to_ms_double(c.pictures.at(23).captured_at - c.pictures.at(0).captured_at) ==
        Approx(23 * 1001.0 / 24).margin(1.5));
  CHECK(seconds(c) == Approx(1.0).margin(0.06));
  const auto samples = c.samples();
  const Samples middle = Samples(samples).subspan(12000, 24000);
  CHECK(testing::amplitude(middle, 440) > 10 * testing::amplitude(middle, 480));
}

TEST_CASE("a file may lack sound or pictures", "[codecs][file]") {
  const auto sound = source("sound_only.ogg");
  CHECK_FALSE(sound->has_video());
  CHECK(sound->has_audio());
  CHECK(sound->fps() == 0);
  const auto heard = testing::capture(*sound);
  CHECK(heard.pictures.empty());
  CHECK(seconds(heard) == Approx(1.0).margin(0.06));
  const auto film = source("silent.mp4");
  CHECK(film->has_video());
  CHECK_FALSE(film->has_audio());
  const auto seen = testing::capture(*film);
  CHECK(seen.pictures.size() == 30);
  CHECK(seen.sounds.empty());
}

TEST_CASE("8 kHz telephone sound keeps its pitch and length", "[codecs][file]") {
  const auto c = all_of("telephone.wav");
  CHECK(seconds(c) == Approx(1.0).margin(0.03));
  const auto samples = c.samples();
  const Samples middle = Samples(samples).subspan(12000, 24000);
  CHECK(testing::amplitude(middle, 440) > 20 * testing::amplitude(middle, 880));
}

TEST_CASE("10-bit, odd-sized, anamorphic and turned pictures become I420", "[codecs][file]") {
  const auto size = [](const testing::Captured& c) {
    REQUIRE_FALSE(c.pictures.empty());
    return std::pair(c.pictures[0].picture->width, c.pictures[0].picture->height);
  };
  CHECK(size(all_of("ten_bits.mkv")) == std::pair(640, 360));
  const auto odd = size(all_of("odd_size.mkv"));
  CHECK(std::abs(odd.first - 853) <= 1);
  CHECK(std::abs(odd.second - 481) <= 1);
  CHECK((odd.first | odd.second) % 2 == 0);
  CHECK(size(all_of("anamorphic.mkv")) == std::pair(1048, 576));
  CHECK(size(all_of("upright.mp4")) == std::pair(360, 640));
}

TEST_CASE("60 pictures a second and six channels come through", "[codecs][file]") {
  const auto media = source("fast.mkv");
  CHECK(media->fps() == 60);
  const auto c = testing::capture(*media);
  CHECK(c.pictures.size() == 60);
  CHECK(seconds(c) == Approx(1.0).margin(0.04));
}

TEST_CASE("sound that ends early goes on as silence", "[codecs][file]") {
  const auto c = all_of("short_sound.mkv");
  CHECK(c.pictures.size() == 60);
  CHECK(seconds(c) == Approx(2.0).margin(0.04));
  CHECK(audio_level_dbov(c.sounds.at(5).samples) < 60);
  CHECK(audio_level_dbov(c.sounds.at(60).samples) == 127);
}

TEST_CASE("a loop goes on without a gap in sound or pictures", "[codecs][file]") {
  const auto media = source("fast.mkv", true);
  const auto c = testing::capture(*media, 400);
  REQUIRE(c.pictures.size() > 200);
  REQUIRE(c.sounds.size() > 120);
  CHECK(times_grow(c.pictures));
  for (std::size_t i = 1; i < c.sounds.size(); ++i) {
    REQUIRE(c.sounds[i].captured_at - c.sounds[i - 1].captured_at == 20ms);
  }
  for (std::size_t i = 1; i < c.pictures.size(); ++i) {
    CAPTURE(i);
    REQUIRE(c.pictures[i].captured_at - c.pictures[i - 1].captured_at < 40ms);
  }
  CHECK(c.pictures[130].captured_at - c.pictures[10].captured_at > 1990ms);
  CHECK(c.pictures[130].captured_at - c.pictures[10].captured_at < 2050ms);
}

TEST_CASE("a truncated file is played as far as it goes", "[codecs][file]") {
  const auto c = all_of("truncated.mkv");
  CHECK(c.pictures.size() > 10);
  CHECK(c.pictures.size() < 60);
}

TEST_CASE("a file that cannot be played is refused with its name and the reason",
          "[codecs][file]") {
  for (const char* name : {"garbage.mp4", "empty.mkv", "missing.mkv"}) {
    CAPTURE(name);
    const std::string text = refusal(odd_media() / name);
    CHECK(text.find(name) != std::string::npos);
    CHECK(text.find("cannot be read: ") != std::string::npos);
  }
  CHECK(refusal(odd_media()).find("cannot be read") != std::string::npos);
  CHECK_FALSE(refusal("http://127.0.0.1:9/film.mp4").empty());
}

TEST_CASE("a file plays in real time and stops when told", "[codecs][file]") {
  FileSourceSettings settings;
  settings.path = odd_media() / "fast.mkv";
  const auto media = make_file_source(settings);
  const Timestamp before = monotonic_now();
  Timestamp last{};
  for (int n = 0; n < 30; ++n) {
    const auto event = media->next();
    REQUIRE(event);
    const Timestamp now = monotonic_now();
    if (const auto* picture = std::get_if<VideoFrame>(&*event)) {
      CHECK(picture->captured_at <= now);
      CHECK(picture->captured_at >= before);
      last = picture->captured_at;
    } else {
      CHECK(std::get<AudioFrame>(*event).captured_at + kFrameDuration <= now);
    }
  }
  CHECK(last - before >= 200ms);
  media->stop();
  CHECK_FALSE(media->next());
}

}  // namespace diemcau::codecs
