// What a record does that has lost a picture, or could not be written: it asks for a key frame.
#include "node/bridge_record.h"

#include <sys/resource.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "tests/node/own_process.h"
#include "tests/node/recorded_meeting.h"
#include "tests/node/scratch_dir.h"

using namespace diemcau;
using namespace diemcau::node;

TEST_CASE(
    "a picture that the queue had no room for leaves out what leans on it, and a key frame is "
    "asked for",
    "[recorder]") {
  ScratchDir dir;
  RecorderConfig config = config_in(dir);
  config.queue_bytes = 8U << 20;
  std::vector<StreamId> wanted;
  config.on_key_wanted = [&](const StreamId& stream) { wanted.push_back(stream); };
  Recorder recorder(config);
  RoomEncoder encoder(320, 180), other(320, 180);
  Meeting meeting(recorder);
  meeting.run(encoder, Layer::hi, 0ms, 1s);
  const std::vector<std::uint8_t> too_large(9U << 20, 1);
  meeting.give(picture_stream(Layer::hi), false, 1s, too_large);
  meeting.run(encoder, Layer::hi, 1'040ms, 2s);
  meeting.run(other, Layer::hi, 2s, 3s);
  const auto parts = recorder.close();
  CHECK(wanted == std::vector{picture_stream(Layer::hi)});
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].frames == 50);
  CHECK(packets(parts[0].path, "a") == 148);
  CHECK(decode_errors(parts[0].path).empty());
}

TEST_CASE("a layer that is alone in the record without a key frame has one asked for",
          "[recorder]") {
  ScratchDir dir;
  RecorderConfig config = config_in(dir);
  std::vector<StreamId> wanted;
  config.on_key_wanted = [&](const StreamId& stream) { wanted.push_back(stream); };
  Recorder recorder(config);
  RoomEncoder mid(320, 180), hi(640, 360), again(320, 180);
  Meeting meeting(recorder);
  for (Duration t = 0ms; t < 2'400ms; t += 40ms) {
    meeting.picture(mid, Layer::mid, t);
    // A climb that is called off before mid has ended.
    if (t >= 1s && t < 1'200ms) meeting.picture(hi, Layer::hi, t, 640);
  }
  for (Duration t = 2'400ms; t < 3'400ms; t += 40ms) meeting.picture(again, Layer::mid, t);
  const auto parts = recorder.close();
  CHECK(wanted == std::vector{picture_stream(Layer::mid)});
  REQUIRE(parts.size() == 3);
  CHECK(parts[2].layer == Layer::mid);
  CHECK(parts[2].frames == 25);
}

TEST_CASE("times that fall back begin a part in which everything has its place", "[recorder]") {
  ScratchDir dir;
  Recorder recorder(config_in(dir));
  RoomEncoder encoder(320, 180);
  Meeting meeting(recorder);
  meeting.run(encoder, Layer::hi, 0ms, 2s);
  meeting.run(encoder, Layer::hi, 62s, 62'400ms);  // as long as the offset of before it slept holds
  meeting.run(encoder, Layer::hi, 2'400ms, 6s);
  const auto parts = recorder.close();
  REQUIRE(parts.size() == 2);
  CHECK(parts[1].frames == 90);
  CHECK(parts[1].duration_s == Approx(3.6).margin(0.05));
  CHECK(packets(parts[1].path, "a") == 180);
  CHECK(decode_errors(parts[1].path).empty());
}

TEST_CASE("a record that cannot be written asks for key frames ever more rarely", "[recorder]") {
  BridgeRecord record;
  int asked = 0;
  const Timestamp start = timestamp_from_ns(0);
  for (Timestamp now = start; now < start + 10min; now += 33ms) {
    RecordItem picture;
    picture.stream = picture_stream(Layer::hi);
    picture.captured_at = now;
    record.saw(picture);
    if (!record.continues(picture) && record.asks_for_key(now, picture)) ++asked;
  }
  // After 1, 3, 7, … 63 s, then every 64 s.
  CHECK(asked == 7 + (600 - 63) / 64);
}

TEST_CASE("a disk that has room again gets a key frame to go on with", "[recorder]") {
  ScratchDir dir;
  const int exit_code = exit_code_of([&] {
    const rlimit full{20'000, RLIM_INFINITY}, enough{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &full);
    RecorderConfig config = config_in(dir);
    std::atomic<int> wanted = 0;
    config.on_key_wanted = [&](const StreamId&) { ++wanted; };
    Recorder recorder(config);
    RoomEncoder encoder(320, 180), other(320, 180);
    Meeting meeting(recorder);
    meeting.run(encoder, Layer::hi, 0ms, 5s);
    const bool failed = wait_for([&] { return recorder.figures().write_errors > 0; });
    ::setrlimit(RLIMIT_FSIZE, &enough);
    std::this_thread::sleep_for(std::chrono::milliseconds(1'100));  // until it tries again
    for (Duration t = 5s; t < 6s; t += 40ms) meeting.picture(encoder, Layer::hi, t);
    wait_for([&] { return wanted > 0; });
    for (Duration t = 6s; t < 7s; t += 40ms) meeting.picture(other, Layer::hi, t);
    const auto parts = recorder.close();
    return failed && wanted == 1 && !parts.empty() && parts.back().frames == 25;
  });
  CHECK(exit_code == 0);
}
