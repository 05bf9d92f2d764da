#include "core/send/pacer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/base/rng.h"

using namespace diemcau;
using namespace diemcau::send;

namespace {

Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }

struct FixedAllowance final : Allowance {
  explicit FixedAllowance(Bitrate rate) : all(rate) {}
  Bitrate pace() const override { return all; }
  Bitrate sound_pace() const override { return sound.value_or(all); }
  Bitrate pace(PeerId peer) const override {
    const auto it = paths.find(peer.value);
    return it != paths.end() ? it->second : all;
  }
  bool window_open(Timestamp, PeerId peer) const override { return !closed.contains(peer.value); }
  Bitrate all;
  std::optional<Bitrate> sound;
  std::map<std::uint16_t, Bitrate> paths;
  std::set<std::uint16_t> closed;
};

struct Stage {
  explicit Stage(Bitrate rate) : allowance(rate), pacer(allowance) {}
  PacketPool pool;
  FixedAllowance allowance;
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
      frame[i].descriptor.layer = Layer::hi;
      frame[i].descriptor.key = number == 0;
      frame[i].descriptor.newest_needed_diff = number == 0 ? 0 : 1;
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
  // In the first round the pacer does not know yet how many there are.
  for (const auto& [peer, times] : last) CHECK(std::abs(times - 10) <= 1);
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
  CHECK(s.pacer.drops().video_frames == 2);  // the one that waits as well
  s.put(at(40ms), 1, s.picture(3, 1, 0));
  CHECK(s.pacer.drops().video_frames == 2);
}

TEST_CASE("when the path is late, waiting droppable frames go before any that others need") {
  // 16 kbit take 32 ms at that rate: the path is late from the second picture on.
  Stage s(Bitrate::kbps(500));
  std::vector<Stage::Left> left;
  for (std::uint16_t n = 0; n < 8; ++n) {
    const Timestamp now = at(n * Duration{33ms});
    auto frame = s.picture(n, 3, n % 2 == 1 ? 1 : 0);
    if (n > 0 && n % 2 == 0) {
      for (auto& packet : frame) packet.descriptor.newest_needed_diff = 2;
    }
    s.put(now, 1, frame);
    for (const auto& l : s.run(now, now + 33ms)) left.push_back(l);
  }
  for (const auto& l : s.run(at(264ms), at(600ms))) left.push_back(l);
  std::map<std::uint16_t, int> packets;
  for (const auto& l : left) ++packets[l.frame];
  for (const auto& [frame, count] : packets) {
    if (frame % 2 == 0) CHECK(count == 3);
  }
  for (std::uint16_t n = 0; n < 8; ++n) CHECK((n % 2 == 1 || packets.count(n) == 1));
  CHECK(s.pacer.left_out(PeerId{1}) >= 2);
  CHECK(s.pacer.left_out(PeerId{1}) == s.pacer.drops().video_frames);
  CHECK_FALSE(s.pacer.poll_dropped());
}

