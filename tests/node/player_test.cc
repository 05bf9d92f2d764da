// Screen and loudspeaker with real codecs in real time: what goes in is heard and seen, and told
// truly.
#include "node/player.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "codecs/opus_encoder.h"
#include "codecs/x264_encoder.h"
#include "node/clock.h"
#include "node/loudspeaker.h"

using namespace diemcau;
using namespace diemcau::node;

namespace {

constexpr PeerId kCommune{1};
constexpr StreamId kHi{kCommune, Source::camera, Layer::hi};
constexpr StreamId kMid{kCommune, Source::camera, Layer::mid};

// Keeps everything that the player says and shows.
class Room final : public Stage {
 public:
  void on_picture(const ShownPicture& picture) override {
    const std::lock_guard lock(mutex);
    pictures.push_back(picture);
  }
  void on_sound(Timestamp at, std::span<const PlayedSound> sounds) override {
    const std::lock_guard lock(mutex);
    ticks.push_back(at);
    for (const PlayedSound& s : sounds) {
      for (const PlayedFrame& f : s.frames) {
        frames.push_back(f);
        frame_positions.push_back(samples.size() + f.offset);
        frame_times.push_back(at + Duration{std::int64_t{f.offset} * 1'000'000'000 / 48'000});
      }
      samples.insert(samples.end(), s.samples.begin(), s.samples.end());
    }
    changed.notify_all();
  }
  void on_link(PeerId, bool) override {}
  void post(mesh::Input input) {
    const std::lock_guard lock(mutex);
    if (const auto* wanted = std::get_if<mesh::AudioWanted>(&input))
      wanted_at = monotonic_now(), wants.push_back(*wanted);
    if (const auto* p = std::get_if<mesh::AudioPlayed>(&input)) played.push_back(*p);
    if (const auto* d = std::get_if<mesh::FrameDecoded>(&input)) decoded.push_back(*d);
    if (const auto* s = std::get_if<mesh::FrameShown>(&input)) shown.push_back(*s);
    changed.notify_all();
  }
  // False when it does not come true within two seconds.
  template <typename Condition>
  bool wait_for(Condition condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(2), condition);
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<ShownPicture> pictures;
  std::vector<Timestamp> ticks, frame_times;
  std::vector<PlayedFrame> frames;
  std::vector<std::size_t> frame_positions;
  std::vector<std::int16_t> samples;
  std::vector<mesh::AudioWanted> wants;
  Timestamp wanted_at;
  std::vector<mesh::AudioPlayed> played;
  std::vector<mesh::FrameDecoded> decoded;
  std::vector<mesh::FrameShown> shown;
};

std::unique_ptr<Player> player_in(Room& room) {
  PlayerConfig config;
  config.peers = 2;
  config.post = [&room](mesh::Input input) { room.post(std::move(input)); };
  config.stages = {&room};
  return std::make_unique<Player>(std::move(config));
}

mesh::PlayAudio sound(ByteSpan packet, Timestamp captured) {
  mesh::PlayAudio play;
  play.origin = kCommune;
  play.action = mesh::AudioAction::normal;
  play.captured_at = captured;
  play.media.bytes = packet;
  return play;
}

std::vector<std::uint8_t> encoded(codecs::X264Encoder& encoder, std::uint8_t luma, Timestamp at) {
  auto picture = std::make_shared<codecs::Picture>(320, 180);
  codecs::fill(*picture, luma, 128, 128);
  return encoder.encode({picture, at, 0}, {Bitrate::kbps(300), false, std::nullopt}).annex_b();
}
codecs::X264Encoder small_encoder() {
  codecs::LayerSettings settings;
  settings.width = 320;
  settings.height = 180;
  settings.rate = Bitrate::kbps(300);
  return codecs::X264Encoder(settings);
}
mesh::DecodeFrame frame(StreamId stream, std::uint32_t number, ByteSpan bytes) {
  mesh::DecodeFrame decode;
  decode.stream = stream;
  decode.frame_number = number;
  decode.media.bytes = bytes;
  return decode;
}

}  // namespace

