// Half the picture rate from end to end: one viewer's line carries all of hi, the other's a little
// more than half.
#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "sim/observer.h"
#include "sim/world.h"
#include "tests/sim/scenario_text.h"

namespace diemcau::sim {
namespace {

std::string meeting(const std::string& far_down) {
  return R"(version = 1
name = "half"
seed = 5
duration = "40s"
warmup = "15s"

[profile.office]
up = { rate = "20Mbit/s", delay = "6ms", queue = "120ms" }
down = { rate = "50Mbit/s", delay = "6ms", queue = "120ms" }

[site.central]
profile = "office"

[site.far]
profile = "office"
down = )" +
         far_down +
         R"(

[site.near]
profile = "office"

[[meeting]]
members = ["central", "far", "near"]
subscribe = "hi"
video = { bitrate = "1500kbit/s", fps = 30 }
audio = { bitrate = "32kbit/s", frame = "20ms" }
pause = [{ site = "near", from = "0s", to = "40s" }]
)";
}
constexpr std::uint16_t kMiddle = 0, kFar = 1, kNear = 2;  // sorted by name
const Timestamp kSettled{15s};

// What central's camera and its viewers did once everything had settled.
class Watch : public Observer {
 public:
  void sent(Timestamp, const Traffic&) override {}
  void arrived(Timestamp, const Traffic&) override {}
  void crossed(std::uint32_t, const Traffic&, const Link::Result&) override {}
  void shown(const PictureShown& what) override {
    if (what.from != kMiddle || what.shown_at < kSettled) return;
    (what.to == kFar ? far : near).push_back(what);
  }
  void played(const SoundPlayed&) override {}
  void encoder_set(Timestamp now, std::uint16_t member, const mesh::SetEncoder& what) override {
    if (member != kMiddle || what.layer != Layer::hi) return;
    temporal = what.temporal;
    if (now < kSettled) return;
    key_frames += what.idr ? 1U : 0U;
    invalidations += what.invalidate_from ? 1U : 0U;
    switches += temporal != temporal_before_ ? 1U : 0U;
    temporal_before_ = temporal;
  }
  void encoded(Timestamp now, std::uint16_t member, const PictureEncoded& what) override {
    const Layer layer = what.stream.layer;
    if (member != kMiddle || now < kSettled) return;
    (layer == Layer::hi ? encoded_hi : encoded_others) += 1;
  }
  void told(Timestamp, std::uint16_t, const mesh::Event&) override {}

  std::vector<PictureShown> far, near;
  bool temporal = false;
  std::uint32_t key_frames = 0, invalidations = 0, switches = 0, encoded_hi = 0, encoded_others = 0;

 private:
  bool temporal_before_ = true;
};

std::vector<Duration> gaps_of(const std::vector<PictureShown>& pictures) {
  std::vector<Duration> gaps;
  for (std::size_t i = 1; i < pictures.size(); ++i)
    gaps.push_back(pictures[i].shown_at - pictures[i - 1].shown_at);
  return gaps;
}

// Captured between the first and the last of them, and not among them.
std::uint64_t missing_of(const std::vector<PictureShown>& pictures) {
  constexpr Duration kInterval = Duration{1s} / 30;
  std::int64_t missing = 0;
  for (std::size_t i = 1; i < pictures.size(); ++i) {
    const Duration step = pictures[i].captured_at - pictures[i - 1].captured_at;
    missing += (step + kInterval / 2) / kInterval - 1;
  }
  return static_cast<std::uint64_t>(missing);
}

const quality::FlowReport& hi_of_central(const RunResult& r, std::uint16_t to) {
  const auto& flows = r.bridges[to].flows;
  const auto found = std::find_if(flows.begin(), flows.end(), [](const auto& f) {
    return f.from.value == kMiddle && f.layer == Layer::hi;
  });
  REQUIRE(found != flows.end());
  return *found;
}

RunResult run(const std::string& far_down, Watch& watch) {
  WorldOptions options;
  options.observer = &watch;
  World world{parse_text(meeting(far_down)), options};
  return world.run();
}

}  // namespace

TEST_CASE("whoever has room for half of a layer sees half of its pictures, evenly and in time",
          "[sim][half]") {
  Watch watch;
  const RunResult r = run(R"({ rate = "1.25Mbit/s", delay = "6ms", queue = "200ms" })", watch);
  const auto gaps = gaps_of(watch.far);
  CHECK(watch.far.size() >= 25 * 15 - 4);
  CHECK(watch.far.size() <= 25 * 18);  // it tries all of it at times
  for (const PictureShown& picture : watch.far) CHECK(picture.layer == Layer::hi);
  REQUIRE_FALSE(gaps.empty());
  CHECK(*std::max_element(gaps.begin(), gaps.end()) <= 120ms);
  const auto even =
      std::count_if(gaps.begin(), gaps.end(), [](Duration g) { return g > 50ms && g < 84ms; });
  CHECK(even * 100 >= static_cast<std::int64_t>(gaps.size()) * 75);
  const quality::FlowReport& far = hi_of_central(r, kFar);
  CHECK(far.freezes == 0);
  CHECK(far.frames_undecodable == 0);
  // What was left out counts neither as sent nor as lost.
  CHECK(far.frames <= far.frames_shown + 3);
  CHECK(far.frames + 3 >= far.frames_shown);
}

TEST_CASE("half rate for one costs the other no picture, no rate, no key frame", "[sim][half]") {
  Watch watch;
  const RunResult r = run(R"({ rate = "1.25Mbit/s", delay = "6ms", queue = "200ms" })", watch);
  CHECK(watch.temporal);
  CHECK(watch.switches == 0);
  CHECK(watch.key_frames == 0);
  CHECK(watch.invalidations == 0);
  CHECK(std::abs(static_cast<int>(watch.encoded_hi) - 25 * 30) <= 2);
  CHECK(watch.encoded_others == 0);  // one encoder for both
  CHECK(std::abs(static_cast<int>(watch.near.size()) - 25 * 30) <= 2);
  const quality::FlowReport& near = hi_of_central(r, kNear);
  // One may be on its way to the screen when counting begins and when it ends.
  CHECK(near.frames <= near.frames_shown + 1);
  CHECK(near.frames + 1 >= near.frames_shown);
  CHECK(static_cast<double>(near.bytes_received) * 8 / 25 > 1'400'000);
  std::uint64_t left_out = 0;
  for (const quality::PathReport& path : r.bridges[kMiddle].paths) {
    if (path.peer.value == kFar) left_out = path.pictures_left_out;
    if (path.peer.value != kNear) continue;
    CHECK(path.pictures_left_out <= 2);  // its path late for once
    CHECK(missing_of(watch.near) <= path.pictures_left_out);
  }
  CHECK(left_out > 25 * 12);
}

TEST_CASE("where all have room, nobody's pictures are made droppable", "[sim][half]") {
  Watch watch;
  const RunResult r = run(R"({ rate = "20Mbit/s", delay = "6ms", queue = "200ms" })", watch);
  CHECK_FALSE(watch.temporal);
  for (const quality::PathReport& path : r.bridges[kMiddle].paths)
    CHECK(path.pictures_left_out == 0);
}

}  // namespace diemcau::sim
