#include "core/rate/loss_judge.h"

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::rate;

namespace {

// A report each 50 ms about 20 packets.
struct Reports {
  LossJudge judge;
  Timestamp now = timestamp_from_ns(1'000'000'000);
  void tell(std::uint32_t lost, std::uint32_t blacked_out = 0) {
    now += 50ms;
    Observation o;
    o.now = now;
    o.round_trip = 40ms;
    o.sent = o.sent_then = o.delivered = Bitrate::kbps(2'000);
    o.packets_lost = lost;
    o.packets_received = 20 - lost;
    o.packets_blacked_out = blacked_out;
    judge.observe(o, false);
  }
};

}  // namespace

TEST_CASE("losses among packets that arrive are a reason to try a lower rate", "[rate]") {
  Reports r;
  for (int i = 0; i < 20; ++i) r.tell(2);
  CHECK(r.judge.limit());
}

TEST_CASE("losses while nothing came are the line's, and nothing is tried", "[rate]") {
  Reports r;
  for (int i = 0; i < 400; ++i) {
    r.tell(i % 2 == 0 ? 2 : 0, i % 2 == 0 ? 2 : 0);
    CHECK_FALSE(r.judge.limit());
  }
  CHECK(r.judge.inherent_permille() > 30);
}
