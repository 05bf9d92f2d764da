#include "core/rate/sound_loss.h"

#include <catch2/catch.hpp>
#include <functional>
#include <utility>
#include <vector>

#include "core/base/rng.h"

using namespace diemcau;
using rate::ReportedPacket;
using rate::SoundLoss;

namespace {

// 50 packets of sound and 150 of pictures a second, a report every 50 ms.
struct Path {
  SoundLoss sound_loss;
  Timestamp now = timestamp_from_ns(1'000'000'000);
  std::uint32_t order = 0;
  Duration round_trip = 80ms;
  rate::QueueInFront queue;
  std::function<bool()> arrives = [] { return true; };

  void run_for(Duration d) {
    std::vector<ReportedPacket> packets;
    for (const Timestamp end = now + d; now < end;) {
      now += 5ms;
      ReportedPacket p;
      p.sent_at = now;
      p.received = arrives();
      p.media = order++ % 4 == 0 ? MediaKind::audio : MediaKind::video;
      packets.push_back(p);
      if (packets.size() == 10) {
        sound_loss.report(now, packets, round_trip, queue);
        packets.clear();
      }
    }
  }
};

// Gilbert's channel in time: bad spells of a mean length, in which everything is lost.
struct Spells {
  Rng& rng;
  std::uint64_t begin_per_10000, end_per_10000;  // per packet, 5 ms
  bool bad = false;
  bool operator()() {
    bad = rng.below(10'000) < (bad ? 10'000 - end_per_10000 : begin_per_10000);
    return !bad;
  }
};

}  // namespace

TEST_CASE(
    "a path that loses nothing carries no earlier sound, nor does one lost packet change that") {
  Path path;
  path.run_for(60s);
  CHECK(path.sound_loss.earlier_frames().count() == 0);
  bool once = true;
  path.arrives = [&] { return path.order % 4 != 0 || !std::exchange(once, false); };
  path.run_for(60s);
  CHECK_FALSE(once);
  CHECK(path.sound_loss.earlier_frames().count() == 0);
}

TEST_CASE("loss of 3 % is answered within two seconds, and with one or more earlier frames") {
  const auto seed = GENERATE(1U, 2U, 3U, 4U, 5U);
  CAPTURE(seed);
  Rng rng(seed);
  Path path;
  path.run_for(60s);
  path.arrives = [&] { return rng.below(100) >= 3; };
  // Of 400 packets 12 are lost; fewer than 3 happen once in 2,000.
  path.run_for(2s);
  CHECK(path.sound_loss.earlier_frames().count() >= 1);
  // Of 10 % two in a row are lost sixteen times in half a minute: more than a frame is worth.
  path.arrives = [&] { return rng.below(100) >= 10; };
  path.run_for(1min);
  CHECK(path.sound_loss.earlier_frames().count() >= 2);
}

TEST_CASE("where an answer comes in time, one earlier frame is enough for single losses") {
  const auto seed = GENERATE(1U, 2U, 3U, 4U, 5U);
  CAPTURE(seed);
  Rng rng(seed);
  Path path;
  path.round_trip = 40ms;
  path.arrives = [&] { return rng.below(100) >= 2; };
  path.run_for(2min);
  CHECK(path.sound_loss.earlier_frames().count() == 1);
  // Not so in spells.
  path.arrives = Spells{rng, 25, 1'250};
  path.run_for(1min);
  CHECK(path.sound_loss.earlier_frames().furthest() >= 2);
}

TEST_CASE("spells of 40 ms are answered with a frame from behind them, not with all between") {
  const auto seed = GENERATE(1U, 2U, 3U, 4U, 5U);
  CAPTURE(seed);
  Rng rng(seed);
  Path path;
  const bool by_time = GENERATE(true, false);
  path.sound_loss.set_any_distance(by_time);
  path.arrives = Spells{rng, 40, 1'250};  // 3 %, 8 packets of 5 ms on average
  path.run_for(1min);
  // Of geometric spells of 40 ms, those beyond 20 ms leave 1.8 % after one earlier frame, 1.1 %
  // after two.
  CHECK(path.sound_loss.earlier_frames().furthest() == 3);
  // Who knows frames by their order alone needs all of them.
  CHECK(path.sound_loss.earlier_frames().count() <= (by_time ? 2 : 3));
  if (!by_time) CHECK(path.sound_loss.earlier_frames().count() == 3);
}

TEST_CASE("of two choices that are nearly as good the one that is waited for less is taken") {
  // In each second of 32 one frame of sound is lost: 16 times with the next one, twice with the
  // next two, so that only the third packet behind brings the first back. In thirtieths of a frame:
  // the frame 40 ms back leaves 2 × 30 and lets 50 wait, the one 60 ms back leaves none and lets 52
  // wait twice as long. That is 6 less, and 20 ms for all cost 28.
  Path path;
  std::uint32_t frames = 0;
  path.arrives = [&] {
    if (path.order % 4 != 0) return true;
    const std::uint32_t second = frames / 50 % 32, of_second = frames++ % 50;
    const std::uint32_t run = second % 16 == 5 ? 3 : second % 2 == 0 ? 2 : 1;
    return of_second < 10 || of_second >= 10 + run;
  };
  path.run_for(2min);
  CHECK(path.sound_loss.earlier_frames().furthest() == 2);
}

TEST_CASE("after the losses end it takes minutes until the last earlier frame goes") {
  Rng rng(1);
  Path path;
  path.arrives = [&] { return rng.below(100) >= 20; };
  path.run_for(30s);
  CHECK(path.sound_loss.earlier_frames().count() >= 2);
  path.arrives = [] { return true; };
  path.run_for(1min);
  CHECK(path.sound_loss.earlier_frames().count() >= 2);
  path.run_for(4min);
  CHECK(path.sound_loss.earlier_frames().count() == 0);
}

TEST_CASE("what our own full queue turns away is no reason to fill it with earlier sound") {
  const auto seed = GENERATE(1U, 2U, 3U, 4U, 5U);
  CAPTURE(seed);
  Rng rng(seed);
  Path path;
  path.arrives = [&] { return rng.below(100) >= 5; };
  path.queue.full = true;
  path.run_for(1min);
  CHECK(path.sound_loss.earlier_frames().count() == 0);
  // As many without a queue are the path's.
  path.queue.full = false;
  path.run_for(1min);
  CHECK(path.sound_loss.earlier_frames().count() >= 1);
}

TEST_CASE("behind a deep queue one earlier frame is carried before it turns anything away") {
  Path path;
  path.run_for(10s);
  path.queue.deep = true;
  path.run_for(100ms);
  CHECK(path.sound_loss.earlier_frames() == wire::EarlierFrames::nearest(1));
}

TEST_CASE("behind a foreign queue two earlier frames are carried before it turns anything away") {
  Path path;
  path.run_for(10s);
  path.queue.foreign = true;
  path.run_for(100ms);
  CHECK(path.sound_loss.earlier_frames() == wire::EarlierFrames::nearest(2));
  path.run_for(1min);
  CHECK(path.sound_loss.earlier_frames() == wire::EarlierFrames::nearest(2));
  path.queue.foreign = false;
  path.run_for(2s);  // TCP has emptied it, and is back within seconds
  CHECK(path.sound_loss.earlier_frames() == wire::EarlierFrames::nearest(2));
  path.run_for(1100ms);
  CHECK(path.sound_loss.earlier_frames().empty());
}

TEST_CASE("an outage is no reason to carry earlier sound for its own sake") {
  Path path;
  path.run_for(30s);
  path.arrives = [] { return false; };
  path.run_for(3s);
  path.arrives = [] { return true; };
  path.run_for(30s);
  // Everything that was lost was one run, too long for any redundancy: what noticed it is the
  // ratio of all packets, which asks for one frame only.
  CHECK(path.sound_loss.earlier_frames().count() <= 1);
}
