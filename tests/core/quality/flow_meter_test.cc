#include "core/quality/flow_meter.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "core/base/rng.h"
#include "core/units/media_time.h"

using namespace diemcau;
using namespace diemcau::quality;

namespace {
Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }

FlowMeter video() { return {{PeerId{3}, Source::camera, Layer::hi}, kVideoClockHz}; }
FlowMeter audio() { return {{PeerId{3}, Source::microphone, Layer::only}, kAudioClockHz}; }

// One picture every `gap`, `count` of them; gives the time of the last.
Timestamp show(FlowMeter& meter, Timestamp from, int count, Duration gap) {
  Timestamp t = from;
  for (int i = 0; i < count; ++i) meter.frame_shown(t = from + i * gap, 50ms);
  return t;
}
}  // namespace

TEST_CASE("a gap in the sequence numbers is loss, reordering and duplicates are not") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    std::vector<PacketId> ids;
    for (PacketId id = 100; id < 600; ++id) ids.push_back(id);
    for (std::size_t i = 1; i < ids.size() - 1; ++i) {
      if (rng.below(3) == 0) std::swap(ids[i], ids[i - 1]);
    }
    FlowMeter meter = audio();
    std::uint64_t lost = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      // The ends of the range are what the receiver knows of it.
      if (ids[i] != 100 && ids[i] != 599 && rng.below(10) == 0) {
        ++lost;
        continue;
      }
      meter.packet_arrived(at(i * Duration{20ms}), ids[i], 0, 100, true);
      if (rng.below(5) == 0) meter.packet_arrived(at(i * Duration{20ms}), ids[i], 0, 100, false);
    }
    const FlowReport report = meter.report(at(20s), 0ms);
    REQUIRE(report.packets_lost == lost);
    REQUIRE(report.frames == 500);
    REQUIRE(report.bytes_received == report.packets_received * 100);
  }
}

TEST_CASE("a gap of the average and 150 ms is a freeze, one millisecond less is none") {
  // The edges of WebRTC's own tests: an average of 30 ms.
  for (const auto& [gap, freezes] : {std::pair{180ms, 1U}, {179ms, 0U}}) {
    FlowMeter meter = video();
    const Timestamp last = show(meter, at(0ms), 30, 30ms);
    meter.frame_shown(last + gap, 50ms);
    const FlowReport report = meter.report(last + gap, 0ms);
    CHECK(report.freezes == freezes);
    CHECK(report.freeze_time == (freezes == 1 ? Duration{gap} : Duration::zero()));
  }
}

TEST_CASE("at a low frame rate a gap is a freeze from three times the average on") {
  for (const auto& [gap, freezes] : {std::pair{600ms, 1U}, {599ms, 0U}}) {
    FlowMeter meter = video();
    const Timestamp last = show(meter, at(0ms), 30, 200ms);
    meter.frame_shown(last + gap, 50ms);
    CHECK(meter.report(last + gap, 0ms).freezes == freezes);
  }
}

TEST_CASE("the first five gaps are too few to call anything a freeze") {
  FlowMeter meter = video();
  const Timestamp last = show(meter, at(0ms), 5, 30ms);
  meter.frame_shown(last + 2s, 50ms);
  CHECK(meter.report(last + 2s, 0ms).freezes == 0);
}

TEST_CASE("freezes add up, and the longest is known") {
  FlowMeter meter = video();
  Timestamp last = show(meter, at(0ms), 60, 30ms);
  last = show(meter, last + 500ms, 60, 30ms);
  last = show(meter, last + 300ms, 60, 30ms);
  const FlowReport report = meter.report(last, 0ms);
  CHECK(report.freezes == 2);
  CHECK(report.freeze_time == 800ms);
  CHECK(report.longest_freeze == 500ms);
}

TEST_CASE("a freeze is counted while it lasts, and counted once when it ends") {
  FlowMeter meter = video();
  const Timestamp last = show(meter, at(0ms), 60, 30ms);
  for (const Duration still : {1s, 2s, 3s}) {
    CHECK(meter.take_frozen(last + still));
    CHECK(meter.report(last + still, 0ms).freezes == 1);
    CHECK(meter.report(last + still, 0ms).freeze_time == still);
  }
  meter.frame_shown(last + 3500ms, 50ms);
  CHECK(meter.take_frozen(last + 3510ms));
  CHECK_FALSE(meter.take_frozen(last + 3520ms));
  const FlowReport report = meter.report(last + 3520ms, 0ms);
  CHECK(report.freezes == 1);
  CHECK(report.freeze_time == 3500ms);
  CHECK(report.longest_freeze == 3500ms);
}

