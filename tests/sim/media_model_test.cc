// The modelled encoder keeps its rate, its references and its NAL sizes; the modelled loudspeaker
// keeps count.
#include "sim/media_model.h"

#include <catch2/catch.hpp>
#include <vector>

#include "sim/host_times.h"
#include "sim/playout_model.h"

namespace diemcau::sim {
namespace {

VideoModel encoder(Layer layer = Layer::hi) { return {layer, CounterRandom{1, Purpose::video, 0}}; }

mesh::SetEncoder running(Bitrate rate) {
  mesh::SetEncoder s;
  s.active = true;
  s.rate = rate;
  s.fps = 30;
  return s;
}

std::int64_t bytes_of(VideoModel& video, int frames) {
  std::int64_t sum = 0;
  for (int i = 0; i < frames; ++i) sum += video.capture(30)->bytes;
  return sum;
}

}  // namespace

TEST_CASE("an encoder that was not started makes nothing", "[sim]") {
  VideoModel video = encoder();
  CHECK_FALSE(video.capture(30));
}

TEST_CASE("the average of an hour is what x264 gives of the rate that was set, within a percent",
          "[sim]") {
  VideoModel video = encoder();
  video.set(running(Bitrate::kbps(1'500)));
  const std::int64_t frames = 30 * 3600;
  const double average = static_cast<double>(bytes_of(video, frames)) / static_cast<double>(frames);
  CHECK(average == Approx(1'500.0 * kYieldHi / 8 / 30).epsilon(0.01));
}

TEST_CASE("a key frame is about four and a half average frames and is paid back", "[sim]") {
  VideoModel video = encoder();
  video.set(running(Bitrate::kbps(1'500)));
  const auto first = video.capture(30);
  CHECK(first->key);
  CHECK(first->bytes == Approx(4.5 * 6250).epsilon(0.65));  // ± 4 Laplace scales of 0.15
  CHECK(bytes_of(video, 20) < 20 * 6250);
}

TEST_CASE("a held encoder makes nothing, and then the next frame of its grid from its last",
          "[sim]") {
  VideoModel video = encoder(Layer::lo);
  mesh::SetEncoder s = running(Bitrate::kbps(100));
  s.fps = 15;
  video.set(s);
  std::uint32_t last = 0;
  for (int tick = 0; tick < 20; ++tick) {
    if (const auto frame = video.capture(30)) last = frame->number;
  }
  s.hold = true;
  video.set(s);
  for (int tick = 0; tick < 9; ++tick) CHECK_FALSE(video.capture(30));
  s.hold = false;
  video.set(s);
  std::vector<VideoModel::Frame> next;  // two ticks of 30 are one picture of 15
  for (int tick = 0; tick < 2; ++tick) {
    if (const auto frame = video.capture(30)) next.push_back(*frame);
  }
  REQUIRE(next.size() == 1);
  CHECK(next.front().number == last + 1);
  CHECK(next.front().newest_needed == last);
  CHECK_FALSE(next.front().key);
}

TEST_CASE("an encoder that is held no more makes the picture of the last tick at once, one time",
          "[sim]") {
  VideoModel video = encoder();
  mesh::SetEncoder s = running(Bitrate::kbps(1'500));
  video.set(s);
  const auto last = video.capture(30);
  CHECK_FALSE(video.catch_up(30));
  s.hold = true;
  video.set(s);
  for (int tick = 0; tick < 9; ++tick) CHECK_FALSE(video.capture(30));
  CHECK_FALSE(video.catch_up(30));
  s.hold = false;
  video.set(s);
  const auto at_once = video.catch_up(30);
  REQUIRE(at_once);
  CHECK(at_once->newest_needed == last->number);
  CHECK_FALSE(video.catch_up(30));
  CHECK(video.capture(30)->newest_needed == at_once->number);
}

TEST_CASE("a new rate is reached after three frames", "[sim]") {
  VideoModel video = encoder();
  video.set(running(Bitrate::kbps(1'500)));
  static_cast<void>(bytes_of(video, 300));
  video.set(running(Bitrate::kbps(500)));
  static_cast<void>(bytes_of(video, 3));
  CHECK(bytes_of(video, 300) == Approx(300 * 500'000.0 / 8 / 30).epsilon(0.05));
}

TEST_CASE("after an invalidation no frame leans on what was lost, and none is a key frame",
          "[sim]") {
  VideoModel video = encoder();
  video.set(running(Bitrate::kbps(1'500)));
  static_cast<void>(bytes_of(video, 20));  // frames 0 … 19
  mesh::SetEncoder lost = running(Bitrate::kbps(1'500));
  lost.invalidate_from = 17;
  video.set(lost);
  const auto healed = video.capture(30);
  CHECK(healed->number == 20);
  CHECK_FALSE(healed->key);
  CHECK(healed->newest_needed == 16);
  const auto next = video.capture(30);
  CHECK(next->newest_needed == 20);
  CHECK(next->oldest_needed == 5);
}

TEST_CASE("what was lost takes its place among the sixteen references", "[sim]") {
  for (const Layer layer : {Layer::mid, Layer::hi}) {
    CAPTURE(static_cast<int>(layer));
    VideoModel video = encoder(layer);
    video.set(running(Bitrate::kbps(500)));
    static_cast<void>(bytes_of(video, 40));  // frames 0 … 39
    mesh::SetEncoder lost = running(Bitrate::kbps(500));
    // The oldest one held is all that is left.
    lost.invalidate_from = 25;
    video.set(lost);
    const auto healed = video.capture(30);
    CHECK_FALSE(healed->key);
    CHECK(healed->newest_needed == 24);
    // One frame on it has left.
    lost.invalidate_from = 40;
    video.set(lost);
    CHECK(video.capture(30)->key);
  }
}

TEST_CASE("in two temporal layers the base needs only the base, and takes 55 % of the same rate",
          "[sim]") {
  VideoModel video = encoder();
  video.set(running(Bitrate::kbps(1'500)));
  static_cast<void>(bytes_of(video, 60));
  mesh::SetEncoder set = running(Bitrate::kbps(1'500));
  set.temporal = true;
  video.set(set);
  std::int64_t all = 0, base = 0;
  std::vector<bool> droppable(960);
  for (int n = 0; n < 900; ++n) {
    const auto frame = video.capture(30);
    CHECK_FALSE(frame->key);
    droppable[frame->number] = frame->temporal_id == 1;
    CHECK_FALSE(droppable[frame->newest_needed]);
    CHECK(frame->number - frame->newest_needed == (n > 0 && frame->temporal_id == 0 ? 2U : 1U));
    CHECK(frame->number - frame->oldest_needed <= 17);
    all += frame->bytes;
    base += frame->temporal_id == 0 ? frame->bytes : 0;
  }
  CHECK(static_cast<double>(base) / static_cast<double>(all) == Approx(0.55).margin(0.01));
  CHECK(static_cast<double>(all) == Approx(900 * 1'500'000.0 / 8 / 30 * 0.95).epsilon(0.06));
}

TEST_CASE("what heals a loss is in the base", "[sim]") {
  VideoModel video = encoder();
  mesh::SetEncoder set = running(Bitrate::kbps(1'500));
  set.temporal = true;
  video.set(set);
  static_cast<void>(bytes_of(video, 21));  // the last one, 20, is base: the next would be droppable
  set.invalidate_from = 18;
  video.set(set);
  const auto healed = video.capture(30);
  CHECK_FALSE(healed->key);
  CHECK(healed->temporal_id == 0);
  CHECK(healed->newest_needed == 16);
}

TEST_CASE("an invalidation of every reference gives a key frame", "[sim]") {
  VideoModel video = encoder();
  video.set(running(Bitrate::kbps(1'500)));
  static_cast<void>(bytes_of(video, 20));
  mesh::SetEncoder lost = running(Bitrate::kbps(1'500));
  lost.invalidate_from = 3;
  video.set(lost);
  CHECK(video.capture(30)->key);
}

TEST_CASE("a layer of half the camera's rate takes every second tick", "[sim]") {
  VideoModel video = encoder(Layer::lo);
  mesh::SetEncoder s = running(Bitrate::kbps(150));
  s.fps = 15;
  video.set(s);
  int frames = 0;
  for (int tick = 0; tick < 300; ++tick) frames += video.capture(30) ? 1 : 0;
  CHECK(frames == 150);
}

TEST_CASE("NAL units of a frame fill it and none is too large for a packet", "[sim]") {
  std::vector<mesh::NalUnit> nals;
  for (const std::uint32_t bytes : {60U, 1100U, 1101U, 28'125U}) {
    VideoModel::Frame frame;
    frame.bytes = bytes;
    for (const bool with_bytes : {false, true}) {
      split_into_nals(frame, with_bytes, nals);
      std::uint32_t sum = 0;
      for (const mesh::NalUnit& nal : nals) {
        CHECK(nal.size <= kLargestNal);
        CHECK((nal.data != nullptr) == with_bytes);
        sum += nal.size;
      }
      CHECK(sum == bytes);
    }
  }
}

TEST_CASE("talk and silence have the mean lengths of P.59", "[sim]") {
  VoiceModel voice{CounterRandom{3, Purpose::audio, 0}};
  int talking = 0;
  constexpr int kFrames = 500'000;
  for (int i = 0; i < kFrames; ++i) talking += voice.next_frame().voice ? 1 : 0;
  CHECK(static_cast<double>(talking) / kFrames == Approx(1.004 / (1.004 + 1.587)).margin(0.02));
}

TEST_CASE("who has the floor begins at once and pauses for breath, who has not is silent",
          "[sim]") {
  VoiceModel voice{CounterRandom{3, Purpose::audio, 0}};
  int talking = 0;
  constexpr int kFrames = 100'000;
  for (int i = 0; i < kFrames; ++i) {
    CHECK_FALSE(voice.next_frame(false).voice);
    if (i % 1'000 == 0) CHECK(voice.next_frame(true).voice);
  }
  for (int i = 0; i < kFrames; ++i) talking += voice.next_frame(true).voice ? 1 : 0;
  CHECK(static_cast<double>(talking) / kFrames == Approx(1.004 / (1.004 + 0.3)).margin(0.02));
}

TEST_CASE("the loudspeaker takes a period at a time and counts what one found missing", "[sim]") {
  PlayoutModel playout;
  const auto at_ms = [](std::int64_t ms) { return timestamp_from_ns(ms * 1'000'000); };
  mesh::PlayAudio play;
  play.action = mesh::AudioAction::normal;
  play.captured_at = timestamp_from_ns(1);
  playout.start(at_ms(10));
  CHECK(playout.queued(at_ms(4)) == 0);
  const auto first = playout.perform(at_ms(5), play);
  CHECK(first.samples == 960);
  // With the next period, not at once: that one is being played.
  CHECK(first.plays_at == at_ms(10) + kOpusLookAhead);
  CHECK(playout.queued(at_ms(10)) == 480);
  const auto second = playout.perform(at_ms(14), play);
  CHECK(second.plays_at == at_ms(20) + 10ms + kOpusLookAhead);
  CHECK(second.captured_at == timestamp_from_ns(1));
  CHECK(playout.queued(at_ms(40)) == 0);  // those of 20, 30 and 40 ms have begun
  CHECK(playout.underrun_samples() == 0);
  CHECK(playout.queued(at_ms(69)) == 0);
  CHECK(playout.underrun_samples() == 2 * 480);
  // What comes just after a period's begin waits for the next one.
  CHECK(playout.perform(at_ms(71), play).plays_at == at_ms(80) + kOpusLookAhead);
}

TEST_CASE(
    "stretching changes the length by pitch periods, and what is invented has no capture time",
    "[sim]") {
  PlayoutModel playout;
  mesh::PlayAudio play;
  play.captured_at = timestamp_from_ns(1);
  play.action = mesh::AudioAction::accelerate;
  CHECK(playout.perform(timestamp_from_ns(0), play).samples == 960 - kPitchSamples);
  play.action = mesh::AudioAction::decelerate;
  CHECK(playout.perform(timestamp_from_ns(0), play).samples == 960 + kPitchSamples);
  play.action = mesh::AudioAction::stretch;
  CHECK(playout.perform(timestamp_from_ns(0), play).samples == 960 + kMostStretch);
  play.action = mesh::AudioAction::expand;
  const auto invented = playout.perform(timestamp_from_ns(0), play);
  CHECK(invented.samples == 480);
  CHECK_FALSE(invented.captured_at);
}

}  // namespace diemcau::sim
