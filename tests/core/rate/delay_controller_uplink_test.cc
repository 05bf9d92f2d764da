// An uplink of several paths, and somebody else in its queue.
#include "core/rate/delay_controller.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <utility>

#include "core/base/rng.h"

using namespace diemcau;
using namespace diemcau::rate;

namespace {
Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }

// Ten paths of an uplink whose packets jitter by 8 ms: the least of what waits is seldom nothing.
// All is sent that may be, and what the line cannot carry waits.
struct JitteringUplink {
  std::unique_ptr<DelayController> controller = std::make_unique<DelayController>(bounds(), 1);
  Rng rng{1};
  std::int64_t queue_bits = 0;
  Duration now{}, waited{};

  static RateBounds bounds() {
    RateBounds b;
    b.start = Bitrate::kbps(2'000);
    return b;
  }
  void run(Duration time, std::int64_t capacity_kbps) {
    for (const Duration end = now + time; now < end; now += 40ms) {
      const std::int64_t sent = controller->rate().bps() / 100 * 97;
      const std::int64_t carried = queue_bits > 0 ? capacity_kbps * 1'000 : sent;
      queue_bits = std::max<std::int64_t>(0, queue_bits + (sent - capacity_kbps * 1'000) / 25);
      waited = Duration{queue_bits * 1'000'000 / capacity_kbps};
      Observation o;
      o.now = at(now);
      o.paths = 10;
      o.round_trip = 110ms;
      o.standing_queue = waited + Duration{1ms} * static_cast<std::int64_t>(3 + rng.below(7));
      o.mean_queue = o.standing_queue + 6ms;
      o.spread = 5600us;
      o.sent = o.sent_then = Bitrate::bps(sent);
      o.delivered = o.carried = Bitrate::bps(std::min(carried, capacity_kbps * 1'000));
      o.busy_rate = o.carried;
      controller->observe(o);
    }
  }
  // Somebody keeps a queue that long in front of it, whatever we send; it is we who send less for
  // each of his packets that we wait behind.
  void run_beside_neighbour(Duration time, Duration queue) {
    Bitrate before = controller->rate();
    for (const Duration end = now + time; now < end; now += 40ms) {
      const Bitrate sent = std::exchange(before, controller->rate());
      Observation o;
      o.now = at(now);
      o.paths = 10;
      o.round_trip = 110ms;
      o.standing_queue = queue;
      o.mean_queue = queue + 6ms;
      o.sent = o.sent_then = sent;
      o.delivered = o.carried = Bitrate::bps(sent.bps() / 100 * 95);
      o.busy_rate = o.carried;
      controller->observe(o);
    }
    queue_bits = 0;
  }
  void run_beside_one_who_comes_and_goes(int times, std::int64_t capacity_kbps) {
    for (int i = 0; i < times; ++i) {
      run_beside_neighbour(400ms, 150ms);
      run(400ms, capacity_kbps);
    }
  }
  void run_beside_him_until_found(Duration end) {
    while (!controller->competes() && now < end) run_beside_neighbour(40ms, 150ms);
  }
};
}  // namespace

TEST_CASE("an uplink's jitter is not taken for a queue, but until it was full it is tried slowly",
          "[rate]") {
  JitteringUplink uplink;
  uplink.run(5s, 8'000);
  CHECK(uplink.controller->rate().kbps() < 4'000);
  uplink.run(55s, 8'000);
  CHECK(uplink.controller->rate().kbps() > 5'000);
  CHECK(uplink.waited < 60ms);
}

TEST_CASE("a neighbour whose queue ends for a moment finds the rate that was left to him",
          "[rate]") {
  JitteringUplink uplink;
  uplink.run(60s, 8'000);
  uplink.run_beside_neighbour(20s, 150ms);
  const std::int64_t beside = uplink.controller->rate().kbps();
  for (int i = 0; i < 5; ++i) {
    uplink.run(600ms, 8'000);
    uplink.run_beside_neighbour(6s, 150ms);
  }
  CHECK(uplink.controller->rate().kbps() >= beside * 3 / 4);
}

TEST_CASE("a neighbour who fills the queue thrice before he is found leaves the rate from before",
          "[rate]") {
  JitteringUplink uplink;
  uplink.run(60s, 8'000);
  const std::int64_t before = uplink.controller->rate().kbps();
  uplink.run_beside_one_who_comes_and_goes(3, 8'000);
  REQUIRE_FALSE(uplink.controller->competes());
  REQUIRE(uplink.controller->rate().kbps() < before * 6 / 10);
  uplink.run_beside_him_until_found(80s);
  // Four fifths of it.
  CHECK(uplink.controller->rate().kbps() >= before * 7 / 10);
}

TEST_CASE("of a queue that comes and goes for half a minute the rate before it is no measure",
          "[rate]") {
  JitteringUplink uplink;
  uplink.run(60s, 8'000);
  const std::int64_t before = uplink.controller->rate().kbps();
  uplink.run_beside_one_who_comes_and_goes(40, 1'000);
  REQUIRE_FALSE(uplink.controller->competes());
  uplink.run_beside_him_until_found(110s);
  REQUIRE(uplink.controller->competes());
  CHECK(uplink.controller->rate().kbps() < before * 4 / 10);
}

TEST_CASE("a neighbour who backs off during a try is still there, one who does so twice is not",
          "[rate]") {
  DelayController controller({}, 1);
  Duration now{};
  std::uint32_t backs_off = 0;  // tries to come
  Bitrate most, last;
  bool trying = false;
  const auto tell = [&] {
    const Bitrate rate = controller.rate();
    if (rate.bps() < last.bps() * 8 / 10 && controller.competes()) trying = true;
    if (rate.bps() > last.bps() && trying) {
      trying = false;
      backs_off -= std::min(backs_off, 1U);
    }
    last = rate;
    if (!trying) most = rate;
    Observation o;
    o.now = at(now += 40ms);
    o.round_trip = 40ms;
    o.standing_queue = 150ms;
    o.mean_queue = 151ms;
    o.sent = o.sent_then = rate;
    // What he leaves goes to us while he backs off.
    o.delivered = o.carried = trying && backs_off > 0 ? most : rate;
    o.busy_rate = o.carried;
    controller.observe(o);
  };
  while (!controller.competes() && now < 10s) tell();
  REQUIRE(controller.competes());
  // Tries come after 4, 8 and 16 s, and at once when one found nobody.
  const auto competes_on = [&](std::uint32_t times) {
    backs_off = times;
    for (const Duration end = now + 20s; now < end && controller.competes();) tell();
    return controller.competes();
  };
  CHECK(competes_on(1));
  CHECK(backs_off == 0);
  CHECK_FALSE(competes_on(2));
}

TEST_CASE("a neighbour is found however little rate is left", "[rate]") {
  DelayController controller({}, 1);
  for (Duration now{}; now < 30s; now += 40ms) {
    Observation o;
    o.now = at(now);
    o.round_trip = 26ms;
    // From 10 s on there wait 70 ms, of which a flow of 80 kbit/s may want 50.
    o.standing_queue = now < 10s ? 0ms : 70ms;
    o.mean_queue = o.standing_queue + 1ms;
    o.sent = o.sent_then = o.delivered = o.carried = controller.rate();
    if (now >= 10s && now < 12s) o.carried = o.delivered = Bitrate::kbps(60);
    if (now >= 10s) o.busy_rate = o.carried;
    controller.observe(o);
  }
  CHECK(controller.rate().kbps() > 500);
}

namespace {
// Ten paths of an uplink without jitter, of which the reports say what the test says.
struct ToldUplink {
  DelayController controller{{}, 1};
  Duration now{};
  Bitrate basics;

  void tell(Duration queue, Bitrate sent, Bitrate carried, std::uint32_t lost = 0,
            Duration differ = 1ms) {
    Observation o;
    o.now = at(now += 40ms);
    o.packets_lost = o.loss_runs = lost;
    o.paths = 10;
    o.basics = basics;
    o.round_trip = 60ms;
    o.standing_queue = queue;
    o.mean_queue = queue + differ;
    o.sent = o.sent_then = sent;
    o.delivered = o.carried = carried;
    if (queue > 0ms) o.busy_rate = carried;
    controller.observe(o);
  }
  // Over a way that has become 2 ms longer since its least delay was seen.
  std::int64_t kbps_after_longer_way(Duration time, Duration differ) {
    for (const Duration end = now + time; now < end;) {
      const Bitrate sent = Bitrate::bps(controller.rate().bps() / 100 * 97);
      tell(2ms, sent, sent, 0, differ);
    }
    return controller.rate().kbps();
  }
  std::int64_t kbps_after_empty(Duration time) {
    for (const Duration end = now + time; now < end;) {
      const Bitrate sent = Bitrate::bps(controller.rate().bps() / 100 * 97);
      tell(0ms, sent, sent);
    }
    return controller.rate().kbps();
  }
  // For 20 s, and what comes out of the line is now a fifth more than what went in, now less.
  void full_and_swinging(std::int64_t kbps = 4'000, Duration queue = 15ms) {
    for (int i = 0; i < 500; ++i)
      tell(queue, Bitrate::kbps(kbps * (i % 2 == 0 ? 12 : 8) / 10), Bitrate::kbps(kbps));
  }
  // To a quarter of that.
  void dip(Duration lasts) {
    for (const Duration end = now + lasts; now < end;)
      tell(150ms, Bitrate::kbps(1'300), Bitrate::kbps(1'000));
  }
};
}  // namespace

TEST_CASE("an uplink that has become longer is tried as any other, one whose bursts wait is not",
          "[rate]") {
  ToldUplink longer, busy;
  for (ToldUplink* uplink : {&longer, &busy}) {
    for (int i = 0; i < 100; ++i) uplink->tell(15ms, Bitrate::kbps(1'000), Bitrate::kbps(1'000));
  }
  REQUIRE(longer.controller.rate().kbps() < 1'300);
  // 42 times of reaction (0.12 s) of 6 % make it twelve times as much, of 2 % 2.3 times.
  CHECK(longer.kbps_after_longer_way(5s, 500us) > 6'000);
  CHECK(busy.kbps_after_longer_way(5s, 2ms) < 3'000);
}

TEST_CASE(
    "what a swinging uplink gives beyond what it gave when full is tried slowly, until nothing has "
    "waited for long",
    "[rate]") {
  ToldUplink uplink;
  uplink.full_and_swinging();
  const std::int64_t again = uplink.kbps_after_empty(5s);
  CHECK(again > 3'000);
  const std::int64_t slowly = uplink.kbps_after_empty(4s);
  CHECK(slowly > again * 102 / 100);
  CHECK(slowly < again * 106 / 100);
  // By 3 % a second after ten seconds, by 5 after twenty: 1.03^10 · 1.05^9 is 2.1, by 0.6 % it
  // would be 1.13.
  CHECK(uplink.kbps_after_empty(20s) > slowly * 16 / 10);
  // A minute without swinging, and it is a line like any other.
  CHECK(uplink.kbps_after_empty(60s) > 2 * slowly);
}

TEST_CASE("a swinging uplink that gave little when full has 20 kbit/s more each second", "[rate]") {
  ToldUplink uplink;
  uplink.full_and_swinging(1'000, 30ms);  // 19 are wanted
  const std::int64_t again = uplink.kbps_after_empty(5s);
  REQUIRE(again < 1'200);
  // 0.6 % of it would be 6 kbit/s, 24 in these seconds.
  CHECK(uplink.kbps_after_empty(4s) - again > 60);
}

TEST_CASE(
    "a swinging uplink that gives too little for everybody's pictures has 5 % more each second",
    "[rate]") {
  ToldUplink uplink;
  uplink.full_and_swinging(1'000, 30ms);
  uplink.basics = Bitrate::kbps(2'000);
  const std::int64_t again = uplink.kbps_after_empty(5s);
  REQUIRE(again < 1'400);
  // 1.05^4 is 1.22.
  const std::int64_t later = uplink.kbps_after_empty(4s);
  CHECK(later > again * 115 / 100);
  CHECK(later < again * 130 / 100);
}

TEST_CASE(
    "what an uplink has carried counts for minutes, and for seconds when a fifth of what is sent "
    "does not arrive",
    "[rate]") {
  ToldUplink uplink;
  uplink.full_and_swinging(4'000);
  REQUIRE(uplink.controller.has_carried(Bitrate::kbps(3'000)));  // four fifths, and less
  REQUIRE_FALSE(uplink.controller.has_carried(Bitrate::kbps(3'900)));
  // A second of losses is a dip, a full queue that loses little is a neighbour's.
  for (int i = 0; i < 25; ++i) uplink.tell(150ms, Bitrate::kbps(2'000), Bitrate::kbps(1'000), 1);
  uplink.kbps_after_empty(2s);
  for (int i = 0; i < 250; ++i) uplink.tell(150ms, Bitrate::kbps(2'000), Bitrate::kbps(1'900), 1);
  uplink.kbps_after_empty(2s);
  CHECK(uplink.controller.has_carried(Bitrate::kbps(2'500)));
  for (int i = 0; i < 100; ++i) uplink.tell(150ms, Bitrate::kbps(2'000), Bitrate::kbps(1'000), 1);
  CHECK_FALSE(uplink.controller.has_carried(Bitrate::kbps(1'500)));
}

TEST_CASE("after a dip an uplink has four fifths of what it gave within a second and a half",
          "[rate]") {
  ToldUplink uplink;
  uplink.full_and_swinging();
  uplink.dip(1s);
  const std::int64_t least = uplink.controller.rate().kbps();
  REQUIRE(least < 1'000);
  std::int64_t given = 0;
  {
    ToldUplink same = uplink;
    given = same.kbps_after_empty(6s);
  }
  CHECK(uplink.kbps_after_empty(1'500ms) > given * 8 / 10);
}

TEST_CASE("what a swinging uplink has carried before a dip comes back by 2 % a second at first",
          "[rate]") {
  ToldUplink uplink;
  uplink.full_and_swinging();
  uplink.dip(3s);
  const std::int64_t dipped = uplink.kbps_after_empty(5s);
  REQUIRE(dipped < 2'200);
  // By 2 % for five seconds more, then by 3, because nothing has waited for ten: 1.48; by 0.6 and 3
  // it would be 1.38. Four fifths of 4 Mbit/s, a third of it forgotten meanwhile, come before that.
  const std::int64_t later = uplink.kbps_after_empty(15s);
  CHECK(later > dipped * 125 / 100);
  CHECK(later < dipped * 156 / 100);
}

TEST_CASE("what a neighbour left of an uplink says nothing of it when he has gone", "[rate]") {
  ToldUplink uplink;
  uplink.kbps_after_empty(20s);
  // First his packets are many or few between two of ours, then the queue is full and loses.
  for (int i = 0; i < 500; ++i) {
    const Bitrate sent = uplink.controller.rate();
    const Bitrate left = std::min(sent, Bitrate::kbps(1'000));
    const bool full = i > 75;
    const std::int64_t percent = full ? 97 : i % 2 == 0 ? 80 : 125;
    uplink.tell(150ms, sent, Bitrate::bps(left.bps() / 100 * percent), full ? 1 : 0);
  }
  CHECK(uplink.controller.rate().kbps() < 1'000);
  CHECK(uplink.kbps_after_empty(15s) > 4'000);
}

TEST_CASE("an uplink that takes its own full queue for a neighbour's does not go on flooding it",
          "[rate]") {
  ToldUplink uplink;
  uplink.kbps_after_empty(10s);
  // 75 ms stay in the queue although no more is sent than arrives.
  while (!uplink.controller.competes() && uplink.now < 60s)
    uplink.tell(75ms, Bitrate::kbps(700), Bitrate::kbps(700));
  REQUIRE(uplink.controller.competes());
  // It is ours: 850 kbit/s come through, the rest is lost.
  const auto fill = [&uplink](Duration time) {
    for (const Duration end = uplink.now + time; uplink.now < end;) {
      const Bitrate sent = std::max(uplink.controller.rate(), Bitrate::kbps(600));
      uplink.tell(sent > Bitrate::kbps(850) ? 75ms : 0ms, sent, std::min(sent, Bitrate::kbps(850)),
                  sent > Bitrate::kbps(850) ? 1 : 0);
    }
  };
  fill(30s);
  CHECK_FALSE(uplink.controller.competes());
  fill(10s);
  CHECK(uplink.controller.rate().kbps() < 1'300);
}
