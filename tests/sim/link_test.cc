// Lines against arithmetic: deterministic queues to the nanosecond, limits to the byte, losses
// inside their bound.
#include "sim/link.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace diemcau::sim {
namespace {

Timestamp at(std::int64_t ns) { return timestamp_from_ns(ns); }

LinkConfig line(Bitrate rate, ByteCount queue) {
  LinkConfig config;
  config.capacity.rate = rate;
  config.delay.base = 6ms;
  config.queue_time.reset();
  config.queue_bytes = queue;
  config.overhead = 0;
  return config;
}

LinkIdentity weather(std::uint64_t seed = 1) { return {seed, 3, 24h}; }

}  // namespace

TEST_CASE("a D/D/1 queue delays every packet exactly as arithmetic says", "[sim]") {
  // 1000 bytes at 8 Mbit/s take 1 ms; one packet every 600 µs, so packet n begins at n ms.
  Link link{line(Bitrate::kbps(8'000), ByteCount::bytes(1 << 30)), weather()};
  for (std::int64_t n = 0; n < 10'000; ++n) {
    const Link::Result r = link.send(at(n * 600'000), ByteCount::bytes(1000));
    REQUIRE(r.passage == Passage::carried);
    REQUIRE(to_ns(r.arrives_at) == (n + 1) * 1'000'000 + 6'000'000);
  }
}

TEST_CASE("rounding does not add up inside a busy period", "[sim]") {
  // 1000 bytes at 3 Mbit/s take 2,666,666⅔ ns; n of them n × 8,000,000 / 3.
  Link link{line(Bitrate::kbps(3'000), ByteCount::bytes(1 << 30)), weather()};
  for (std::int64_t n = 1; n <= 30'000; ++n) {
    const Link::Result r = link.send(at(0), ByteCount::bytes(1000));
    const std::int64_t exact_thirds = n * 8'000'000;
    REQUIRE(to_ns(r.arrives_at) == (exact_thirds * 2 + 3) / 6 + 6'000'000);  // nearest, half up
  }
}

TEST_CASE("an idle line serves at once and forgets the remainder", "[sim]") {
  Link link{line(Bitrate::kbps(3'000), ByteCount::bytes(0)), weather()};
  for (std::int64_t n = 0; n < 100; ++n) {
    const Link::Result r = link.send(at(n * 10'000'000), ByteCount::bytes(1000));
    REQUIRE(r.passage == Passage::carried);
    REQUIRE(to_ns(r.arrives_at) == n * 10'000'000 + 2'666'667 + 6'000'000);
  }
}

TEST_CASE("the queue takes exactly its limit, besides the packet in service", "[sim]") {
  Link link{line(Bitrate::kbps(8'000), ByteCount::bytes(3'000)), weather()};
  const auto send = [&](std::int64_t ns, std::int64_t bytes) {
    return link.send(at(ns), ByteCount::bytes(bytes)).passage;
  };
  CHECK(send(0, 1000) == Passage::carried);  // in service until 1 ms
  CHECK(send(0, 1000) == Passage::carried);
  CHECK(send(0, 1000) == Passage::carried);
  CHECK(send(0, 999) == Passage::carried);
  CHECK(send(0, 2) == Passage::dropped_queue);
  CHECK(send(0, 1) == Passage::carried);  // 3,000 bytes wait
  CHECK(send(999'999, 1) == Passage::dropped_queue);
  CHECK(send(1'000'000, 1001) == Passage::dropped_queue);
  CHECK(send(1'000'000, 1000) == Passage::carried);  // the second packet went into service just now
  CHECK(link.figures().dropped_queue == 3);
  CHECK(link.figures().offered == 9);
}

TEST_CASE("overhead takes room in the queue and time on the line", "[sim]") {
  LinkConfig config = line(Bitrate::kbps(8'000), ByteCount::bytes(1'000));
  config.overhead = 38;
  Link link{config, weather()};
  CHECK(to_ns(link.send(at(0), ByteCount::bytes(962)).arrives_at) == 1'000'000 + 6'000'000);
  CHECK(link.send(at(0), ByteCount::bytes(963)).passage == Passage::dropped_queue);
  CHECK(link.send(at(0), ByteCount::bytes(962)).passage == Passage::carried);
}

TEST_CASE("independent loss keeps its mean within five standard deviations and still uses capacity",
          "[sim]") {
  constexpr std::int64_t kPackets = 1'000'000;
  constexpr double kMean = 0.01;
  LinkConfig config = line(Bitrate::kbps(8'000), ByteCount::bytes(0));
  config.loss.kind = LossConfig::Kind::iid;
  config.loss.loss_good = static_cast<std::uint64_t>(kMean * 4294967296.0);
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    INFO("seed " << seed);
    Link link{config, weather(seed)};
    for (std::int64_t n = 0; n < kPackets; ++n)
      static_cast<void>(link.send(at(n * 1'000'000), ByteCount::bytes(1000)));
    const double bound = 5 * std::sqrt(kPackets * kMean * (1 - kMean));
    CHECK(std::abs(static_cast<double>(link.figures().lost_wire) - kPackets * kMean) < bound);
    CHECK(link.figures().bits_served == kPackets * 8'000);
  }
}

TEST_CASE("the draws of one line do not depend on another's", "[sim]") {
  CounterRandom a{1, Purpose::wire_loss, 0}, b{1, Purpose::wire_loss, 1},
      again{1, Purpose::wire_loss, 0};
  bool differ = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t x = a.next();
    differ = differ || x != b.next();
    CHECK(x == again.at(static_cast<std::uint64_t>(i)));
  }
  CHECK(differ);
}

TEST_CASE("integer exponential and Laplace variates have their means", "[sim]") {
  CounterRandom random{5, Purpose::video, 0};
  constexpr int kDraws = 1'000'000;
  double sum = 0, sum_laplace = 0, sum_size = 0;
  for (int i = 0; i < kDraws; ++i) {
    sum += exponential_q16(random.next_u32());
    const std::int32_t l = laplace_q16(random.next());
    sum_laplace += l;
    sum_size += std::abs(l);
  }
  // One standard deviation of the mean is 0.001 (0.0014 for Laplace).
  CHECK(sum / kDraws / 65536 == Approx(1.0).margin(0.005));
  CHECK(sum_laplace / kDraws / 65536 == Approx(0.0).margin(0.007));
  CHECK(sum_size / kDraws / 65536 == Approx(1.0).margin(0.005));
}

TEST_CASE("the integer logarithm agrees with libm to a part in ten thousand", "[sim]") {
  for (const std::uint32_t u :
       {0U, 1U, 2U, 1000U, 0x7FFF'FFFFU, 0xC000'0000U, 0xFFFF'FFFEU, 0xFFFF'FFFFU}) {
    INFO(u);
    const double exact = -std::log((u + 1.0) / 4294967296.0);
    CHECK(exponential_q16(u) / 65536.0 == Approx(exact).margin(1e-4));
  }
}

}  // namespace diemcau::sim
