// Cross traffic against the laws that it is drawn from.
#include "sim/cross_source.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace diemcau::sim {
namespace {

Timestamp at(Duration d) { return Timestamp{} + d; }
CounterRandom draws(std::uint64_t id, std::uint64_t seed = 1) { return {seed, Purpose::cross, id}; }

constexpr ByteCount kPacket = ByteCount::bytes(1000);

}  // namespace

TEST_CASE("a constant-rate source keeps its rate exactly over a million packets", "[sim]") {
  // 8,000 bits at 3 Mbit/s: 2,666,666⅔ ns.
  CbrSource source{Bitrate::kbps(3'000), kPacket, at(5ms)};
  for (std::int64_t n = 0; n < 1'000'000; ++n) {
    const CrossPacket p = source.next();
    REQUIRE(to_ns(p.at) == 5'000'000 + n * 8'000'000 / 3);
    REQUIRE(p.size == kPacket);
  }
}

TEST_CASE("a Poisson source has its mean rate and exponential gaps", "[sim]") {
  constexpr int kPackets = 1'000'000;
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    CAPTURE(seed);
    PoissonSource source{Bitrate::kbps(8'000), kPacket, at(1s), draws(0, seed)};  // one per ms
    Timestamp last = at(1s);
    double sum = 0, squares = 0;
    std::array<int, 4> beyond{};  // gaps above 1, 2, 3, 4 means
    for (int n = 0; n < kPackets; ++n) {
      const Timestamp t = source.next().at;
      REQUIRE(t >= last);
      const double gap = to_ms_double(t - last);
      last = t;
      sum += gap;
      squares += gap * gap;
      for (std::size_t k = 0; k < beyond.size(); ++k)
        beyond[k] += gap > static_cast<double>(k + 1) ? 1 : 0;
    }
    // Five standard deviations: 0.001 of the mean, 0.0028 of the variance.
    const double mean = sum / kPackets;
    CHECK(mean == Approx(1).margin(0.005));
    CHECK(squares / kPackets - mean * mean == Approx(1).margin(0.015));
    for (std::size_t k = 0; k < beyond.size(); ++k) {
      const double p = std::exp(-static_cast<double>(k + 1));
      CHECK(beyond[k] == Approx(kPackets * p).margin(5 * std::sqrt(kPackets * p)));
    }
  }
}

TEST_CASE("the integer Pareto size agrees with libm to a part in a thousand", "[sim]") {
  const ParetoSizes sizes;
  for (const std::uint32_t u :
       {0xFFFF'FFFFU, 0xFFFF'0000U, 0xE000'0000U, 0x8000'0000U, 0x1234'5678U, 0x0200'0000U}) {
    INFO(u);
    const double exact = 30'000 * std::pow((u + 1.0) / 4294967296.0, -1 / 1.2);
    CHECK(static_cast<double>(pareto(sizes, u).count()) == Approx(exact).epsilon(0.001));
  }
  CHECK(pareto(sizes, 0xFFFF'FFFFU) == sizes.smallest);
  CHECK(pareto(sizes, 0) == sizes.largest);
  ParetoSizes heavy = sizes;
  heavy.alpha_tenths = 1;  // 2^320
  CHECK(pareto(heavy, 0) == sizes.largest);
}

TEST_CASE("a visit's size never grows with the draw", "[sim]") {
  ByteCount last = pareto({}, 0);
  for (std::uint64_t u = 0; u < std::uint64_t{1} << 32; u += 65'521) {
    const ByteCount size = pareto({}, static_cast<std::uint32_t>(u));
    REQUIRE(size <= last);
    last = size;
  }
}

TEST_CASE("office visits have Pareto sizes and exponential times off", "[sim]") {
  constexpr int kVisits = 1'000'000;
  PulsedOffice office{{}, draws(3)};
  double off = 0, bytes = 0;
  int at_cap = 0, beyond_double = 0;
  for (int n = 0; n < kVisits; ++n) {
    const FileTransfer visit = office.next(at(7s));
    REQUIRE(visit.start >= at(7s));
    REQUIRE(visit.size >= ByteCount::bytes(30'000));
    REQUIRE(visit.size <= ByteCount::bytes(5'000'000));
    off += to_ms_double(visit.start - at(7s));
    bytes += static_cast<double>(visit.size.count());
    at_cap += visit.size == ByteCount::bytes(5'000'000) ? 1 : 0;
    beyond_double += visit.size > ByteCount::bytes(60'000) ? 1 : 0;
  }
  CHECK(off / kVisits == Approx(5'000).epsilon(0.005));
  // P(X > x) = (30,000 / x)^1.2, so that the mean of what is cut at c is 30,000 (6 − 5 (c / 30,000)
  // ^−0.2); one standard deviation of the mean is 0.3 %.
  const double mean = 30'000 * (6 - 5 * std::pow(5e6 / 30e3, -0.2));
  CHECK(bytes / kVisits == Approx(mean).epsilon(0.015));
  CHECK(beyond_double == Approx(kVisits * std::pow(0.5, 1.2)).margin(2'500));
  CHECK(at_cap == Approx(kVisits * std::pow(0.006, 1.2)).margin(240));
}

TEST_CASE("short flows have sizes from one end of their range to the other", "[sim]") {
  constexpr int kFiles = 200'000;
  OnOffFlows flow{{}, draws(4)};
  double idle = 0, bytes = 0;
  ByteCount least = ByteCount::bytes(1 << 30), most;
  Timestamp done = at(0s);
  for (int n = 0; n < kFiles; ++n) {
    const FileTransfer file = flow.next(done);
    idle += to_ms_double(file.start - done);
    bytes += static_cast<double>(file.size.count());
    least = std::min(least, file.size);
    most = std::max(most, file.size);
    done = file.start + 300ms;
  }
  CHECK(idle / kFiles == Approx(10'000).epsilon(0.012));
  CHECK(bytes / kFiles == Approx(40'000).epsilon(0.002));
  CHECK(least == ByteCount::bytes(30'000));
  CHECK(most == ByteCount::bytes(50'000));
}

TEST_CASE("sizes of one value are that value", "[sim]") {
  OnOffFlows::Config config;
  config.smallest = config.largest = ByteCount::bytes(1);
  OnOffFlows flow{config, draws(5)};
  for (int n = 0; n < 100; ++n) CHECK(flow.next(at(0s)).size == ByteCount::bytes(1));
}

TEST_CASE("a short flow that starts on begins at once, with the same files as one that does not",
          "[sim]") {
  OnOffFlows::Config on, off;
  on.starts_on = true;
  OnOffFlows a{on, draws(6)}, b{off, draws(6)};
  for (int n = 0; n < 100; ++n) {
    const FileTransfer x = a.next(at(1s)), y = b.next(at(1s));
    CHECK(x.size == y.size);
    if (n == 0) {
      CHECK(x.start == at(1s));
      CHECK(y.start > at(1s));
    } else {
      CHECK(x.start == y.start);
    }
  }
}

TEST_CASE("how long transfers take changes neither sizes nor times off", "[sim]") {
  PulsedOffice fast{{}, draws(7)}, slow{{}, draws(7)};
  for (int n = 0; n < 100; ++n) {
    const FileTransfer x = fast.next(at(0s)), y = slow.next(at(100s));
    CHECK(x.size == y.size);
    CHECK(y.start - x.start == 100s);
  }
}

TEST_CASE("sources of different ids and seeds are independent, of the same ones equal", "[sim]") {
  const auto first = [](std::uint64_t id, std::uint64_t seed) {
    return PoissonSource{Bitrate::kbps(100), kPacket, at(0s), draws(id, seed)}.next().at;
  };
  CHECK(first(1, 1) == first(1, 1));
  CHECK(first(1, 1) != first(2, 1));
  CHECK(first(1, 1) != first(1, 2));
}

}  // namespace diemcau::sim
