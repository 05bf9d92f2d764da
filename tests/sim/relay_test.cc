// The emulator's lines are the simulator's: one seed, one fate for every datagram.
#include "sim/relay.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <map>

#include "sim/network.h"
#include "tests/sim/scenario_text.h"

namespace diemcau::sim {
namespace {

const std::string kRough = R"(version = 1
name = "rough"
seed = 11
duration = "20s"

[profile.rough]
up = { rate = "4Mbit/s", delay = "5ms", queue = "40ms" }
down = { rate = "8Mbit/s", delay = "3ms", queue = "200ms", aqm = "codel" }
loss = { model = "iid", mean = 0.05 }
jitter = { model = "bounded-inorder", sigma = "2ms" }
duplicate = 0.02
outage = [{ at = "1s", for = "50ms", kind = "cut" }]

[link.core]
rate = "6Mbit/s"
delay = "2ms"
queue = "20ms"

[site.central]
profile = "rough"

[group.district]
count = 2
name = "district-%02d"
profile = "rough"
via = ["core"]

[[meeting]]
members = ["central", "district-*"]
)";

// Others' traffic on both directions of two lines.
const std::string kCross = R"(
[[cross]]
at = "central"
direction = "up"
kind = "tcp-cubic"
flows = 2
[[cross]]
at = "district-01"
direction = "down"
kind = "tcp-short"
flows = 3
size = ["30kB", "50kB"]
idle = "1s"
)";

// (time, sender, receiver, number): what came out.
struct Out {
  std::int64_t at_ns = 0;
  std::uint16_t from = 0, to = 0;
  std::uint32_t number = 0;
  auto operator<=>(const Out&) const = default;
};

struct Offer {
  Timestamp at;
  std::uint16_t from = 0, to = 0;
  std::size_t size = 0;
  std::uint32_t number = 0;
};

