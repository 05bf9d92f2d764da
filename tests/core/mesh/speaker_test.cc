#include "core/mesh/speaker.h"

#include <catch2/catch.hpp>
#include <vector>

#include "core/base/rng.h"
#include "tests/support/test_media.h"

using namespace diemcau;
using namespace diemcau::mesh;
using test::TestMedia;
using test::TestMesh;

namespace {
const Timestamp t0 = timestamp_from_ns(1'000'000'000);
constexpr std::uint8_t kRoom = 60;
constexpr std::uint8_t kSpeech = 26;

// Rooms with people in them, frame by frame of 20 ms.
struct Room {
  explicit Room(std::size_t bridges, std::uint64_t seed = 1)
      : speaker(bridges), rng(seed), noise(bridges, kRoom) {}

  ActiveSpeaker speaker;
  Rng rng;
  std::vector<std::uint8_t> noise;
  Timestamp now = t0;
  struct Change {
    Timestamp at;
    PeerId to;
  };
  std::vector<Change> changes;

  // Syllables and the gaps between them: a speaker is heard in 7 of 10 frames.
  void pass(Duration d, std::vector<std::size_t> speak = {}, std::uint8_t level = kSpeech) {
    for (const Timestamp end = now + d; now < end; now += 20ms) {
      for (std::size_t i = 0; i < noise.size(); ++i) {
        const bool speaks = std::find(speak.begin(), speak.end(), i) != speak.end();
        const auto movement = static_cast<std::uint8_t>(rng.below(3));
        const bool syllable = speaks && rng.below(10) < 7;
        heard(i, static_cast<std::uint8_t>((syllable ? level : noise[i]) + movement));
      }
    }
  }
  // Loud without a gap.
  void bang(std::size_t who, Duration d) {
    for (const Timestamp end = now + d; now < end; now += 20ms) {
      for (std::size_t i = 0; i < noise.size(); ++i) heard(i, i == who ? 10 : noise[i]);
    }
  }
  void heard(std::size_t i, std::uint8_t level) {
    speaker.heard(now, PeerId{static_cast<std::uint16_t>(i)}, level);
    if (const auto to = speaker.poll()) changes.push_back({now, *to});
  }
};
}  // namespace

TEST_CASE("Whoever begins to speak takes over within half a second to a second", "[core][mesh]") {
  const auto seed = GENERATE(range(1U, 21U));
  CAPTURE(seed);
  Room room(4, seed);
  room.pass(3s);
  CHECK_FALSE(room.speaker.speaker());
  for (const std::size_t who : {2U, 0U, 3U}) {
    const Timestamp begins = room.now;
    room.pass(4s, {who});
    REQUIRE(room.changes.size() > 0);
    CHECK(room.changes.back().to.value == who);
    // 18 active frames at 7 of 10 take 0.5 s, and two frames in a thousand runs of 26 twice that;
    // the one before fades in the same time.
    CHECK(room.changes.back().at - begins <= 1'100ms);
    CHECK(room.changes.back().at - begins >= 300ms);
  }
  CHECK(room.changes.size() == 3);
}

TEST_CASE("A cough and a slammed door of 200 ms do not take over", "[core][mesh]") {
  Room room(3);
  room.pass(3s, {0});
  for (int i = 0; i < 20; ++i) {
    room.bang(1, 200ms);
    room.pass(1s);
    room.bang(2, 200ms);
    room.pass(1s, {0});
  }
  CHECK(room.changes.size() == 1);
  CHECK(room.speaker.speaker() == PeerId{0});
}

TEST_CASE("In silence the last speaker stays", "[core][mesh]") {
  Room room(3);
  room.pass(3s);
  room.pass(3s, {1});
  room.pass(60s);
  CHECK(room.speaker.speaker() == PeerId{1});
  CHECK(room.speaker.changes() == 1);
}

TEST_CASE("Whoever has taken over stays for two seconds at least", "[core][mesh]") {
  const auto seed = GENERATE(range(1U, 11U));
  CAPTURE(seed);
  Room room(3, seed);
  room.pass(3s);
  for (std::size_t i = 0; i < 40; ++i) room.pass(700ms, {i % 3});
  REQUIRE(room.changes.size() > 3);
  for (std::size_t i = 1; i < room.changes.size(); ++i)
    CHECK(room.changes[i].at - room.changes[i - 1].at >= ActiveSpeaker::kLeastHold);
}

TEST_CASE("An interruption does not take over from one who goes on speaking", "[core][mesh]") {
  const auto seed = GENERATE(range(1U, 11U));
  CAPTURE(seed);
  Room room(3, seed);
  room.pass(3s);
  room.pass(5s, {0});
  for (int i = 0; i < 10; ++i) {
    room.pass(600ms, {0, 1});
    room.pass(3s, {0});
  }
  CHECK(room.changes.size() == 1);
}

TEST_CASE("A noisy room is no speaker, and a faint voice in a quiet one is", "[core][mesh]") {
  Room room(2);
  room.noise = {30, 70};  // a fan 15 dB louder than the voice of the other
  room.pass(15s);
  CHECK_FALSE(room.speaker.speaker());
  room.pass(2s, {1}, 45);
  CHECK(room.speaker.speaker() == PeerId{1});
}

TEST_CASE("A speaker whose line fails loses the floor to the next who speaks at once",
          "[core][mesh]") {
  Room room(3);
  room.pass(3s);
  room.pass(5s, {0});
  const Timestamp fails = room.now;
  for (; room.now < fails + 1s; room.now += 20ms) {  // nothing of bridge 0 is heard any more
    room.heard(1, room.rng.below(10) < 7 ? kSpeech : kRoom);
    room.heard(2, kRoom);
  }
  REQUIRE(room.changes.size() == 2);
  CHECK(room.changes.back().to == PeerId{1});
}

// ------------------------------------------------------------ through the bridge

namespace {
// b1 speaks from 3 s on, b2 from 8 s, b1 again from 20 s; syllables of 140 ms every 200 ms.
std::uint8_t turns(std::size_t bridge, Timestamp at) {
  const std::int64_t ms = to_ms(at - t0);
  const std::size_t speaks = ms < 3'000 ? 99 : ms < 8'000 ? 1 : ms < 20'000 ? 2 : 1;
  return bridge == speaks && ms % 200 < 140 ? kSpeech : kRoom;
}
std::optional<Layer> arrives(TestMesh& mesh, std::size_t at, std::size_t from) {
  std::optional<Layer> best;
  mesh.bridge(at).reset_figures(mesh.now());
  mesh.run_for(400ms);
  for (const auto& f : mesh.bridge(at).report(mesh.now()).flows) {
    if (f.from.value == from && f.media == MediaKind::video && f.frames_shown > 5) best = f.layer;
  }
  return best;
}
}  // namespace

TEST_CASE("Every bridge tells who speaks, the speaker's own too, and the change once",
          "[core][mesh]") {
  TestMesh mesh(3);
  TestMedia media(mesh, 3);
  media.level = turns;
  mesh.run_for(12s);
  for (std::size_t at = 0; at < 3; ++at) {
    std::vector<std::size_t> speakers;
    for (const Event& e : mesh.events(at)) {
      if (e.kind == EventKind::speaker_changed) speakers.push_back(e.peer.value);
    }
    CHECK(speakers == std::vector<std::size_t>{1, 2});
    const auto report = mesh.bridge(at).report(mesh.now());
    CHECK(report.speaker == PeerId{2});
    CHECK(report.speaker_changes == 2);
  }
}

TEST_CASE("The large tile gets hi of whoever speaks, the small ones what they can show",
          "[core][mesh]") {
  TestMesh mesh(4, 1, {Layer::lo, Layer::hi, std::nullopt});
  TestMedia media(mesh, 4);
  media.level = turns;
  mesh.run_for(2s);
  CHECK(arrives(mesh, 3, 1) == Layer::lo);  // nobody has spoken yet
  mesh.run_for(3s);
  CHECK(arrives(mesh, 3, 1) == Layer::hi);
  CHECK(arrives(mesh, 3, 2) == Layer::lo);
  mesh.run_for(4s);
  CHECK(arrives(mesh, 3, 2) == Layer::hi);
  CHECK(arrives(mesh, 3, 1) == Layer::hi);  // a dialogue switches nothing
  mesh.run_for(6s);
  CHECK(arrives(mesh, 3, 1) == Layer::lo);  // its tile has been small for longer than 5 s
  CHECK(arrives(mesh, 3, 2) == Layer::hi);
  CHECK(arrives(mesh, 1, 2) == Layer::hi);
  CHECK(arrives(mesh, 2, 1) == Layer::hi);  // who speaks sees the one who spoke before
  CHECK(arrives(mesh, 0, 3) == Layer::hi);  // a record wants everything of everybody
}

TEST_CASE("A change of the speaker freezes no picture", "[core][mesh]") {
  TestMesh mesh(4, 1, {Layer::lo, Layer::hi, std::nullopt});
  TestMedia media(mesh, 4);
  media.level = turns;
  mesh.run_for(30s);
  for (std::size_t at = 0; at < 4; ++at) {
    CHECK(mesh.count_events(at, EventKind::speaker_changed) >= 3);
    std::uint64_t shown = 0;
    for (const auto& f : mesh.bridge(at).report(mesh.now()).flows) {
      CHECK(f.freezes == 0);
      if (f.media == MediaKind::video) shown += f.frames_shown;
    }
    CHECK(shown >= 3 * 15 * 25);  // of three others, a picture in 67 ms for 25 s
  }
}

TEST_CASE("With central and speaker nobody else's picture is sent", "[core][mesh]") {
  TestMesh mesh(4, 1, {std::nullopt, Layer::hi, Layer::mid});
  TestMedia media(mesh, 4);
  media.level = turns;
  mesh.run_for(6s);
  CHECK(arrives(mesh, 3, 0) == Layer::mid);
  CHECK(arrives(mesh, 3, 1) == Layer::hi);
  CHECK_FALSE(arrives(mesh, 3, 2));
}

TEST_CASE("What the driver subscribes to stands, whoever speaks", "[core][mesh]") {
  TestMesh mesh(3, 1, {Layer::lo, Layer::hi, std::nullopt});
  TestMedia media(mesh, 3);
  media.level = turns;
  mesh.run_for(1s);
  mesh.input(2, Command{Subscribe{PeerId{1}, Source::camera, Layer::mid}});
  mesh.run_for(4s);
  CHECK(mesh.bridge(2).report(mesh.now()).speaker == PeerId{1});
  CHECK(arrives(mesh, 2, 1) == Layer::mid);
}