TEST_CASE("a droppable frame that has begun to leave is finished though the path is late") {
  Stage s(Bitrate::kbps(500));
  s.put(at(0ms), 1, s.picture(0, 1));
  s.put(at(0ms), 1, s.picture(1, 6, 1));
  std::vector<Stage::Left> left = s.run(at(0ms), at(50ms));
  REQUIRE(left.size() > 1);
  auto next = s.picture(2, 1);
  next[0].descriptor.newest_needed_diff = 2;
  s.put(at(50ms), 1, next);
  for (const auto& l : s.run(at(50ms), at(400ms))) left.push_back(l);
  std::map<std::uint16_t, int> packets;
  for (const auto& l : left) ++packets[l.frame];
  CHECK(packets[1] == 6);
  CHECK(packets[2] == 1);
  CHECK(s.pacer.left_out(PeerId{1}) == 0);
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

TEST_CASE(
    "sound of more than the rate keeps its pace, and pictures go 50 ms behind the last of it") {
  Stage s(Bitrate::kbps(40));
  s.allowance.sound = Bitrate::kbps(400);
  s.put(at(0ms), 1, s.picture(0, 1));
  for (int n = 0; n < 10; ++n) s.put(at(0ms), 1, s.sound());
  const auto left = s.run(at(0ms), at(1s));
  REQUIRE(left.size() == 11);
  // 10 packets of 80 bytes and 76 of headers and the line at 400 kbit/s.
  CHECK(left[9].audio);
  CHECK(left[9].at - at(0ms) < 33ms);
  CHECK_FALSE(left[10].audio);
  CHECK(left[10].at - left[9].at >= 45ms);
  CHECK(left[10].at - left[9].at <= 50ms);
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

TEST_CASE("a peer's picture waits until its last packet has left or it is dropped") {
  Stage s(Bitrate::kbps(800));
  s.put(at(0ms), 1, s.picture(0, 5));  // takes 50 ms
  s.put(at(0ms), 2, s.picture(0, 5));
  CHECK(s.pacer.peers_waiting(Layer::hi) == 2);
  CHECK(s.pacer.peers_waiting(Layer::lo) == 0);
  static_cast<void>(s.run(at(0ms), at(30ms)));
  CHECK(s.pacer.peers_waiting(Layer::hi) == 2);  // the first one's has begun
  static_cast<void>(s.run(at(30ms), at(60ms)));
  CHECK(s.pacer.peers_waiting(Layer::hi) == 1);
  s.allowance.closed.insert(2);
  static_cast<void>(s.run(at(60ms), at(1s)));
  CHECK(s.pacer.peers_waiting(Layer::hi) == 0);
}

TEST_CASE("a peer with two pictures in the queue waits once, and one that has left no more") {
  Stage s(Bitrate::kbps(800));
  s.allowance.closed.insert(1);
  s.put(at(0ms), 1, s.picture(0, 1));
  s.put(at(0ms), 1, s.picture(1, 1, 1));
  s.put(at(0ms), 2, s.picture(0, 1));
  CHECK(s.pacer.peers_waiting(Layer::hi) == 2);
  s.put(at(40ms), 1, s.picture(2, 1));  // the droppable one goes
  CHECK(s.pacer.peers_waiting(Layer::hi) == 2);
  s.pacer.clear(PeerId{1});
  CHECK(s.pacer.peers_waiting(Layer::hi) == 1);
  static_cast<void>(s.run(at(40ms), at(1s)));
  CHECK(s.pacer.peers_waiting(Layer::hi) == 0);
}

TEST_CASE("pictures for one peer keep to its path's rate while others have theirs") {
  Stage s(Bitrate::kbps(20'000));
  s.allowance.paths[1] = Bitrate::kbps(500);
  s.put(at(0ms), 1, s.picture(0, 4));
  s.put(at(0ms), 2, s.picture(0, 4));
  std::map<std::uint16_t, Timestamp> last;
  for (const auto& l : s.run(at(0ms), at(1s))) last[l.peer] = l.at;
  CHECK(last[2] - at(0ms) < 5ms);
  // Three packets of 1,080 bytes with their headers before the last one: 51.8 ms, 2 ms ahead.
  CHECK(last[1] - at(0ms) > 45ms);
}

TEST_CASE(
    "repair that hurries leaves at three times its path's rate, and holds pictures up for less") {
  const auto picture_left_after = [](bool hurries) {
    Stage s(Bitrate::kbps(20'000));
    s.allowance.paths[1] = Bitrate::kbps(500);
    for (const OutgoingPacket& packet : s.picture(0, 4))
      s.pacer.enqueue_repair(at(0ms), PeerId{1}, packet, hurries);
    s.put(at(0ms), 1, s.picture(0, 1));
    return s.run(at(0ms), at(1s)).back().at - at(0ms);
  };
  // Four packets of 1,080 bytes with their headers before the picture: 69 ms, 2 ms ahead.
  CHECK(picture_left_after(false) > 62ms);
  CHECK(picture_left_after(true) > 19ms);
  CHECK(picture_left_after(true) < 24ms);
}

TEST_CASE(
    "a picture that goes around a loss waits for repair for 30 ms, others as long as it takes") {
  const bool around = GENERATE(true, false);
  CAPTURE(around);
  Stage s(Bitrate::kbps(4'000));
  // 100 answers of a kilobyte take 200 ms.
  const OutgoingPacket answer = [&] {
    OutgoingPacket packet = s.picture(1, 1).front();
    packet.source = Source::repair;
    return packet;
  }();
  for (int i = 0; i < 100; ++i) s.pacer.enqueue_repair(at(0ms), PeerId{1}, answer);
  auto frame = s.picture(20, 5);
  for (OutgoingPacket& packet : frame) packet.descriptor.newest_needed_diff = around ? 12 : 1;
  s.put(at(0ms), 1, frame);
  const auto left = s.run(at(0ms), at(90ms));
  const auto whole =
      std::find_if(left.begin(), left.end(), [](const auto& l) { return l.frame == 20 && l.end; });
  CHECK((whole != left.end()) == around);
  if (!around) return;
  // Five packets take 10 ms, and one may have begun before. In 30 ms fourteen answers leave.
  CHECK(whole->at - at(30ms) <= 13ms);
  CHECK(whole - left.begin() >= 14 + 4);
}

TEST_CASE("no picture leaves through a closed window, but sound does") {
  Stage s(Bitrate::kbps(20'000));
  s.allowance.closed.insert(1);
  s.put(at(0ms), 1, s.picture(0, 4));
  s.put(at(0ms), 1, s.sound());
  const auto left = s.run(at(0ms), at(50ms));
  REQUIRE(left.size() == 1);
  CHECK(left[0].audio);
}

TEST_CASE("nothing that leans on a dropped frame is sent after it") {
  Stage s(Bitrate::kbps(20'000));
  s.allowance.closed.insert(1);
  s.put(at(0ms), 1, s.picture(0, 2));
  s.put(at(80ms), 1, s.picture(1, 2));
  CHECK(s.run(at(0ms), at(101ms)).empty());  // 0 has become too old, and 1 leans on it
  s.allowance.closed.clear();
  s.put(at(120ms), 1, s.picture(2, 2));
  CHECK(s.run(at(120ms), at(150ms)).empty());
  CHECK(s.pacer.queued() == 0);
}

TEST_CASE(
    "a dropped frame is told when the path is ready again, and what does without it is sent") {
  Stage s(Bitrate::kbps(20'000));
  s.put(at(0ms), 1, s.picture(0, 1));
  CHECK(s.run(at(0ms), at(1ms)).size() == 1);
  s.allowance.closed.insert(1);
  s.put(at(33ms), 1, s.picture(1, 2));
  s.run(at(33ms), at(140ms));
  s.put(at(140ms), 1, s.picture(2, 2));
  CHECK_FALSE(s.pacer.poll_dropped());
  s.allowance.closed.clear();
  s.put(at(173ms), 1, s.picture(3, 2));
  const auto told = s.pacer.poll_dropped();
  REQUIRE(told);
  CHECK(told->peer == PeerId{1});
  CHECK(told->frame_number == 1);
  CHECK_FALSE(s.pacer.poll_dropped());
  auto healed = s.picture(4, 2);
  for (auto& packet : healed) packet.descriptor.newest_needed_diff = 4;  // leans on frame 0
  s.put(at(206ms), 1, healed);
  CHECK(s.run(at(206ms), at(230ms)).size() == 2);
}

TEST_CASE("a dropped page does not hold back the face of the same layer, and is told as a page's") {
  Stage s(Bitrate::kbps(20'000));
  const auto page = [&s](std::uint16_t number) {
    auto frame = s.picture(number, 2);
    for (auto& packet : frame) packet.source = Source::document;
    return frame;
  };
  s.put(at(0ms), 1, page(0));
  CHECK(s.run(at(0ms), at(5ms)).size() == 2);
  s.allowance.closed.insert(1);
  s.put(at(33ms), 1, page(1));
  s.run(at(33ms), at(140ms));  // too old
  s.allowance.closed.clear();
  s.put(at(140ms), 1, s.picture(0, 3));
  s.put(at(140ms), 1, s.picture(1, 3));
  CHECK(s.run(at(140ms), at(150ms)).size() == 6);
  s.put(at(173ms), 1, page(2));
  const auto told = s.pacer.poll_dropped();
  REQUIRE(told);
  CHECK(told->source == Source::document);
  CHECK(told->frame_number == 1);
}

TEST_CASE("a queue is bounded even when the line stands still") {
  Stage s(Bitrate::kbps(8));
  for (int n = 0; n < 5'000; ++n) {
    s.put(at(0ms), 1, s.picture(static_cast<std::uint16_t>(n), 3));
    s.put(at(0ms), 1, s.sound());
  }
  CHECK(s.pacer.queued() <= 1'024 + 4'096);
  CHECK(s.pool.in_use() <= 1'024 + 4'096);
}

TEST_CASE("repair for a peer whose window is closed takes no room from that for others") {
  Stage s(Bitrate::kbps(100'000));
  s.allowance.closed.insert(1);
  const OutgoingPacket packet = s.picture(1, 1).front();
  for (int n = 0; n < 200; ++n) s.pacer.enqueue_repair(at(0ms), PeerId{2}, packet);
  for (int n = 0; n < 5'000; ++n) s.pacer.enqueue_repair(at(0ms), PeerId{1}, packet);
  CHECK(s.pacer.queued() == 200 + 256);
  CHECK(s.run(at(0ms), at(50ms)).size() == 200);
  s.allowance.closed.clear();
  CHECK(s.run(at(50ms), at(99ms)).size() == 256);
  s.pacer.enqueue_repair(at(99ms), PeerId{1}, packet);
  CHECK(s.pacer.queued() == 1);
}

TEST_CASE("a picture of lo waits for 400 ms, and for one that waited longer nothing is kept") {
  const auto of_lo = [](std::vector<OutgoingPacket> frame) {
    for (auto& packet : frame) packet.descriptor.layer = Layer::lo;
    return frame;
  };
  for (const bool in_time : {true, false}) {
    CAPTURE(in_time);
    Stage s(Bitrate::kbps(500));
    s.pacer.set_may_hold(true);
    s.put(at(0ms), 1, of_lo(s.picture(0, in_time ? 20 : 26)));  // takes 350 or 450 ms
    s.put(at(0ms), 1, of_lo(s.picture(1, 2)));
    std::map<std::uint16_t, int> packets;
    for (const auto& l : s.run(at(0ms), at(1s))) ++packets[l.frame];
    CHECK(packets[0] == (in_time ? 20 : 26));
    CHECK(packets[1] == (in_time ? 2 : 0));
  }
}

TEST_CASE("where encoders are held a picture of 30 a second waits for 200 ms instead of 100") {
  for (const bool may_hold : {true, false}) {
    CAPTURE(may_hold);
    Stage s(Bitrate::kbps(500));
    s.pacer.set_may_hold(may_hold);
    s.allowance.closed.insert(1);
    s.put(at(0ms), 1, s.picture(0, 2));
    s.run(at(0ms), at(150ms));
    s.allowance.closed.clear();
    CHECK(s.run(at(150ms), at(450ms)).empty() == !may_hold);
  }
}

TEST_CASE("where lo's encoder is never held its pictures wait for 200 ms") {
  for (const bool may_hold : {true, false}) {
    CAPTURE(may_hold);
    Stage s(Bitrate::kbps(500));
    s.pacer.set_may_hold(may_hold);
    s.allowance.closed.insert(1);
    auto frame = s.picture(0, 2);
    for (auto& packet : frame) packet.descriptor.layer = Layer::lo;
    s.put(at(0ms), 1, frame);
    s.run(at(0ms), at(300ms));
    s.allowance.closed.clear();
    CHECK(s.run(at(300ms), at(600ms)).empty() == !may_hold);
  }
}