TEST_CASE("a freeze that goes on in another layer is one freeze") {
  FlowMeter lo = video(), hi = video();
  const Timestamp last = show(lo, at(0ms), 60, 30ms);
  CHECK(lo.take_frozen(last + 1s));
  hi.picture_goes_on(lo);
  hi.frame_shown(last + 1500ms, 50ms);
  CHECK(lo.report(last + 2s, 0ms).freezes + hi.report(last + 2s, 0ms).freezes == 1);
  CHECK(lo.report(last + 2s, 0ms).freeze_time + hi.report(last + 2s, 0ms).freeze_time == 1500ms);
}

TEST_CASE("a picture that was not supposed to go on has not frozen") {
  FlowMeter meter = video();
  const Timestamp last = show(meter, at(0ms), 60, 30ms);
  meter.picture_paused();
  show(meter, last + 10s, 60, 30ms);
  CHECK(meter.report(last + 20s, 0ms).freezes == 0);
}

TEST_CASE("concealed samples are counted among the played ones") {
  FlowMeter meter = audio();
  for (int i = 0; i < 9; ++i) meter.samples_played(960, false);
  meter.samples_played(960, true);
  const FlowReport report = meter.report(at(1s), 0ms);
  CHECK(report.samples_played == 9'600);
  CHECK(report.samples_concealed == 960);
}

TEST_CASE("jitter is that of RFC 3550: a sixteenth of every change of the transit time") {
  FlowMeter meter = audio();
  meter.packet_arrived(at(0ms), 1, 0, 100, true);
  meter.packet_arrived(at(36ms), 2, 960, 100, true);  // 16 ms late
  CHECK(meter.jitter() == 1ms);
  meter.packet_arrived(at(56ms), 3, 1'920, 100, true);
  CHECK(meter.jitter() == 1ms - Duration{1ms} / 16);
}

TEST_CASE("loss fields of a receiver report speak of the interval since the last one") {
  FlowMeter meter = audio();
  CHECK_FALSE(meter.take_loss_fields());
  for (PacketId id = 1; id <= 100; ++id) {
    if (id % 4 != 2) meter.packet_arrived(at(id * Duration{20ms}), id, 0, 100, true);
  }
  auto fields = meter.take_loss_fields();
  REQUIRE(fields);
  CHECK(fields->fraction_lost == 64);
  CHECK(fields->cumulative_lost == 25);
  CHECK(fields->highest_seq == 100);
  for (PacketId id = 101; id <= 200; ++id) {
    meter.packet_arrived(at(id * Duration{20ms}), id, 0, 100, true);
  }
  fields = meter.take_loss_fields();
  REQUIRE(fields);
  CHECK(fields->fraction_lost == 0);
  CHECK(fields->cumulative_lost == 25);
}

TEST_CASE("under another SSRC losses go on from those before, wherever its numbers begin") {
  const PacketId begins = GENERATE(5, 40'000);
  CAPTURE(begins);
  FlowMeter meter = audio();
  for (PacketId id = 20'000; id < 30'000; ++id)
    if (id % 100 != 50) meter.packet_arrived(at(0ms), id, 0, 100, true);
  REQUIRE(meter.packets_lost() == 100);
  meter.began_anew();
  CHECK(meter.packets_lost() == 100);
  for (PacketId id = begins; id < begins + 1'000; ++id)
    if (id % 100 != 50) meter.packet_arrived(at(1s), id, 0, 100, true);
  CHECK(meter.packets_lost() == 110);
  CHECK(meter.report(at(2s), 0ms).frames == 11'000);
  const auto fields = meter.take_loss_fields();  // of the new SSRC alone
  REQUIRE(fields);
  CHECK(fields->cumulative_lost == 10);
}

TEST_CASE("after a reset the figures count anew, and stragglers from before are no loss") {
  FlowMeter meter = video();
  for (PacketId id = 1; id <= 100; id += 2) {
    meter.packet_arrived(at(id * Duration{10ms}), id, 0, 1'000, true);
  }
  meter.frame_seen(50);
  meter.reset(at(1s));
  for (PacketId id = 100; id <= 110; ++id) {
    meter.packet_arrived(at(id * Duration{10ms}), id, 0, 1'000, true);
  }
  meter.frame_seen(60);
  const FlowReport report = meter.report(at(3s), 0ms);
  CHECK(report.packets_lost == 0);
  CHECK(report.packets_received == 11);
  CHECK(report.frames == 10);
  CHECK(report.measured_for == 2s);
  CHECK(report.from == PeerId{3});
}
