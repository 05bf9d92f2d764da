#include "core/send/pacer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "core/base/rng.h"

using namespace diemcau;
using namespace diemcau::send;

namespace {

Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }

struct Stage {
  explicit Stage(Bitrate rate) : pacer(rate) {}
  PacketPool pool;
  Pacer pacer;

  std::vector<OutgoingPacket> picture(std::uint16_t number, std::size_t packets,
                                      std::uint8_t temporal_id = 0, std::size_t bytes = 1'000) {
    std::vector<OutgoingPacket> frame(packets);
    for (std::size_t i = 0; i < packets; ++i) {
      frame[i].source = Source::camera;
      frame[i].payload = pool.take();
      frame[i].payload->set_size(0, bytes);
      frame[i].descriptor.frame_number = number;
      frame[i].descriptor.temporal_id = temporal_id;
      frame[i].descriptor.start = i == 0;
      frame[i].descriptor.end = i + 1 == packets;
    }
    return frame;
  }
  std::vector<OutgoingPacket> sound(std::size_t bytes = 80) {
    std::vector<OutgoingPacket> frame(1);
    frame[0].payload = pool.take();
    frame[0].payload->set_size(0, bytes);
    return frame;
  }
  void put(Timestamp now, std::uint16_t peer, const std::vector<OutgoingPacket>& frame) {
    pacer.enqueue(now, PeerId{peer}, frame);
  }
  struct Left {
    Timestamp at;
    std::uint16_t peer = 0;
    bool audio = false;
    std::uint16_t frame = 0;
    bool end = false;
    std::size_t bytes = 0;
  };
  // Wakes the pacer at its deadlines until `end`.
  std::vector<Left> run(Timestamp from, Timestamp end) {
    std::vector<Left> left;
    Timestamp now = from;
    while (now <= end) {
      while (auto next = pacer.poll(now)) {
        const auto& p = next->packet;
        left.push_back({now, next->peer.value, p.source == Source::microphone,
                        p.descriptor.frame_number, p.descriptor.end, p.payload->wire_size()});
      }
      const auto due = pacer.deadline();
      if (!due) break;
      REQUIRE(*due > now);
      now = *due;
    }
    return left;
  }
};

}  // namespace

