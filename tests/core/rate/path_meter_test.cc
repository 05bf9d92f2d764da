#include "core/rate/path_meter.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace diemcau;
using namespace diemcau::rate;

namespace {

// Packets of 1,000 bytes, 4 ms apart: 2 Mbit/s. A report each ten.
struct Path {
  PathMeter meter;
  std::uint32_t order = 0;
  Timestamp now = timestamp_from_ns(1'000'000'000);
  Duration their_clock{};  // minus ours
  Observation tell(const std::vector<bool>& received) {
    std::vector<ReportedPacket> packets;
    for (const bool came : received) {
      now += 4ms;
      meter.sent(now, 1'000, true);
      packets.push_back({now, now + 20ms + their_clock, order++, 1'000, came, MediaKind::video});
    }
    return meter.report(now + 40ms, packets, 40ms);
  }
  void usual() {
    for (int i = 0; i < 20; ++i) tell(std::vector<bool>(10, true));
  }
};

}  // namespace

TEST_CASE("a run of losses longer than a limit could make is a blackout", "[rate]") {
  Path path;
  path.usual();
  // 28 ms, in which the line would have carried 7,000 bytes.
  const auto o = path.tell({true, false, false, false, false, false, false, false, true, true});
  CHECK(o.packets_lost == 7);
  CHECK(o.packets_blacked_out == 7);
}

TEST_CASE("half of the packets lost in turn, and short runs, are none", "[rate]") {
  Path path;
  path.usual();
  CHECK(path.tell({false, true, false, true, false, true, false, true, false, true})
            .packets_blacked_out == 0);
  CHECK(path.tell({true, false, false, false, true, true, true, true, true, true})
            .packets_blacked_out == 0);
}

TEST_CASE("a run of losses is counted once, in however many reports it is", "[rate]") {
  Path path;
  path.usual();
  CHECK(path.tell({true, false, false, true, false, true}).loss_runs == 2);
  CHECK(path.tell({true, true, true, true, false, false}).loss_runs == 1);
  CHECK(path.tell({false, false, true, true, true, false}).loss_runs == 1);
}

TEST_CASE("behind an outage what arrived says nothing of the line until the window is full again",
          "[rate]") {
  Path path;
  path.usual();
  // 24 packets are 96 ms without an arrival, 25 are 104.
  CHECK_FALSE(path.tell(std::vector<bool>(23, false)).resuming);
  CHECK_FALSE(path.tell({true}).resuming);
  path.usual();
  CHECK_FALSE(path.tell(std::vector<bool>(25, false)).resuming);
  CHECK(path.tell({true}).resuming);
  CHECK(path.tell(std::vector<bool>(70, true)).resuming);  // 280 ms
  CHECK_FALSE(path.tell(std::vector<bool>(15, true)).resuming);
}

TEST_CASE("what was sent before the peer had keys is no loss of the line", "[rate]") {
  Path path;
  const auto o = path.tell({false, false, false, false, true, false, true, true});
  CHECK(o.packets_lost == 1);
  CHECK(o.loss_runs == 1);
  CHECK(o.packets_received == 3);
  CHECK(o.carried < o.delivered + Bitrate::kbps(30));  // one packet of 1,000 bytes in 300 ms
}

TEST_CASE("a clock that stood still is no queue", "[rate]") {
  const Duration slept = GENERATE(Duration{300ms}, Duration{3s}, Duration{40s});
  Path path;
  path.usual();
  path.their_clock = slept;  // ours did
  CHECK(path.tell(std::vector<bool>(10, true)).standing_queue < 1ms);
  path.their_clock -= slept / 2;  // then theirs
  CHECK(path.tell(std::vector<bool>(10, true)).standing_queue < 1ms);
  path.their_clock += 30ms;  // and this is one
  path.usual();
  CHECK(path.tell(std::vector<bool>(10, true)).standing_queue > 25ms);
}

TEST_CASE("where little arrives anyway, silence is no blackout", "[rate]") {
  Path path;
  path.usual();
  // A policer that has let through one of ten for a second.
  for (int i = 0; i < 30; ++i)
    path.tell({true, false, false, false, false, false, false, false, false, false});
  const auto o = path.tell({true, false, false, false, false, false, false, false, false, true});
  CHECK(o.packets_lost == 8);
  CHECK(o.packets_blacked_out == 0);
}
