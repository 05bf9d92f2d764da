// Active queues by the numbers of RFC 8289 and RFC 8290: when dropping begins, how it goes faster,
// when it ends, and who pays for a full buffer.
#include "sim/active_queue.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace diemcau::sim {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kPlenty = 1 << 30;

Parcel parcel(std::uint32_t handle, std::int64_t arrived_ns, std::uint32_t flow = 0,
              std::int64_t bytes = 1500) {
  return {bytes, flow, handle, arrived_ns};
}

}  // namespace

TEST_CASE("CoDel leaves a queue alone that empties within its target", "[sim]") {
  CoDelQueue queue{CoDelConfig{}};
  std::vector<Parcel> dropped;
  for (std::uint32_t n = 0; n < 10'000; ++n) {
    queue.push(parcel(2 * n, n * 10 * kMs));
    queue.push(parcel(2 * n + 1, n * 10 * kMs));
    REQUIRE(queue.pop(n * 10 * kMs + 4'999'999, dropped)->handle == 2 * n);
    REQUIRE(queue.pop(n * 10 * kMs + 9 * kMs, dropped)->handle == 2 * n + 1);
  }
  CHECK(dropped.empty());
}

TEST_CASE("CoDel begins to drop after one interval above the target, then at interval / sqrt(n)",
          "[sim]") {
  // Two packets come per ms and one goes: the queue is never below the target after 10 ms.
  CoDelQueue queue{CoDelConfig{}};
  std::vector<Parcel> dropped;
  std::vector<std::int64_t> at_ns;
  for (std::int64_t ms = 0; ms < 3'000; ++ms) {
    queue.push(parcel(0, ms * kMs));
    queue.push(parcel(0, ms * kMs));
    const std::size_t before = dropped.size();
    REQUIRE(queue.pop(ms * kMs, dropped));
    for (std::size_t i = before; i < dropped.size(); ++i) at_ns.push_back(ms * kMs);
  }
  // What leaves at m ms came at ⌊m / 2⌋, so the first that waited for 5 ms leaves at 9.
  REQUIRE(at_ns.size() > 50);
  CHECK(at_ns[0] == 109 * kMs);
  double next_ns = 109e6 + 100e6;
  for (std::size_t n = 1; n < 50; ++n) {
    INFO("drop " << n);
    CHECK(static_cast<double>(at_ns[n]) >= next_ns - 1e3);
    CHECK(static_cast<double>(at_ns[n]) < next_ns + 1e6);
    next_ns += 100e6 / std::sqrt(static_cast<double>(n + 1));
  }
}

