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

TEST_CASE("a try for which no less can be sent ends soon, however few packets there are",
          "[rate]") {
  LossJudge judge;
  Timestamp now = timestamp_from_ns(1'000'000'000);
  std::optional<Timestamp> limited_at;
  int tries = 0;
  // Sixty packets a second: sound, and a page at its least rate.
  for (int i = 0; i < 200; ++i) {
    now += 50ms;
    Observation o;
    o.now = now;
    o.round_trip = 40ms;
    o.sent = o.sent_then = o.delivered = Bitrate::kbps(280);
    o.packets_lost = i % 4 == 0 ? 1 : 0;
    o.packets_received = 3 - o.packets_lost;
    judge.observe(o, false);
    if (!judge.limit()) limited_at.reset();
    if (!judge.limit()) continue;
    tries += !limited_at;
    limited_at = limited_at.value_or(now);
    CHECK(now - *limited_at < 3'500ms);
  }
  CHECK(tries > 0);
}