TEST_CASE("the device asks, and what it is given is heard at the time that is told", "[player]") {
  Room room;
  auto player = player_in(room);
  player->link(kCommune, true);
  codecs::OpusEncoder opus;
  std::vector<std::int16_t> tone(960);
  std::size_t answered = 0;
  for (int n = 0; n < 30; ++n) {
    REQUIRE(room.wait_for([&] { return room.wants.size() > answered; }));
    ++answered;
    for (std::size_t i = 0; i < tone.size(); ++i)
      tone[i] = static_cast<std::int16_t>(
          8000 * std::sin(0.13 * static_cast<double>(i + 960 * static_cast<std::size_t>(n))));
    player->play(sound(opus.encode(tone), timestamp_from_ns(1'000'000'000 + n * 20'000'000)));
  }
  REQUIRE(room.wait_for([&] { return room.frames.size() >= 28; }));
  player->stop();

  REQUIRE(room.played.size() >= 28);  // the last ones may still have been queued when it stopped
  for (std::size_t n = 0; n < 28; ++n) {
    CHECK(room.played[n].samples == 960);
    CHECK(room.played[n].captured_at ==
          timestamp_from_ns(1'000'000'000 + static_cast<std::int64_t>(n) * 20'000'000));
    CHECK(room.frames[n].captured_at == room.played[n].captured_at);
    CHECK(to_us(room.frame_times[n] - room.played[n].plays_at) == Approx(0).margin(30));
  }
  for (std::size_t i = 1; i < room.ticks.size(); ++i)
    CHECK(room.ticks[i] - room.ticks[i - 1] == 10ms);
  std::int64_t loud = 0;
  for (const std::int16_t s : room.samples) loud = std::max<std::int64_t>(loud, std::abs(s));
  CHECK(loud > 4000);
  CHECK(room.wants[0].queued_samples < kTickSamples);
}

TEST_CASE("without an answer the room hears silence without a hole", "[player]") {
  Room room;
  auto player = player_in(room);
  player->link(kCommune, true);
  REQUIRE(room.wait_for([&] { return room.samples.size() >= 20 * kTickSamples; }));
  player->link(kCommune, false);
  std::size_t had = 0;
  {
    const std::lock_guard lock(room.mutex);
    had = room.samples.size();
  }
  REQUIRE(room.wait_for([&] { return room.samples.size() >= had + 5 * kTickSamples; }));
  player->stop();
  CHECK(std::all_of(room.samples.begin(), room.samples.end(), [](int s) { return s == 0; }));
  CHECK(room.wants.size() <= 4);  // once per 100 ms, not at every tick
}

TEST_CASE("lost sound is concealed in the device's step and a bad packet counts as lost",
          "[player]") {
  Loudspeaker speaker;
  const Timestamp tick = timestamp_from_ns(1'000'000'000);
  const auto lost = speaker.perform(kCommune, mesh::AudioAction::expand, std::nullopt, {}, tick);
  CHECK(lost.samples == kTickSamples);
  CHECK(lost.plays_at == tick);
  CHECK_FALSE(lost.captured_at);
  const std::vector<std::uint8_t> bad{0xFF, 0xFF, 0xFF};
  const auto broken = speaker.perform(kCommune, mesh::AudioAction::normal, tick, bad, tick);
  CHECK(broken.action == mesh::AudioAction::expand);
  CHECK_FALSE(broken.captured_at);
  CHECK(broken.plays_at == tick + 10ms);
  CHECK(speaker.decode_errors() == 1);
}

TEST_CASE("stretching tells how long the sound really became", "[player]") {
  Loudspeaker speaker;
  codecs::OpusEncoder opus;
  const Timestamp tick = timestamp_from_ns(1'000'000'000);
  std::vector<std::int16_t> tone(960);
  std::uint32_t total = 0;
  for (int n = 0; n < 50; ++n) {
    for (std::size_t i = 0; i < 960; ++i)
      tone[i] = static_cast<std::int16_t>(
          8000 * std::sin(0.05 * static_cast<double>(i + 960 * static_cast<std::size_t>(n))));
    const auto played =
        speaker.perform(kCommune, mesh::AudioAction::accelerate, tick, opus.encode(tone), tick);
    total += played.samples;
    CHECK(speaker.queued() == total);
  }
  CHECK(total < 50 * 960);
  CHECK(total > 50 * 960 * 8 / 10);
}

TEST_CASE("a picture is shown at its moment, not before, and the truth is told", "[player]") {
  Room room;
  auto player = player_in(room);
  auto encoder = small_encoder();
  const auto bytes = encoded(encoder, 120, timestamp_from_ns(1'000));
  player->decode(frame(kHi, 5, bytes));
  REQUIRE(room.wait_for([&] { return room.decoded.size() == 1; }));
  CHECK(room.decoded[0].ok);
  CHECK(room.decoded[0].frame_number == 5);
  const Timestamp at = monotonic_now() + 60ms;
  player->show({kHi, 5, timestamp_from_ns(1'000), at});
  REQUIRE(room.wait_for([&] { return room.shown.size() == 1; }));
  player->stop();
  CHECK(room.shown[0].shown_at >= at);
  REQUIRE(room.pictures.size() == 1);
  CHECK(room.pictures[0].shown_at == room.shown[0].shown_at);
  CHECK(int{room.pictures[0].picture->y()[0]} == Approx(120).margin(3));
}

TEST_CASE("of pictures whose moments have passed only the newest is seen", "[player]") {
  Room room;
  auto player = player_in(room);
  auto encoder = small_encoder();
  for (std::uint32_t n = 0; n < 3; ++n)
    player->decode(frame(kHi, n,
                         encoded(encoder, static_cast<std::uint8_t>(60 + 60 * n),
                                 timestamp_from_ns(33'000'000 * (n + 1)))));
  REQUIRE(room.wait_for([&] { return room.decoded.size() == 3; }));
  // All three moments come together, in the future so that all are known by then.
  const Timestamp at = monotonic_now() + 50ms;
  for (std::uint32_t n = 0; n < 3; ++n)
    player->show({kHi, n, timestamp_from_ns(33'000'000 * (n + 1)), at});
  REQUIRE(room.wait_for([&] { return !room.shown.empty(); }));
  player->stop();
  CHECK(room.shown.size() == 1);
  CHECK(room.shown[0].frame_number == 2);
}

TEST_CASE("pictures left from before a restart do not hide those after it", "[player]") {
  Room room;
  auto player = player_in(room);
  std::size_t given = 0;
  const auto decode = [&](codecs::X264Encoder& encoder, std::uint32_t number) {
    player->decode(frame(kHi, number, encoded(encoder, 120, timestamp_from_ns(33'000'000))));
    ++given;
    REQUIRE(room.wait_for([&] { return room.decoded.size() == given; }));
    REQUIRE(room.decoded.back().ok);
  };
  auto before = small_encoder(), after = small_encoder();
  for (std::uint32_t n = 0; n < 40; ++n) decode(before, 50'000 + n);  // more than are kept
  decode(after, 0);
  player->show({kHi, 0, timestamp_from_ns(33'000'000), monotonic_now()});
  CHECK(room.wait_for([&] { return !room.shown.empty(); }));
  player->stop();
}

TEST_CASE("each layer has a decoder of its own", "[player]") {
  Room room;
  auto player = player_in(room);
  auto hi = small_encoder();
  auto mid = small_encoder();
  for (std::uint32_t n = 0; n < 4; ++n) {
    const Timestamp at = timestamp_from_ns(33'000'000 * (n + 1));
    player->decode(frame(kHi, n, encoded(hi, 60, at)));
    player->decode(frame(kMid, n, encoded(mid, 180, at)));
  }
  REQUIRE(room.wait_for([&] { return room.decoded.size() == 8; }));
  player->stop();
  for (const auto& d : room.decoded) CHECK(d.ok);
}

TEST_CASE("every frame is answered: damaged ones and those that find the queue full", "[player]") {
  Room room;
  auto player = player_in(room);
  const std::vector<std::uint8_t> garbage(1'000'000, 0x5A);
  for (std::uint32_t n = 0; n < 100; ++n) player->decode(frame(kHi, n, garbage));
  REQUIRE(room.wait_for([&] { return room.decoded.size() == 100; }));
  player->stop();
  for (const auto& d : room.decoded) CHECK_FALSE(d.ok);
  CHECK(player->figures().decode_errors + player->figures().dropped == 100);
}

TEST_CASE("a bridge that floods the screen takes nobody else's place", "[player]") {
  constexpr StreamId kLiar{PeerId{0}, Source::camera, Layer::hi};
  Room room;
  auto player = player_in(room);
  auto encoder = small_encoder();
  const auto bytes = encoded(encoder, 120, timestamp_from_ns(1'000));
  // Jobs for minutes, and pictures that nobody will see for half a second.
  const std::vector<std::uint8_t> garbage(100'000, 0x5A);
  const Timestamp later = monotonic_now() + 500ms;
  for (std::uint32_t n = 0; n < 2'000; ++n) {
    player->decode(frame(kLiar, n, garbage));
    player->show({kLiar, n, timestamp_from_ns(n), later});
  }
  player->decode(frame(kHi, 5, bytes));
  player->show({kHi, 5, timestamp_from_ns(1'000), monotonic_now()});
  REQUIRE(room.wait_for([&] { return !room.shown.empty(); }));
  player->stop();
  CHECK(room.shown[0].stream == kHi);
  for (const auto& d : room.decoded) {
    if (d.stream == kHi) CHECK(d.ok);
  }
}
