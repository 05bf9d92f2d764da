// Several meetings, pauses, weights and least rates: what the reader makes of them, and what the
// bridges do.
#include "sim/meetings.h"

#include <catch2/catch.hpp>

#include "core/base/rng.h"
#include "sim/device_clock.h"
#include "sim/meeting_metrics.h"
#include "sim/world.h"
#include "tests/sim/scenario_text.h"

namespace diemcau::sim {
namespace {

// The central bridge with each district on its own.
const std::string kTwoMeetings =
    replaced(kSmallScenario, "\"central\", \"district-*\"", "\"central\", \"district-01\"") +
    "\n[[meeting]]\nmembers = [\"central\", \"district-02\"]\n";

RunResult run(const std::string& text) {
  World world{parse_text(text), {}};
  return world.run();
}

std::uint64_t sent(const RunResult& r, std::size_t from, std::size_t to) {
  std::uint64_t packets = 0;
  for (const Layer layer : {Layer::only, Layer::lo, Layer::mid, Layer::hi})
    packets += r.crossing(from, to, layer).packets_sent;
  return packets;
}

}  // namespace

TEST_CASE("bridges send to those alone with whom they share a meeting", "[sim]") {
  const RunResult r = run(kTwoMeetings);
  CHECK(sent(r, 1, 0) > 0);
  CHECK(sent(r, 0, 2) > 0);
  CHECK(sent(r, 2, 0) > 0);
  CHECK(sent(r, 1, 2) == 0);
  CHECK(sent(r, 2, 1) == 0);
}

TEST_CASE("no sound between bridges that share no meeting spoils no figure", "[sim]") {
  const MeetingFigures figures = meeting_figures(run(kTwoMeetings));
  CHECK_FALSE(figures.sound(1, 2));
  CHECK(figures.sound(1, 0));
}

TEST_CASE("a site in two meetings is there from its first join to its last leave", "[sim]") {
  std::string text = replaced(kTwoMeetings, "start = \"0s\"", "start = \"1s\"\nend = \"2s\"");
  text += "start = \"500ms\"\nend = \"3s\"\n";
  const Scenario s = parse_text(text);
  CHECK(s.members[0].meetings == std::vector<std::uint16_t>{0, 1});
  CHECK(s.members[0].joins == 500ms);
  CHECK(s.members[0].leaves == Duration{3s});
  CHECK(s.members[1].joins == 1s);
  CHECK(s.members[1].leaves == Duration{2s});
}

TEST_CASE("what holds for all meetings stands in the first", "[sim]") {
  CHECK(complaint(kTwoMeetings + "subscribe = \"hi\"\n") ==
        "s.toml:29: meeting.subscribe: stands in a meeting after the first; a bridge has one "
        "setting for all; say it in the first [[meeting]]");
}

TEST_CASE("the floor of one meeting is not that of another", "[sim]") {
  const Scenario s =
      parse_text(kTwoMeetings + "speaker = [{ at = \"1s\", site = \"district-02\" }]\n");
  const Timestamp before = Timestamp{} + 500ms, after = Timestamp{} + 2s;
  CHECK(has_floor(s, 1, after) == std::nullopt);
  CHECK(has_floor(s, 2, before) == false);
  CHECK(has_floor(s, 2, after) == true);
  CHECK(has_floor(s, 0, after) == false);
  CHECK(complaint(kTwoMeetings + "speaker = [{ at = \"1s\", site = \"district-01\" }]\n") ==
        "s.toml:29: meeting.speaker.site: \"district-01\" is not in the meeting; name one of its "
        "members");
}

TEST_CASE("with central and speaker, whoever speaks is found by core and seen by all", "[sim]") {
  std::string text = replaced(kSmallScenario, "duration = \"4s\"", "duration = \"20s\"");
  text = replaced(text, "count = 2", "count = 3");
  text = replaced(text, "video = {",
                  "subscribe = \"central+speaker\"\nspeaker = [{ at = \"0s\", site = "
                  "\"district-01\" }, { at = \"10s\", site = \"district-02\" }]\nvideo = {");
  const RunResult r = run(text);
  for (std::size_t to = 0; to < 4; ++to) {
    CAPTURE(to);
    CHECK(r.bridges[to].speaker == PeerId{2});
    CHECK(r.bridges[to].speaker_changes == 2);
  }
  CHECK(r.crossing(1, 3, Layer::hi).packets_sent > 0);
  CHECK(r.crossing(2, 3, Layer::hi).packets_sent > 0);
  CHECK(r.crossing(0, 3, Layer::mid).packets_sent > 0);
  // Who has not spoken is not seen, but by the bridge that records.
  for (const Layer layer : {Layer::lo, Layer::mid, Layer::hi})
    CHECK(r.crossing(3, 1, layer).packets_sent == 0);
  CHECK(r.crossing(3, 0, Layer::hi).packets_sent > 0);
  for (const auto& bridge : r.bridges) {
    for (const auto& f : bridge.flows) CHECK(f.freezes == 0);
  }
}

TEST_CASE("a pause holds back the pictures and the sound of its site alone", "[sim]") {
  const std::string text =
      replaced(kSmallScenario, "video = {",
               "pause = [{ site = \"district-01\", from = \"0s\", to = \"4s\" }]\nvideo = {");
  const RunResult r = run(text);
  CHECK(r.crossing(1, 2, Layer::lo).packets_sent == 0);
  CHECK(r.crossing(1, 2, Layer::mid).packets_sent == 0);
  CHECK(r.crossing(2, 1, Layer::only).packets_sent > 0);
  // A frame may leave before the bridge is told, in its first 20 ms.
  CHECK(r.crossing(1, 2, Layer::only).packets_sent <= 1);
}

TEST_CASE("min bounds what is worth sending of every layer", "[sim]") {
  const Scenario plain = parse_text(kSmallScenario);
  CHECK(plain.least_rates.hi == Bitrate::kbps(300));
  const Scenario s = parse_text(
      replaced(kSmallScenario, "\"1Mbit/s\", fps", "\"1Mbit/s\", min = \"120kbit/s\", fps"));
  CHECK(s.least_rates.hi == Bitrate::kbps(120));
  CHECK(s.least_rates.mid == Bitrate::kbps(120));
  CHECK(s.least_rates.lo == Bitrate::kbps(50));
}

TEST_CASE("a site's weight and clock are its own", "[sim]") {
  const Scenario s = parse_text(replaced(
      kSmallScenario, "[group.district]",
      "weight = 2\nclock = { skew_ppm = 200, steps = [{ at = \"1s\", by = \"500ms\" }] }\n\n"
      "[group.district]"));
  CHECK(s.members[0].weight == 2);
  CHECK(s.members[1].weight == 1);
  CHECK(s.members[0].skew_ppm == 200);
  REQUIRE(s.members[0].wall_steps.size() == 1);
  CHECK(s.members[0].wall_steps[0].by == 500ms);
  CHECK(s.members[1].wall_steps.empty());
}

TEST_CASE("a device clock gains its ppm and can be turned back exactly", "[sim]") {
  const DeviceClock fast{200};
  CHECK(fast.local(Timestamp{} + 1h) == Timestamp{} + 1h + 720ms);  // 3600 s × 200e-6
  constexpr std::uint64_t kSeed = 20;
  INFO("seed " << kSeed);
  Rng rng{kSeed};
  for (int i = 0; i < 1000; ++i) {
    const DeviceClock clock{static_cast<std::int64_t>(rng.next() % 2001) - 1000};
    const auto ns = static_cast<std::int64_t>(rng.next() % 86'400'000'000'000);  // a day
    const Timestamp shown = Timestamp{} + Duration{ns};
    const Timestamp t = clock.true_time(shown);
    CHECK(clock.local(t) >= shown);
    CHECK(clock.local(t - 1ns) < shown);
  }
}

}  // namespace diemcau::sim
