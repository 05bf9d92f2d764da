#include "core/mesh/control_channel.h"

#include <catch2/catch.hpp>
#include <map>

#include "core/base/rng.h"

using namespace diemcau;
using namespace diemcau::mesh;
using wire::ControlPriority;

namespace {
const Timestamp t0 = timestamp_from_ns(1'000'000'000);
using Bytes = std::vector<std::uint8_t>;

Bytes message(std::size_t size, std::uint8_t fill) { return Bytes(size, fill); }

std::vector<Bytes> due(ControlChannel& channel, Timestamp now) {
  std::vector<Bytes> datagrams;
  Bytes buffer(2000);
  while (const std::size_t size = channel.poll_datagram(now, buffer)) {
    datagrams.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return datagrams;
}

std::vector<Bytes> delivered(ControlChannel& channel) {
  std::vector<Bytes> all;
  while (const auto m = channel.poll_message()) all.emplace_back(m->begin(), m->end());
  return all;
}
}  // namespace

TEST_CASE("A message crosses in one datagram and is acknowledged once", "[core][mesh]") {
  ControlChannel a, b;
  REQUIRE(a.send(t0, ControlPriority::floor, message(300, 7), 0));
  const auto datagrams = due(a, t0);
  REQUIRE(datagrams.size() == 1);
  b.datagram_arrived(t0 + 5ms, datagrams[0]);
  CHECK(delivered(b) == std::vector<Bytes>{message(300, 7)});
  const auto acks = due(b, t0 + 5ms);
  REQUIRE(acks.size() == 1);
  a.datagram_arrived(t0 + 10ms, acks[0]);
  CHECK_FALSE(a.deadline());
  CHECK(due(a, t0 + 10s).empty());
}

TEST_CASE("No datagram is longer than 1,200 bytes whatever the messages", "[core][mesh]") {
  ControlChannel a;
  for (const std::size_t size : {1U, 1024U, 1025U, 5000U, 65'536U}) {
    REQUIRE(a.send(t0, ControlPriority::documents, message(size, 1), 0));
  }
  for (const auto& d : due(a, t0)) CHECK(d.size() <= 1200);
}

TEST_CASE("A repeated fragment is acknowledged again and not delivered again", "[core][mesh]") {
  ControlChannel a, b;
  REQUIRE(a.send(t0, ControlPriority::floor, message(10, 1), 0));
  const auto d = due(a, t0);
  b.datagram_arrived(t0, d[0]);
  CHECK(delivered(b).size() == 1);
  static_cast<void>(due(b, t0));
  b.datagram_arrived(t0 + 50ms, d[0]);
  CHECK(delivered(b).empty());
  CHECK(due(b, t0 + 50ms).size() == 1);
}

TEST_CASE("A newer message of the same slot replaces the one that waits", "[core][mesh]") {
  ControlChannel a, b;
  REQUIRE(a.send(t0, ControlPriority::documents, message(10, 1), 5));
  REQUIRE(a.send(t0, ControlPriority::documents, message(10, 2), 5));
  for (const auto& d : due(a, t0)) b.datagram_arrived(t0, d);
  CHECK(delivered(b) == std::vector<Bytes>{message(10, 2)});
}

TEST_CASE("A priority that is full refuses more and leaves room for the others", "[core][mesh]") {
  ControlChannel a;
  while (a.send(t0, ControlPriority::backfill, message(10, 1), 0)) {
  }
  CHECK_FALSE(a.send(t0, ControlPriority::backfill, message(10, 1), 0));
  CHECK(a.send(t0, ControlPriority::floor, message(10, 2), 0));
}

TEST_CASE("A slot's message has room where all others of its priority wait", "[core][mesh]") {
  ControlChannel a;
  while (a.send(t0, ControlPriority::subscriptions, message(10, 1), 0)) {
  }
  CHECK(a.send(t0, ControlPriority::subscriptions, message(10, 2), 3));
  CHECK(a.send(t0, ControlPriority::subscriptions, message(10, 3), 3));
  CHECK_FALSE(a.send(t0, ControlPriority::subscriptions, message(10, 4), 0));
}

TEST_CASE("Urgent messages leave before those that were queued earlier", "[core][mesh]") {
  ControlChannel a, b;
  REQUIRE(a.send(t0, ControlPriority::backfill, message(1000, 1), 0));
  REQUIRE(a.send(t0, ControlPriority::floor, message(1000, 2), 0));
  const auto d = due(a, t0);
  b.datagram_arrived(t0, d[0]);
  CHECK(delivered(b) == std::vector<Bytes>{message(1000, 2)});
}

TEST_CASE("Of messages that begin all at once 64 are taken, and the others when they come again",
          "[core][mesh]") {
  ControlChannel a, b;
  std::size_t sent = 0, got = 0;
  const auto exchange = [&](Timestamp now) {
    for (const auto& d : due(a, now)) b.datagram_arrived(now, d);
    got += delivered(b).size();
    for (const auto& d : due(b, now)) a.datagram_arrived(now, d);
  };
  for (int round = 0; round < 6; ++round) {
    while (a.send(t0, ControlPriority::floor, message(10, 1), 0)) ++sent;
    exchange(t0);
  }
  CHECK(sent > 64);
  CHECK(got == 64);
  for (Timestamp now = t0; now < t0 + 5s; now += 50ms) exchange(now);
  CHECK(got == sent);
}

TEST_CASE("Every message arrives exactly once over a line that loses, repeats and reorders",
          "[core][mesh]") {
  const std::uint64_t seed = 20261123;
  INFO("seed " << seed);
  Rng rng(seed);
  ControlChannel a, b;
  std::multimap<Timestamp, std::pair<bool, Bytes>> line;  // bool: towards b
  std::map<std::uint8_t, int> got;
  std::uint8_t sent = 0;
  Timestamp now = t0;
  const auto put = [&](ControlChannel& from, bool towards_b) {
    for (auto& d : due(from, now)) {
      if (rng.below(100) < 30) continue;
      const Duration delay = 1ms * static_cast<std::int64_t>(1 + rng.below(40));
      line.emplace(now + delay, std::pair(towards_b, d));
      if (rng.below(100) < 10) line.emplace(now + delay * 2, std::pair(towards_b, d));
    }
  };
  for (; now < t0 + 60s; now += 1ms) {
    if (sent < 200 && rng.below(20) == 0) {
      const std::size_t size = 1 + rng.below(6000);
      const auto priority = static_cast<ControlPriority>(rng.below(4));
      if (a.send(now, priority, message(size, sent), 0)) ++sent;
    }
    while (!line.empty() && line.begin()->first <= now) {
      const auto [towards_b, d] = line.begin()->second;
      line.erase(line.begin());
      (towards_b ? b : a).datagram_arrived(now, d);
    }
    for (const auto& m : delivered(b)) ++got[m.at(0)];
    put(a, true);
    put(b, false);
  }
  CHECK(sent == 200);
  CHECK(got.size() == 200);
  for (const auto& [id, times] : got) CHECK(times == 1);
  CHECK_FALSE(a.deadline());
}
