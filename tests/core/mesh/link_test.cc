#include "core/mesh/link.h"

#include <catch2/catch.hpp>
#include <map>

#include "tests/support/test_media.h"
#include "tests/support/test_mesh.h"

using namespace diemcau;
using namespace diemcau::mesh;
using test::TestMesh;

namespace {
bool all_up(TestMesh& mesh, std::size_t i, std::size_t peers) {
  std::size_t up = 0;
  for (const auto& path : mesh.bridge(i).report(mesh.now()).paths) up += path.up ? 1 : 0;
  return up == peers;
}
}  // namespace

TEST_CASE("Four bridges form a full mesh within five round trips", "[core][mesh]") {
  TestMesh mesh(4);
  // Check and answer 1 RTT, handshake 2 RTT, hello 0.5 RTT: 35 ms at 5 ms one way; 50 ms leaves a
  // check interval's phase.
  mesh.run_for(50ms);
  for (std::size_t i = 0; i < 4; ++i) CHECK(all_up(mesh, i, 3));
}

TEST_CASE("A link comes up when every third datagram is lost", "[core][mesh]") {
  const std::uint64_t seed = 7;
  INFO("seed " << seed);
  Rng rng(seed);
  TestMesh mesh(2);
  mesh.drop = [&](const TestMesh::Datagram&) { return rng.below(3) == 0; };
  // Each of about seven steps needs a datagram that survives; at 2/3 and 50…200 ms between tries 3
  // s is ample.
  mesh.run_for(3s);
  CHECK(all_up(mesh, 0, 1));
  CHECK(all_up(mesh, 1, 1));
}

TEST_CASE("A link comes up on a line of three seconds there and back", "[core][mesh]") {
  const Duration way = GENERATE(250ms, 600ms, 1500ms);
  CAPTURE(way.count());
  TestMesh mesh(2);
  mesh.delay = way;
  // Check and answer, handshake, hello: 3.5 round trips; as many again for answers that go by.
  mesh.run_for(14 * way);
  CHECK(all_up(mesh, 0, 1));
  CHECK(all_up(mesh, 1, 1));
}

TEST_CASE("Checks that find no answer stay at their pace, however many come from the other side",
          "[core][mesh]") {
  TestMesh mesh(2);
  std::size_t checks = 0;
  // Requests pass, answers to them do not: that bit of RFC 8489's class is theirs.
  mesh.drop = [&](const TestMesh::Datagram& d) {
    const bool answer = (d.bytes.at(0) & 1U) != 0;
    if (!answer) ++checks;
    return answer;
  };
  mesh.run_for(10s);
  // One in 50 ms from each end, eight at once and one more a second.
  CHECK(checks >= 2 * 150);
  CHECK(checks <= 2 * (202 + 8 + 10));
}

TEST_CASE("Nothing of the handshake crosses once both ends have keys, however long the way",
          "[core][mesh]") {
  const Duration way = GENERATE(5ms, 40ms, 150ms);
  CAPTURE(way.count());
  TestMesh mesh(2);
  mesh.delay = way;
  std::size_t flights = 0;
  mesh.drop = [&](const TestMesh::Datagram& d) {
    flights += d.kind == PacketKind::dtls ? 1 : 0;
    return false;
  };
  mesh.run_for(14 * way);
  REQUIRE(all_up(mesh, 0, 1));
  flights = 0;
  mesh.run_for(1min);
  CHECK(flights == 0);
}