TEST_CASE("sound leaves before pictures that were there first") {
  Stage s(Bitrate::kbps(100'000));
  s.put(at(0ms), 1, s.picture(1, 3));
  s.put(at(0ms), 2, s.picture(1, 3));
  s.put(at(0ms), 2, s.sound());
  s.put(at(0ms), 1, s.sound());
  const auto left = s.run(at(0ms), at(100ms));
  REQUIRE(left.size() == 8);
  CHECK(left[0].audio);
  CHECK(left[1].audio);
}

TEST_CASE("what leaves never runs more than 2 ms and one packet ahead of the rate") {
  const Bitrate rate = Bitrate::kbps(4'000);
  Stage s(rate);
  Rng rng(1);
  std::vector<Stage::Left> left;
  for (int n = 0; n < 30; ++n) {
    const Timestamp now = at(n * Duration{33ms});
    s.put(now, 1, s.picture(static_cast<std::uint16_t>(n), 1 + rng.below(20)));
    for (const auto& l : s.run(now, now + 32ms)) left.push_back(l);
  }
  REQUIRE(left.size() > 100);
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::int64_t bytes = 0;
    for (std::size_t k = i; k < left.size(); ++k) {
      bytes += static_cast<std::int64_t>(left[k].bytes);
      const Duration window = left[k].at - left[i].at;
      REQUIRE(bytes <= rate.bytes_in(window + 2ms).count() + 2'200);
    }
  }
}

TEST_CASE("the frames of several peers take turns, and no peer is always last") {
  Stage s(Bitrate::kbps(20'000));
  std::map<std::uint16_t, int> last;
  for (int n = 0; n < 40; ++n) {
    const Timestamp now = at(n * Duration{33ms});
    for (std::uint16_t peer = 0; peer < 4; ++peer) {
      s.put(now, peer, s.picture(static_cast<std::uint16_t>(n), 4));
    }
    const auto left = s.run(now, now + 32ms);
    REQUIRE(left.size() == 16);
    ++last[left.back().peer];
    // A frame that has begun is finished before the next peer's.
    for (std::size_t i = 1; i < left.size(); ++i) {
      CHECK((left[i].peer == left[i - 1].peer || left[i - 1].end));
    }
  }
  CHECK(last.size() == 4);
  for (const auto& [peer, times] : last) CHECK(times == 10);
}

TEST_CASE("the packets of one stream keep their order") {
  Stage s(Bitrate::kbps(3'000));
  for (std::uint16_t n = 0; n < 3; ++n) s.put(at(0ms), 1, s.picture(n, 4));
  const auto left = s.run(at(0ms), at(90ms));
  REQUIRE(left.size() == 12);
  for (std::size_t i = 0; i < left.size(); ++i) CHECK(left[i].frame == i / 4);
}

TEST_CASE("behind a queue older than one frame, droppable frames are left out and others are not") {
  Stage s(Bitrate::kbps(1'000));
  s.put(at(0ms), 1, s.picture(0, 8));
  s.put(at(20ms), 1, s.picture(1, 1, 1));
  CHECK(s.pacer.drops().video_frames == 0);
  s.put(at(40ms), 1, s.picture(2, 1, 1));
  CHECK(s.pacer.drops().video_frames == 1);
  s.put(at(40ms), 1, s.picture(3, 1, 0));
  CHECK(s.pacer.drops().video_frames == 1);
}

TEST_CASE("a picture that waited 100 ms is dropped whole, and one that has begun is finished") {
  Stage s(Bitrate::kbps(500));
  s.put(at(0ms), 1, s.picture(0, 10));
  s.put(at(0ms), 1, s.picture(1, 5));
  s.put(at(150ms), 1, s.picture(2, 2));
  std::map<std::uint16_t, int> packets;
  for (const auto& l : s.run(at(0ms), at(1s))) ++packets[l.frame];
  CHECK(packets[0] == 10);
  CHECK(packets.count(1) == 0);
  CHECK(s.pacer.drops().video_frames >= 1);
}

TEST_CASE("sound that waited 200 ms is not sent any more, and what is sent is never older") {
  Stage s(Bitrate::kbps(20));
  for (int n = 0; n < 50; ++n) s.put(at(n * Duration{20ms}), 1, s.sound());
  const auto left = s.run(at(980ms), at(3s));
  CHECK(s.pacer.drops().audio_packets >= 38);
  CHECK(left.size() + s.pacer.drops().audio_packets == 50);
}

TEST_CASE("bytes that went past the pacer hold back what comes after them") {
  Stage s(Bitrate::kbps(1'000));
  s.pacer.account(at(0ms), ByteCount::bytes(10'000));  // 80 ms and its headers
  s.put(at(0ms), 1, s.sound());
  CHECK_FALSE(s.pacer.poll(at(70ms)));
  CHECK(s.pacer.poll(at(85ms)));
}

TEST_CASE("what waits for a peer that has left is forgotten") {
  Stage s(Bitrate::kbps(1'000));
  s.put(at(0ms), 1, s.picture(0, 5));
  s.put(at(0ms), 2, s.sound());
  s.pacer.clear(PeerId{1});
  const auto left = s.run(at(0ms), at(1s));
  REQUIRE(left.size() == 1);
  CHECK(left[0].peer == 2);
  CHECK_FALSE(s.pacer.deadline());
}

TEST_CASE("a queue is bounded even when the line stands still") {
  Stage s(Bitrate::kbps(8));
  for (int n = 0; n < 5'000; ++n) {
    s.put(at(0ms), 1, s.picture(static_cast<std::uint16_t>(n), 3));
    s.put(at(0ms), 1, s.sound());
  }
  CHECK(s.pacer.queued() <= 2 * 1'024);
  CHECK(s.pool.in_use() <= 2 * 1'024);
}
