// A line's rules beyond its queue: the policer, cuts and stalls, netem's order of loss, and active
// queues that are asked when they are due.
#include <catch2/catch.hpp>
#include <map>

#include "sim/link.h"

namespace diemcau::sim {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::uint64_t kAlways = std::uint64_t{1} << 32;

// 1000 bytes take 1 ms.
LinkConfig line() {
  LinkConfig config;
  config.capacity.rate = Bitrate::kbps(8'000);
  config.delay.base = 6ms;
  config.queue_time.reset();
  config.overhead = 0;
  return config;
}

LinkConfig with_outage(OutageKind kind, Duration at, Duration length) {
  LinkConfig config = line();
  config.outages.push_back({kind, at, length, {}});
  return config;
}

LinkIdentity weather() { return {1, 3, 24h}; }

Link::Result send(Link& link, std::int64_t ns, std::int64_t bytes = 1000, std::uint32_t flow = 0,
                  std::uint32_t handle = 0) {
  return link.send(timestamp_from_ns(ns), ByteCount::bytes(bytes), flow, handle);
}

// Whatever is due until then, by handle.
void serve_until(Link& link, std::int64_t ns, std::map<std::uint32_t, Link::Result>& fates) {
  std::vector<Link::Told> told;
  for (auto at = link.next_service(); at && to_ns(*at) <= ns; at = link.next_service()) {
    link.serve(*at, told);
    for (const auto& t : told) {
      REQUIRE_FALSE(fates.contains(t.handle));
      fates[t.handle] = t.result;
    }
    told.clear();
  }
}

}  // namespace

TEST_CASE("a policer passes its burst and then its rate, and drops instead of queueing", "[sim]") {
  LinkConfig config = line();
  config.policer = PolicerConfig{Bitrate::kbps(800), ByteCount::bytes(3'000)};
  Link link{config, weather()};
  for (int n = 0; n < 3; ++n) CHECK(send(link, 0).passage == Passage::carried);
  CHECK(send(link, 0).passage == Passage::dropped_policer);
  // 1000 bytes at 0.8 Mbit/s are 10 ms of tokens, and not a nanosecond less.
  CHECK(send(link, 10 * kMs - 1).passage == Passage::dropped_policer);
  CHECK(send(link, 10 * kMs).passage == Passage::carried);
  CHECK(send(link, 10 * kMs).passage == Passage::dropped_policer);
  CHECK(link.figures().dropped_policer == 3);
  // A day of rest fills the bucket and does not overfill it.
  const std::int64_t day = 86'400'000 * kMs;
  for (int n = 0; n < 3; ++n) CHECK(send(link, day).passage == Passage::carried);
  CHECK(send(link, day).passage == Passage::dropped_policer);
}

TEST_CASE("a policer's long-run rate is exact", "[sim]") {
  LinkConfig config = line();
  config.policer = PolicerConfig{Bitrate::kbps(1'000), ByteCount::bytes(1'500)};
  Link link{config, weather()};
  std::int64_t passed = 0;
  for (std::int64_t n = 0; n < 100'000; ++n)
    passed += send(link, n * kMs).passage == Passage::carried ? 1 : 0;
  // 100 s of 1 Mbit/s are 12.5 MB, and half a packet of the burst is left at most.
  CHECK(passed >= 12'500);
  CHECK(passed <= 12'501);
}

TEST_CASE("a stall keeps what waits and what comes, in order", "[sim]") {
  Link link{with_outage(OutageKind::stall, 3500us, 100ms), weather()};
  for (std::int64_t n = 0; n < 10; ++n) {
    const auto r = send(link, 0);
    REQUIRE(r.passage == Passage::carried);
    CHECK(to_ns(r.arrives_at) == (n < 3 ? n + 1 : n + 101) * kMs + 6 * kMs);
  }
  const auto during = send(link, 50 * kMs);
  CHECK(during.passage == Passage::carried);
  CHECK(to_ns(during.arrives_at) == 117 * kMs);
  CHECK(link.figures().lost_outage == 0);
}

TEST_CASE("a cut loses what waits, is in service, on the wire, or comes; nothing else", "[sim]") {
  Link link{with_outage(OutageKind::cut, 10ms, 20ms), weather()};
  // Packet n arrives at n + 7 ms; 10 ms are too late.
  for (std::int64_t n = 0; n < 12; ++n)
    CHECK((send(link, 0).passage == Passage::carried) == (n + 7 < 10));
  CHECK(send(link, 10 * kMs).passage == Passage::lost_outage);
  CHECK(send(link, 30 * kMs - 1).passage == Passage::lost_outage);
  CHECK(link.figures().lost_outage == 9 + 2);
  // It finds an empty line, although twelve packets had been ahead of it.
  const auto after = send(link, 30 * kMs);
  CHECK(after.passage == Passage::carried);
  CHECK(to_ns(after.arrives_at) == 37 * kMs);
}

TEST_CASE("a cut empties the queue for its limit too", "[sim]") {
  LinkConfig config = with_outage(OutageKind::cut, 1500us, 500us);
  config.queue_bytes = ByteCount::bytes(2'000);
  Link link{config, weather()};
  for (int n = 0; n < 3; ++n) static_cast<void>(send(link, 0));
  CHECK(send(link, 1'400'000).passage == Passage::lost_outage);
  CHECK(send(link, 1'400'000).passage == Passage::dropped_queue);
  for (int n = 0; n < 3; ++n) CHECK(send(link, 2 * kMs).passage == Passage::carried);
  CHECK(send(link, 2 * kMs).passage == Passage::dropped_queue);
}

TEST_CASE("a cut shorter than one packet's time empties an active queue", "[sim]") {
  LinkConfig config = with_outage(OutageKind::cut, 2ms, 1ms);
  config.discipline = LinkConfig::Discipline::codel;
  Link link{config, weather()};
  std::map<std::uint32_t, Link::Result> fates;
  // One packet of 10 ms is in service throughout; three wait behind it.
  CHECK(send(link, 0, 10'000).passage == Passage::lost_outage);
  for (std::uint32_t n = 1; n <= 3; ++n)
    CHECK(send(link, kMs, 1000, 0, n).passage == Passage::waits);
  const auto after = send(link, 4 * kMs, 1000, 0, 4);
  serve_until(link, 100 * kMs, fates);
  for (std::uint32_t n = 1; n <= 3; ++n) {
    REQUIRE(fates.contains(n));
    CHECK(fates[n].passage == Passage::lost_outage);
  }
  const auto& fate = after.passage == Passage::waits ? fates[4] : after;
  CHECK(fate.passage == Passage::carried);
  CHECK(to_ns(fate.arrives_at) == 11 * kMs);  // as on an empty line
  CHECK(link.figures().lost_outage == 4);
}

TEST_CASE("every packet of an active queue is told once, whatever becomes of it", "[sim]") {
  for (const auto discipline : {LinkConfig::Discipline::codel, LinkConfig::Discipline::fq_codel}) {
    LinkConfig config = with_outage(OutageKind::cut, 2s, 500ms);
    config.discipline = discipline;
    config.queue_bytes = ByteCount::bytes(60'000);
    config.loss.kind = LossConfig::Kind::iid;
    config.loss.loss_good = kAlways / 100;
    Link link{config, weather()};
    std::map<std::uint32_t, Link::Result> fates;
    constexpr std::int64_t kGap = 600'000;
    constexpr std::uint32_t kPackets = 8'000;
    for (std::uint32_t n = 0; n < kPackets; ++n) {
      serve_until(link, n * kGap, fates);
      const auto r = send(link, n * kGap, 1000, n % 5, n);
      if (r.passage != Passage::waits) fates[n] = r;
    }
    serve_until(link, 3'600'000 * kMs, fates);
    CHECK(fates.size() == kPackets);
    const LinkFigures& f = link.figures();
    CHECK(f.offered == kPackets);
    CHECK(f.carried + f.dropped_queue + f.lost_wire + f.lost_outage == kPackets);
    CHECK(f.dropped_queue > 100);
    CHECK(f.lost_outage >= 833);
  }
}

TEST_CASE("loss at the ingress uses no capacity, loss on the wire does", "[sim]") {
  for (const bool ingress : {false, true}) {
    LinkConfig config = line();
    config.loss.kind = LossConfig::Kind::iid;
    config.loss.loss_good = kAlways / 2;
    config.loss_at_ingress = ingress;
    Link link{config, weather()};
    std::int64_t carried = 0, last = 0;
    for (int n = 0; n < 1'000; ++n) {
      const auto r = send(link, 0);
      if (r.passage != Passage::carried) continue;
      ++carried;
      last = to_ns(r.arrives_at);
    }
    INFO((ingress ? "ingress" : "wire"));
    CHECK(carried > 400);
    CHECK(carried < 600);
    CHECK(link.figures().bits_served == (ingress ? carried : 1'000) * 8'000);
    if (ingress) CHECK(last == (carried + 6) * kMs);
    if (!ingress) CHECK(last > 990 * kMs);
  }
}

TEST_CASE("a queue in time follows the rate, and a line that stands still keeps its buffer",
          "[sim]") {
  LinkConfig config = line();
  config.capacity.kind = CapacityConfig::Kind::steps;
  config.capacity.steps = {{0ms, Bitrate::kbps(8'000)}, {100ms, Bitrate{}}, {1s, Bitrate::kbps(8)}};
  config.queue_time = 5ms;  // 5,000 bytes at the first rate, 5 at the last
  Link link{config, weather()};
  const auto burst = [&](std::int64_t ns) {
    int taken = 0;
    for (int n = 0; n < 20; ++n) taken += send(link, ns).passage != Passage::dropped_queue ? 1 : 0;
    return taken;
  };
  CHECK(burst(0) == 1 + 5);
  CHECK(burst(200 * kMs) == 1 + 5);
  CHECK(burst(20'000 * kMs) == 1);
}

}  // namespace diemcau::sim