TEST_CASE("Silence is suspected at 600 ms and down at 2 s, and the same keys serve afterwards",
          "[core][mesh]") {
  TestMesh mesh(2);
  mesh.run_for(1s);
  REQUIRE(all_up(mesh, 0, 1));
  bool cut = true;
  mesh.drop = [&](const TestMesh::Datagram&) { return cut; };
  mesh.run_for(300ms);  // the last packet may be 250 ms and a round trip older
  CHECK(mesh.count_events(0, EventKind::link_suspect) == 0);
  mesh.run_for(600ms);
  CHECK(mesh.count_events(0, EventKind::link_suspect) == 1);
  CHECK(all_up(mesh, 0, 1));
  mesh.run_for(1500ms);
  CHECK(mesh.count_events(0, EventKind::link_down) == 1);
  CHECK_FALSE(all_up(mesh, 0, 1));
  cut = false;
  mesh.run_for(100ms);  // a check every 50 ms and a round trip of 10 ms
  CHECK(all_up(mesh, 0, 1));
  CHECK(all_up(mesh, 1, 1));
  CHECK(mesh.count_events(0, EventKind::handshake_done) == 1);
}

TEST_CASE("A long outage ends within one back-off step of the line's return", "[core][mesh]") {
  TestMesh mesh(2);
  mesh.run_for(1s);
  bool cut = true;
  mesh.drop = [&](const TestMesh::Datagram&) { return cut; };
  mesh.run_for(5min);
  cut = false;
  mesh.run_for(2500ms);  // 2 s + 20 % and a round trip
  CHECK(all_up(mesh, 0, 1));
  CHECK(all_up(mesh, 1, 1));
}

TEST_CASE("A bridge that restarts is met with new keys at once", "[core][mesh]") {
  TestMesh mesh(2);
  mesh.run_for(1s);
  for (const std::size_t who : {std::size_t{0}, std::size_t{1}}) {
    const auto before = mesh.count_events(1 - who, EventKind::handshake_done);
    mesh.restart(who, 77 + who);
    mesh.run_for(200ms);
    CHECK(all_up(mesh, 0, 1));
    CHECK(all_up(mesh, 1, 1));
    CHECK(mesh.count_events(1 - who, EventKind::handshake_done) == before + 1);
  }
}

TEST_CASE("A bridge that restarts is met with new keys even if it answers no check for a while",
          "[core][mesh]") {
  const std::size_t who = GENERATE(std::size_t{0}, std::size_t{1});
  const Duration mute = GENERATE(20ms, 60ms, 300ms, 2s);
  CAPTURE(who, mute.count());
  TestMesh mesh(2);
  mesh.run_for(1s);
  Timestamp until = mesh.now() + mute;
  mesh.drop = [&](const TestMesh::Datagram& d) {
    const bool answer = d.kind == PacketKind::stun && (d.bytes.at(0) & 1U) != 0;
    return answer && d.from == who && mesh.now() < until;
  };
  mesh.restart(who, 77);
  // The other one begins once its check is answered, 50 ms later at the most.
  mesh.run_for(mute + 200ms);
  CHECK(all_up(mesh, 0, 1));
  CHECK(all_up(mesh, 1, 1));
  mesh.run_for(15s);  // longer than any handshake is waited for
  CHECK(all_up(mesh, 0, 1));
  CHECK(all_up(mesh, 1, 1));
  CHECK(mesh.count_events(1 - who, EventKind::handshake_done) == 2);
}

