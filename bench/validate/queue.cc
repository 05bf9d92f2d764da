// Drop-tail queues against queueing theory: D/D/1 to the nanosecond, M/D/1 and M/M/1 by their mean
// wait (Pollaczek 1930, Khinchin 1932).
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "bench/validate/row.h"
#include "sim/counter_random.h"
#include "sim/link.h"
#include "sim/random_shapes.h"

namespace diemcau::validate {

namespace {

using sim::CounterRandom;
using sim::Link;
using sim::LinkConfig;
using sim::Purpose;

constexpr std::int64_t kPackets = 10'000'000;
constexpr std::int64_t kServiceNs = 1'000'000;  // of a mean packet

LinkConfig bare_line(Bitrate rate) {
  LinkConfig config;
  config.capacity.rate = rate;
  config.queue_time.reset();
  config.overhead = 0;
  return config;
}

std::int64_t arrives_ns(Link& link, std::int64_t now_ns, std::int64_t bytes) {
  const Link::Result r = link.send(timestamp_from_ns(now_ns), ByteCount::bytes(bytes));
  return r.passage == sim::Passage::carried ? to_ns(r.arrives_at) : -1;
}

// The largest difference from n packets × their exact time, rounded to nearest, half up.
double largest_error_ns(std::int64_t kbps, std::int64_t gap_ns) {
  Link link{bare_line(Bitrate::kbps(kbps)), {kSeed, 0, 24h}};
  std::int64_t largest = 0;
  for (std::int64_t n = 1; n <= 100'000; ++n) {
    const std::int64_t arrived = arrives_ns(link, (n - 1) * gap_ns, 1'000);
    const std::int64_t exact = (2 * n * 8'000'000'000 + kbps) / (2 * kbps);
    largest = std::max(largest, std::abs(arrived - exact));
  }
  return static_cast<double>(largest);
}

void deterministic(Rows& rows) {
  // Both lines are overloaded from the first packet on, so service never pauses.
  rows.push_back(within("queue/dd1/whole_ns", largest_error_ns(8'000, 600'000), 0, 0, "ns"));
  rows.push_back(within("queue/dd1/thirds_of_ns", largest_error_ns(3'000, 600'000), 0, 0, "ns"));
}

// A queue of q packets holds q besides the one in service: easily counted wrong by one.
void limit(Rows& rows) {
  std::int64_t wrong = 0;
  for (std::int64_t q = 0; q <= 100; ++q) {
    LinkConfig config = bare_line(Bitrate::kbps(8'000));
    config.queue_bytes = ByteCount::bytes(q * 1'000);
    Link link{config, {kSeed, 0, 24h}};
    std::int64_t carried = 0;
    for (int n = 0; n < 200; ++n) carried += arrives_ns(link, 0, 1'000) >= 0 ? 1 : 0;
    // At the first end of service there is room for one more, and not a nanosecond earlier.
    const bool early = arrives_ns(link, kServiceNs - 1, 1'000) >= 0;
    const bool in_time = arrives_ns(link, kServiceNs, 1'000) >= 0;
    wrong += carried != q + 1 || early || !in_time ? 1 : 0;
  }
  rows.push_back(within("queue/limit", static_cast<double>(wrong), 0, 0, "wrong of 101"));
}

double mean_wait_ms(double load, bool exponential_sizes) {
  // A mean packet of 1 MB at 8 Gbit/s: sizes in whole bytes are exponential to one part in a
  // million.
  constexpr std::int64_t kMeanBytes = 1'000'000;
  Link link{bare_line(Bitrate::kbps(8'000'000)), {kSeed, 0, 24h}};
  CounterRandom gaps{kSeed, Purpose::start_offset, 0}, sizes{kSeed, Purpose::video, 0};
  const Duration mean_gap{std::llround(kServiceNs / load)};
  std::int64_t now_ns = 0;
  double waited_ns = 0;
  for (std::int64_t n = 0; n < kPackets; ++n) {
    now_ns += sim::exponential_time(gaps, mean_gap).count();
    const std::int64_t bytes =
        exponential_sizes
            ? std::max<std::int64_t>(1, sim::exponential_time(sizes, Duration{kMeanBytes}).count())
            : kMeanBytes;
    waited_ns += static_cast<double>(arrives_ns(link, now_ns, bytes) - now_ns - bytes);
  }
  return waited_ns / static_cast<double>(kPackets) / 1e6;
}

struct Load {
  double rho;
  double sigma;  // of the estimate from 10^7 packets, measured over ten seeds
  const char* name;
};
constexpr Load kLoads[] = {
    {0.5, 0.001, "0.50"}, {0.8, 0.003, "0.80"}, {0.9, 0.006, "0.90"}, {0.95, 0.012, "0.95"}};

void poisson(Rows& rows, const std::string& name, bool exponential_sizes) {
  for (const Load& load : kLoads) {
    // ρ·s / (1 − ρ), half of it when sizes do not vary.
    const double expected = load.rho / (1 - load.rho) / (exponential_sizes ? 1 : 2);
    rows.push_back(within_part(name + "/" + load.name, mean_wait_ms(load.rho, exponential_sizes),
                               expected, 3 * load.sigma, "ms"));
  }
}

}  // namespace

const std::vector<Check> kQueueChecks{
    {"queue/dd1", deterministic},
    {"queue/limit", limit},
    {"queue/md1", [](Rows& rows) { poisson(rows, "queue/md1", false); }},
    {"queue/mm1", [](Rows& rows) { poisson(rows, "queue/mm1", true); }},
};

}  // namespace diemcau::validate
