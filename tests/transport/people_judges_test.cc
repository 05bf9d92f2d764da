// Series with known answers: pictures, sound and encoders.
#include <catch2/catch.hpp>

#include "bench/transport/cases.h"
#include "bench/transport/judges.h"
#include "core/quality/emodel.h"

namespace diemcau::judge {
namespace {

Timestamp at(Duration d) { return Timestamp{} + d; }

Sound heard(Duration plays, Duration delay) {
  return {mesh::AudioAction::normal, 960, at(plays - delay), at(plays)};
}
Sound concealed(Duration plays) {
  return {mesh::AudioAction::expand, 960, std::nullopt, at(plays)};
}

// Ten pictures and fifty sounds a second, all equally late.
FlowLog steady(int seconds, Duration video, Duration audio) {
  FlowLog flow;
  for (int i = 0; i < seconds * 10; ++i)
    flow.pictures.push_back({Layer::hi, at(i * 100ms - video), at(i * 100ms)});
  for (int i = 0; i < seconds * 50; ++i) flow.sounds.push_back(heard(i * 20ms, audio));
  return flow;
}

TEST_CASE("The longest picture gap counts from the span's begin and to its end", "[judge]") {
  FlowLog flow;
  for (const Duration t : {1s, 2s, 5s}) flow.pictures.push_back({Layer::hi, at(t), at(t)});
  CHECK(longest_picture_gap_ms(flow, from_to(0, 6)) == Approx(3000));
  CHECK(longest_picture_gap_ms(flow, from_to(0, 12)) == Approx(7000));
  CHECK(longest_picture_gap_ms(FlowLog{}, from_to(0, 6)) == Approx(6000));
}

TEST_CASE("A picture from before the outage does not bring the picture back", "[judge]") {
  FlowLog flow;
  flow.pictures = {{Layer::hi, at(29s), at(33'010ms)}, {Layer::hi, at(32s), at(33'120ms)}};
  CHECK(picture_back_ms(flow, at(33s), at(30s)) == Approx(120));
  CHECK_FALSE(picture_back_ms(flow, at(34s), at(30s)));
}

TEST_CASE("The first full picture waits for its layer and for its encoder's rate", "[judge]") {
  FlowLog flow;
  flow.up_at = at(1s);
  flow.pictures = {{Layer::mid, at(1100ms), at(1200ms)},
                   {Layer::hi, at(1300ms), at(1400ms)},
                   {Layer::hi, at(1600ms), at(1700ms)}};
  EncoderLog encoder;
  encoder.targets = {{at(1s), Layer::hi, true, Bitrate::kbps(300)},
                     {at(1500ms), Layer::hi, true, Bitrate::kbps(1400)}};
  CHECK(first_full_picture_ms(flow, encoder, Layer::hi, Bitrate::kbps(1500)) == Approx(700));
  CHECK_FALSE(first_full_picture_ms(flow, encoder, Layer::hi, Bitrate::kbps(3000)));
}

TEST_CASE("Delay is back when a second goes by without a late picture", "[judge]") {
  FlowLog flow = steady(20, 50ms, 50ms);
  for (Picture& p : flow.pictures) {
    if (p.shown_at < at(12s)) p.captured_at = p.shown_at - 300ms;
  }
  // The last late one is shown at 11.9 s.
  CHECK(video_delay_back_s(flow, from_to(10, 20), 50) == Approx(1.9));
  CHECK(video_delay_back_s(flow, from_to(13, 20), 50) == Approx(0));
}

TEST_CASE("Concealment is a share of the samples after the first frame", "[judge]") {
  FlowLog flow;
  for (int i = 0; i < 50; ++i) flow.sounds.push_back(concealed(i * 20ms));  // nothing to hear yet
  for (int i = 50; i < 149; ++i) flow.sounds.push_back(heard(i * 20ms, 60ms));
  flow.sounds.push_back(concealed(2980ms));
  CHECK(concealed_ratio(flow, {from_to(0, 3)}) == Approx(0.01));
  CHECK(concealments(flow, from_to(0, 3)) == Approx(1));
  CHECK_FALSE(concealed_ratio(FlowLog{}, {from_to(0, 3)}));
}

TEST_CASE("A run of concealed periods is one concealment", "[judge]") {
  FlowLog flow = steady(1, 0ms, 60ms);
  for (int i = 0; i < 5; ++i) flow.sounds.push_back(concealed(1s + i * 10ms));
  flow.sounds.push_back(heard(1100ms, 60ms));
  flow.sounds.push_back(concealed(1120ms));
  CHECK(concealments(flow, from_to(0, 2)) == Approx(2));
}

TEST_CASE("R is the E-model's of mean delay and concealment", "[judge]") {
  const FlowLog flow = steady(10, 50ms, 200ms);
  CHECK(r_factor(flow, {from_to(0, 10)}) == Approx(quality::r_factor(200ms, 0)));
}

TEST_CASE("Sound ahead is the picture's delay minus that of the sound then playing", "[judge]") {
  const FlowLog flow = steady(10, 90ms, 60ms);
  CHECK(sound_ahead_ms(flow, from_to(0, 10), 0.5) == Approx(30));
  CHECK(sound_ahead_ms(flow, from_to(0, 10), 0.99) == Approx(30));
}

TEST_CASE("Frames are counted until one fits the lower rate", "[judge]") {
  EncoderLog encoder;
  encoder.targets = {{at(1s), Layer::hi, true, Bitrate::kbps(1200)},
                     {at(2s), Layer::hi, true, Bitrate::kbps(1100)},  // no cut by a fifth
                     {at(3s), Layer::hi, true, Bitrate::kbps(600)}};
  // 600 kbit/s at 30 fps are 2500 bytes; up to 4000 count as reached.
  for (const auto& [t, bytes] : {std::pair{2900ms, 5000U},
                                 {3030ms, 4800U},
                                 {3060ms, 4200U},
                                 {3090ms, 3900U},
                                 {3120ms, 2500U}})
    encoder.pictures.push_back({at(t), Layer::hi, bytes});
  CHECK(frames_to_follow(encoder, from_to(0, 10), Layer::hi, 30) == Approx(3));
  CHECK_FALSE(frames_to_follow(encoder, from_to(5, 10), Layer::hi, 30));
}

// Two members and one line between them, ten seconds.
Recording meeting_of_two() {
  Recording r;
  r.names = {"a", "b"};
  r.scenario.duration = 10s;
  r.lines.resize(1);
  r.lines[0].bins.resize(100);
  r.paths = {{}, {0}, {0}, {}};
  r.flows.resize(4);
  r.flows[1] = steady(10, 50ms, 80ms);
  return r;
}

TEST_CASE("Seconds with an outage and the one after it are judged by nobody", "[judge]") {
  Recording r = meeting_of_two();
  r.lines[0].bins[52].interrupted = true;
  const Seconds s = seconds_of(r, 0, 1, 0s);
  CHECK(s.clear.size() == 8);
  CHECK(s.flooded.empty());
}

TEST_CASE("Only somebody else's packets that wait in a FIFO flood a second", "[judge]") {
  Recording r = meeting_of_two();
  r.lines[0].bins[52].longest_foreign_wait = 100ms;
  CHECK(seconds_of(r, 0, 1, 0s).foreign_wait_ms == std::vector<double>{100, 100});
  r.lines[0].fifo = false;
  CHECK(seconds_of(r, 0, 1, 0s).clear.size() == 10);
}

TEST_CASE("A path that is as late as the foreign queue makes it loses no R by itself", "[judge]") {
  Recording r = meeting_of_two();
  for (std::size_t i = 50; i < 60; ++i) r.lines[0].bins[i].longest_foreign_wait = 200ms;
  for (Sound& s : r.flows[1].sounds) {
    if (s.plays_at >= at(5s) && s.plays_at < at(7s)) *s.captured_at -= 200ms;
  }
  CHECK(r_below_flooded(r.flows[1], seconds_of(r, 0, 1, 0s)) == Approx(0).margin(0.01));
  for (Sound& s : r.flows[1].sounds) {
    if (s.plays_at >= at(5s) && s.plays_at < at(7s)) *s.captured_at -= 100ms;
  }
  const double more = quality::r_factor(280ms, 0) - quality::r_factor(380ms, 0);
  CHECK(r_below_flooded(r.flows[1], seconds_of(r, 0, 1, 0s)) == Approx(more).margin(0.01));
}

}  // namespace
}  // namespace diemcau::judge