// Three members, 3 s, more than the lines carry.
std::vector<Offer> traffic() {
  std::vector<Offer> offers;
  Rng rng(5);
  std::int64_t at = 0;
  for (std::uint32_t n = 0; n < 6'000; ++n) {
    at += rng.below(1'000'000);
    const auto from = static_cast<std::uint16_t>(rng.below(3));
    const auto to = static_cast<std::uint16_t>((from + 1 + rng.below(2)) % 3);
    offers.push_back({timestamp_from_ns(at), from, to, 100 + rng.below(1'100), n});
  }
  return offers;
}

std::vector<std::uint8_t> bytes_of(const Offer& o) {
  std::vector<std::uint8_t> bytes(o.size, static_cast<std::uint8_t>(o.number));
  for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(o.number >> (8 * i));
  return bytes;
}
std::uint32_t number_of(ByteSpan bytes) {
  std::uint32_t n = 0;
  for (unsigned i = 0; i < 4; ++i) n |= static_cast<std::uint32_t>(bytes[i]) << (8 * i);
  return n;
}

std::vector<Out> through_relay(Relay& relay, const std::vector<Offer>& offers) {
  std::vector<Out> out;
  const auto take = [&](Timestamp until) {
    while (const auto d = relay.poll(until))
      out.push_back({to_ns(d->due), d->from, d->to, number_of(d->packet->bytes())});
  };
  for (const Offer& o : offers) {
    take(o.at);
    relay.offer(o.at, o.from, o.to, bytes_of(o));
  }
  take(timestamp_from_ns(60'000'000'000));
  std::sort(out.begin(), out.end());
  return out;
}

// Threads that need no time to wake.
Duration at_once(std::uint16_t) { return 0ns; }

std::vector<Out> through_network(const Scenario& scenario, const std::vector<Offer>& offers) {
  PacketPool pool, small{kSmallPacket};
  EventQueue events;
  Network network(scenario, {}, {pool, small}, events, at_once);
  Timestamp now;
  CrossTraffic cross(scenario.cross, scenario.seed,
                     {[&](Timestamp t, CrossParcel parcel) { network.send(t, std::move(parcel)); },
                      [&](Timestamp at, std::uint32_t flow) {
                        events.push(std::max(at, now), EventClass::cross, 0, flow);
                      }});
  cross.start();
  for (std::uint32_t i = 0; i < offers.size(); ++i)
    events.push(offers[i].at, EventClass::start, offers[i].from, i);
  std::vector<Out> out;
  while (const auto e = events.pop(timestamp_from_ns(60'000'000'000))) {
    now = e->time();
    if (e->what() == EventClass::cross) cross.wake(now, e->payload);
    if (e->what() == EventClass::service) network.serve(e->time(), e->id());
    if (e->what() == EventClass::crossing) network.cross(e->time(), e->payload);
    if (e->what() == EventClass::entry) network.enter(e->time(), e->id());
    if (e->what() == EventClass::start) {
      const Offer& o = offers[e->payload];
      PacketRef packet = pool.take();
      const auto bytes = bytes_of(o);
      std::copy(bytes.begin(), bytes.end(), packet->data());
      packet->set_size(bytes.size());
      network.send(o.at, network.make(o.from, o.to, mesh::PacketKind::stun, std::move(packet)));
    }
    if (e->what() == EventClass::arrival)  // nothing else: nobody observes
      cross.arrive(now, network.take_cross(e->payload));
    if (e->what() == EventClass::read && network.wakes(now, e->id())) {
      while (const auto flight = network.read(now, e->id())) {
        const Datagram d = network.take(*flight);
        out.push_back({e->time_ns, d.from, d.to, number_of(d.packet->bytes())});
      }
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

// A mesh of two with this weather on both directions of both lines.
Scenario weather(const std::string& keys) {
  return parse_text(R"(version = 1
name = "weather"
seed = 3
duration = "60s"
[profile.p]
up = { rate = "100Mbit/s", delay = "1ms" }
down = { rate = "100Mbit/s", delay = "1ms" }
)" + keys + R"(
[group.s]
count = 2
profile = "p"
[[meeting]]
members = ["s-*"]
)");
}

std::vector<Offer> one_way(std::uint32_t count) {
  std::vector<Offer> offers;
  for (std::uint32_t n = 0; n < count; ++n)
    offers.push_back({timestamp_from_ns(std::int64_t{n} * 1'000'000), 0, 1, 200, n});
  return offers;
}

bool conserved(const Relay& relay) {
  const RelayFigures& f = relay.figures();
  return f.offered + f.duplicated == f.delivered + f.dropped_queue + f.dropped_policer +
                                         f.lost_wire + f.lost_outage + f.no_room +
                                         relay.under_way();
}

}  // namespace

TEST_CASE("lines have the simulator's names and numbers, and paths lead over shared segments",
          "[sim]") {
  const Scenario scenario = parse_text(kRough);
  const LinePaths paths(scenario);
  PacketPool pool, small{kSmallPacket};
  EventQueue events;
  Network network(scenario, {}, {pool, small}, events, at_once);
  const auto reports = network.link_reports(timestamp_from_ns(0));
  REQUIRE(paths.lines().size() == reports.size());
  for (std::size_t i = 0; i < reports.size(); ++i) CHECK(paths.lines()[i].name == reports[i].name);
  const auto names = [&](std::uint16_t from, std::uint16_t to) {
    std::string text;
    for (std::size_t hop = 0; hop < paths.hops(from, to); ++hop)
      text += paths.lines()[paths.line(from, to, hop)].name + " ";
    return text;
  };
  CHECK(names(0, 1) == "central/up core/down district-01/down ");
  CHECK(names(1, 0) == "district-01/up core/up central/down ");
  CHECK(names(1, 2) == "district-01/up core/up core/down district-02/down ");
}

TEST_CASE("every datagram has the fate and the time that the simulator gives it", "[sim]") {
  const Scenario scenario = parse_text(kRough);
  Relay relay(scenario, scenario.duration + 1min);
  const auto offers = traffic();
  const auto out = through_relay(relay, offers);
  CHECK(out == through_network(scenario, offers));
  const RelayFigures& f = relay.figures();
  CHECK(f.offered == offers.size());
  CHECK(f.delivered == out.size());
  CHECK(f.dropped_queue > 0);
  CHECK(f.lost_wire > 0);
  CHECK(f.lost_outage > 0);
  CHECK(f.duplicated > 0);
  CHECK(relay.under_way() == 0);
  CHECK(conserved(relay));
}

TEST_CASE("other traffic delays datagrams as it does in the simulator, and counts its own goodput",
          "[sim]") {
  const Scenario alone = parse_text(kRough), beside = parse_text(kRough + kCross);
  const auto offers = traffic();
  Relay relay(beside, beside.duration + 1min);
  const auto out = through_relay(relay, offers);
  CHECK(out == through_network(beside, offers));
  CHECK(out != through_network(alone, offers));
  REQUIRE(relay.cross().size() == 5);
  for (const CrossReport& flow : relay.cross()) CHECK(flow.goodput_bytes > 0);
  CHECK(conserved(relay));  // of members' datagrams alone
}

TEST_CASE("what is damaged has one other bit, and what is not has none", "[sim]") {
  for (const bool damaged : {true, false}) {
    const Scenario scenario = weather(damaged ? "corrupt = 1.0" : "");
    Relay relay(scenario, 1min);
    for (const Offer& o : one_way(50)) {
      relay.offer(o.at, o.from, o.to, bytes_of(o));
      const auto d = relay.poll(o.at + 100ms);
      REQUIRE(d);
      const auto sent = bytes_of(o);
      REQUIRE(d->packet->present() == sent.size());
      int bits = 0;
      for (std::size_t i = 0; i < sent.size(); ++i)
        bits += std::popcount(static_cast<unsigned>(sent[i] ^ d->packet->data()[i]));
      CHECK(bits == (damaged ? 1 : 0));
      REQUIRE_FALSE(relay.poll(o.at + 999us + 100ms));
    }
    CHECK(relay.figures().corrupted == (damaged ? 50 : 0));
  }
}

TEST_CASE("what is doubled arrives four times over two such lines, unharmed", "[sim]") {
  const Scenario scenario = weather("duplicate = 1.0");
  Relay relay(scenario, 1min);
  const auto out = through_relay(relay, one_way(20));
  std::map<std::uint32_t, int> copies;
  for (const Out& o : out) ++copies[o.number];
  REQUIRE(copies.size() == 20);
  for (const auto& [number, count] : copies) CHECK(count == 4);
  CHECK(relay.figures().duplicated == 60);
  CHECK(conserved(relay));
}

TEST_CASE("jitter keeps the order unless it is told not to", "[sim]") {
  for (const bool keeps : {true, false}) {
    const Scenario scenario = weather(std::string("jitter = { model = \"bounded-") +
                                      (keeps ? "in" : "re") + "order\", sigma = \"5ms\" }");
    Relay relay(scenario, 1min);
    const auto out = through_relay(relay, one_way(500));
    REQUIRE(out.size() == 500);
    const bool sorted = std::is_sorted(
        out.begin(), out.end(), [](const Out& a, const Out& b) { return a.number < b.number; });
    CHECK(sorted == keeps);
  }
}

TEST_CASE("beyond its room the relay takes nothing and says so", "[sim]") {
  const Scenario scenario = weather("");
  Relay relay(scenario, 1min, 10);
  const std::vector<std::uint8_t> bytes(100);
  for (int i = 0; i < 15; ++i) relay.offer(timestamp_from_ns(0), 0, 1, bytes);
  CHECK(relay.under_way() == 10);
  CHECK(relay.figures().no_room == 5);
  CHECK(conserved(relay));
}

}  // namespace diemcau::sim