TEST_CASE("CoDel ends its dropping with the first packet below the target", "[sim]") {
  CoDelQueue queue{CoDelConfig{}};
  std::vector<Parcel> dropped;
  for (std::int64_t ms = 0; ms < 500; ++ms) {
    queue.push(parcel(0, ms * kMs));
    queue.push(parcel(0, ms * kMs));
    static_cast<void>(queue.pop(ms * kMs, dropped));
  }
  CHECK(dropped.size() >= 4);
  while (queue.pop(501 * kMs, dropped)) {
  }
  const std::size_t so_far = dropped.size();
  for (std::int64_t ms = 510; ms < 1'000; ++ms) {
    queue.push(parcel(0, ms * kMs));
    queue.push(parcel(0, ms * kMs));
    REQUIRE(queue.pop(ms * kMs + 400'000, dropped));
    REQUIRE(queue.pop(ms * kMs + 800'000, dropped));
  }
  CHECK(dropped.size() == so_far);
}

TEST_CASE("CoDel never drops the last full packet of a queue, however long it waited", "[sim]") {
  CoDelQueue queue{CoDelConfig{}};
  std::vector<Parcel> dropped;
  for (std::int64_t n = 0; n < 100; ++n) {
    queue.push(parcel(0, n * 1'000 * kMs));
    REQUIRE(queue.pop(n * 1'000 * kMs + 900 * kMs, dropped));
  }
  CHECK(dropped.empty());
}

TEST_CASE("a full CoDel queue refuses what comes, a full FQ-CoDel takes from the longest",
          "[sim]") {
  std::vector<Parcel> dropped;
  ActiveQueue codel{ActiveQueue::Kind::codel, {}};
  codel.push(parcel(1, 0), 3'000, dropped);
  codel.push(parcel(2, 0), 3'000, dropped);
  codel.push(parcel(3, 0), 3'000, dropped);
  REQUIRE(dropped.size() == 1);
  CHECK(dropped[0].handle == 3);
  CHECK(codel.bytes() == 3'000);

  dropped.clear();
  ActiveQueue fair{ActiveQueue::Kind::fq_codel, {}};
  fair.push(parcel(1, 0, 1), 3'000, dropped);
  fair.push(parcel(2, 0, 1), 3'000, dropped);
  fair.push(parcel(3, 0, 2), 3'000, dropped);
  REQUIRE(dropped.size() == 1);
  CHECK(dropped[0].handle == 1);  // at the front of the longest, though flow 2 came last
  CHECK(fair.bytes() == 3'000);
}

TEST_CASE("FQ-CoDel serves backlogged flows byte for byte alike, each in its order", "[sim]") {
  std::vector<Parcel> dropped;
  ActiveQueue queue{ActiveQueue::Kind::fq_codel, {}};
  // Flow 1 in packets of 1500 bytes, flow 2 in packets of 300; half a MB of each.
  for (std::uint32_t n = 0; n < 350; ++n) queue.push(parcel(n, 0, 1, 1500), kPlenty, dropped);
  for (std::uint32_t n = 0; n < 1'750; ++n) queue.push(parcel(n, 0, 2, 300), kPlenty, dropped);
  std::int64_t bytes[3] = {};
  std::uint32_t next[3] = {};
  for (int served = 0; served < 1'000; ++served) {
    const auto p = queue.pop(1, dropped);
    REQUIRE(p);
    REQUIRE(p->handle == next[p->flow]++);
    bytes[p->flow] += p->bytes;
    REQUIRE(std::abs(bytes[1] - bytes[2]) <= 2 * 1514);  // a quantum and a packet: RFC 8290 §6
  }
  CHECK(dropped.empty());
}

TEST_CASE("under FQ-CoDel a flow that was idle goes before the backlog of another", "[sim]") {
  std::vector<Parcel> dropped;
  ActiveQueue queue{ActiveQueue::Kind::fq_codel, {}};
  for (std::uint32_t n = 0; n < 100; ++n) queue.push(parcel(n, 0, 1), kPlenty, dropped);
  for (int i = 0; i < 10; ++i) static_cast<void>(queue.pop(1, dropped));
  queue.push(parcel(777, 0, 2, 200), kPlenty, dropped);
  CHECK(queue.pop(1, dropped)->handle == 777);
}

TEST_CASE("a cleared queue gives back all it held and is empty", "[sim]") {
  for (const auto kind : {ActiveQueue::Kind::codel, ActiveQueue::Kind::fq_codel}) {
    std::vector<Parcel> out;
    ActiveQueue queue{kind, {}};
    for (std::uint32_t n = 0; n < 20; ++n) queue.push(parcel(n, 0, n % 3), kPlenty, out);
    REQUIRE(out.empty());
    queue.clear(out);
    CHECK(out.size() == 20);
    CHECK(queue.empty());
    CHECK_FALSE(queue.pop(1, out));
    queue.push(parcel(99, 5, 1), kPlenty, out);
    CHECK(queue.pop(6, out)->handle == 99);
  }
}

TEST_CASE("a queue that was cleared waits a whole interval before it drops again", "[sim]") {
  std::vector<Parcel> dropped;
  ActiveQueue queue{ActiveQueue::Kind::codel, {}};
  for (std::int64_t ms = 0; ms < 300; ++ms) {
    queue.push(parcel(0, ms * kMs), kPlenty, dropped);
    queue.push(parcel(0, ms * kMs), kPlenty, dropped);
    static_cast<void>(queue.pop(ms * kMs, dropped));
  }
  REQUIRE_FALSE(dropped.empty());
  queue.clear(dropped);
  dropped.clear();
  for (std::uint32_t n = 0; n < 50; ++n) queue.push(parcel(n, 300 * kMs), kPlenty, dropped);
  for (std::int64_t ms = 310; ms < 350; ++ms) REQUIRE(queue.pop(ms * kMs, dropped));
  CHECK(dropped.empty());
}

}  // namespace diemcau::sim