TEST_CASE("The clock offset of a peer is known to half the round trip", "[core][mesh]") {
  TestMesh mesh(2);
  mesh.run_for(2s);
  const auto path = mesh.bridge(0).report(mesh.now()).paths.at(0);
  REQUIRE(path.clock_offset);
  CHECK(to_us(*path.rtt) == 10'000);
  // Both read the same wall clock, and the line is symmetric: the estimate is exact up to rounding
  // of 2^-32 s.
  CHECK(std::abs(to_ns(*path.clock_offset)) < 10);
}

TEST_CASE("A bridge that restarts with another clock is known by its new one", "[core][mesh]") {
  TestMesh mesh(2);
  mesh.run_for(40s);  // all that is remembered of round trips is full
  mesh.restart(1, 77, 10min);
  mesh.run_for(2s);
  const auto path = mesh.bridge(0).report(mesh.now()).paths.at(0);
  REQUIRE(path.clock_offset);
  CHECK(std::abs(to_ns(*path.clock_offset - Duration{10min})) < 10);
}

TEST_CASE("A replayed check from another address gets an answer but does not move the link",
          "[core][mesh]") {
  TestMesh mesh(2);
  std::vector<std::uint8_t> recorded;
  mesh.drop = [&](const TestMesh::Datagram& d) {
    if (d.kind == PacketKind::stun && d.from == 1 && recorded.empty()) recorded = d.bytes;
    return false;
  };
  mesh.run_for(1s);
  const auto before = mesh.bridge(0).report(mesh.now()).paths.at(0).path;
  PacketRef packet = mesh.packets(0).take();
  std::copy(recorded.begin(), recorded.end(), packet->data());
  packet->set_size(recorded.size());
  mesh.input(0, StrangerArrived{0, Endpoint::v4(0x0909'0909, 99), mesh.now(), std::move(packet)});
  mesh.run_for(5s);
  CHECK(mesh.bridge(0).report(mesh.now()).paths.at(0).path == before);
  CHECK(all_up(mesh, 0, 1));
}

TEST_CASE("Bridges that have changed addresses are met at their new ones", "[core][mesh]") {
  TestMesh mesh(3);
  mesh.run_for(1s);
  mesh.change_places(1, 2);
  mesh.restart(1, 77);
  mesh.restart(2, 78);
  mesh.run_for(3s);
  CHECK(all_up(mesh, 0, 2));
  // Where the other is, nobody tells them: its address in their rosters is their own now.
  CHECK(all_up(mesh, 1, 1));
  CHECK(all_up(mesh, 2, 1));
}

TEST_CASE("A bridge whose address changes in the middle of a meeting is spoken to at the new one",
          "[core][mesh]") {
  TestMesh mesh(2);
  test::TestMedia media(mesh, 2);
  mesh.run_for(3s);
  mesh.move(1, 5);
  const auto before = mesh.bridge(0).report(mesh.now()).paths.at(0).path;
  // The change is suspected after 600 ms; a check and its answer are a hundredth of that.
  mesh.run_for(1s);
  CHECK(mesh.bridge(0).report(mesh.now()).paths.at(0).path != before);
  const std::size_t seen = media.seen(1, 0).shown.size();
  mesh.run_for(2s);
  CHECK(media.seen(1, 0).shown.size() >= seen + 50);
  CHECK(mesh.count_events(0, EventKind::link_down) == 0);
  CHECK(mesh.count_events(1, EventKind::link_down) == 0);
}

TEST_CASE("A peer that vanishes in the middle of a handshake is waited for in silence",
          "[core][mesh]") {
  const std::size_t gone = GENERATE(std::size_t{0}, std::size_t{1});
  CAPTURE(gone);
  TestMesh mesh(2);
  bool vanished = false;
  std::size_t from_other = 0;
  mesh.drop = [&](const TestMesh::Datagram& d) {
    if (vanished && d.from != gone) ++from_other;
    const bool lost = vanished && d.from == gone;
    vanished = vanished || (d.kind == PacketKind::dtls && d.from == gone);
    return lost;
  };
  mesh.run_for(15s);
  REQUIRE(vanished);
  from_other = 0;
  mesh.run_for(5min);  // a livelock in time ends run_for()
  // Checks back off to two seconds, less a fifth; nothing else leaves.
  CHECK(from_other <= 300 * 10 / 16 + 1);
  CHECK(mesh.count_events(1 - gone, EventKind::handshake_failed) == 1);
  mesh.drop = [](const TestMesh::Datagram&) { return false; };
  mesh.run_for(15s);
  CHECK(all_up(mesh, 0, 1));
}

TEST_CASE("The address of a bridge that is heard is given to nobody", "[core][mesh]") {
  TestMesh mesh(3);
  std::vector<std::uint8_t> recorded;
  mesh.drop = [&](const TestMesh::Datagram& d) {
    if (d.kind == PacketKind::stun && d.from == 1 && d.to == 0 && recorded.empty())
      recorded = d.bytes;
    return false;
  };
  mesh.run_for(1s);
  int told = 0;
  mesh.on_output = [&](std::size_t i, const Output& out) {
    told += i == 0 && std::holds_alternative<PathOpened>(out) ? 1 : 0;
  };
  const auto refused = [&] {
    return mesh.bridge(0)
        .report(mesh.now())
        .dropped[static_cast<std::size_t>(quality::DropReason::auth)];
  };
  const std::uint64_t before = refused();
  PacketRef packet = mesh.packets(0).take();
  std::copy(recorded.begin(), recorded.end(), packet->data());
  packet->set_size(recorded.size());
  const PathId of_b2 = mesh.bridge(0).report(mesh.now()).paths.at(1).path;
  mesh.input(0, PacketArrived{of_b2, PacketKind::stun, mesh.now(), std::move(packet)});
  mesh.run_for(1s);
  CHECK(told == 0);
  CHECK(refused() == before + 1);
}

TEST_CASE("Whoever repeats another's check from a bridge's address does not keep that bridge out",
          "[core][mesh]") {
  TestMesh mesh(3);
  std::vector<std::uint8_t> recorded;
  bool away = true;
  mesh.drop = [&](const TestMesh::Datagram& d) {
    const bool request = d.kind == PacketKind::stun && (d.bytes.at(0) & 1U) == 0;
    if (d.from == 2 && d.to == 0 && request && recorded.empty()) recorded = d.bytes;
    return away && (d.from == 1 || d.to == 1);
  };
  // Oftener than there and back take.
  const std::function<void(Timestamp)> repeat = [&](Timestamp t) {
    mesh.at(t, [&, t] {
      if (!recorded.empty()) mesh.send({1, 0, PacketKind::stun, recorded});
      repeat(t + 3ms);
    });
  };
  repeat(mesh.now());
  mesh.run_for(2s);
  REQUIRE_FALSE(recorded.empty());
  away = false;
  mesh.run_for(4s);
  CHECK(all_up(mesh, 0, 2));
}

TEST_CASE(
    "A check that was recorded once and comes again from many ports takes no roster's address",
    "[core][mesh]") {
  TestMesh mesh(2);
  std::vector<std::uint8_t> recorded;
  mesh.drop = [&](const TestMesh::Datagram& d) {
    // Of RFC 8489's class a request lacks that bit.
    const bool request = d.kind == PacketKind::stun && (d.bytes.at(0) & 1U) == 0;
    if (d.from == 1 && request && recorded.empty()) recorded = d.bytes;
    return true;
  };
  std::map<PathId, Endpoint> open;
  std::size_t strangers = 0;
  bool closed_roster = false;
  mesh.on_output = [&](std::size_t i, const Output& out) {
    if (i != 0) return;
    if (const auto* o = std::get_if<PathOpened>(&out)) {
      open[o->path] = o->remote;
      if (o->remote != TestMesh::address(1)) ++strangers;
    }
    if (const auto* c = std::get_if<PathClosed>(&out))
      closed_roster = closed_roster || open[c->path] == TestMesh::address(1);
  };
  mesh.restart(0, 2);  // opens what the roster says before our eyes
  mesh.run_for(100ms);
  REQUIRE_FALSE(recorded.empty());
  for (std::uint16_t port = 1'000; port < 1'500; ++port) {
    PacketRef packet = mesh.packets(0).take();
    std::copy(recorded.begin(), recorded.end(), packet->data());
    packet->set_size(recorded.size());
    mesh.input(0,
               StrangerArrived{0, Endpoint::v4(0x0909'0909, port), mesh.now(), std::move(packet)});
    mesh.run_for(20ms);
  }
  CHECK_FALSE(closed_roster);
  // Three at once, then each has half a second to be proven: 3 + 3 × 10 s ÷ 0.5 s.
  CHECK(strangers >= 3);
  CHECK(strangers <= 63);
  mesh.drop = [](const TestMesh::Datagram&) { return false; };
  mesh.run_for(3s);
  CHECK(all_up(mesh, 0, 1));
}
