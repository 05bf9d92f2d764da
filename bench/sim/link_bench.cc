// Packets per second through lines alone: two per packet, as up one line and down another, with an
// event between.
#include "sim/link.h"

#include <benchmark/benchmark.h>

#include <vector>

#include "sim/event_queue.h"

namespace diemcau::sim {
namespace {

LinkConfig line() {
  LinkConfig config;
  config.capacity.rate = Bitrate::kbps(20'000);
  config.delay.base = 6ms;
  config.queue_time = 120ms;
  config.loss.kind = LossConfig::Kind::iid;
  config.loss.loss_good = 429'497;  // 1 in 10,000
  return config;
}

void one_link(benchmark::State& state) {
  Link link{line(), LinkIdentity{}};
  Timestamp now;
  for (auto _ : state) {
    benchmark::DoNotOptimize(link.send(now, ByteCount::bytes(1200)));
    now += 520us;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(one_link);

// A full mesh of `n` sites in which every pair sends 1 Mbit/s in packets of 1200 bytes: source, up
// line, down line, arrival.
void mesh(benchmark::State& state) {
  const auto n = static_cast<std::uint16_t>(state.range(0));
  LinkConfig config = line();
  config.capacity.rate = Bitrate::kbps(2'000 * n);
  std::vector<Link> up, down;
  for (std::uint16_t i = 0; i < n; ++i) {
    up.emplace_back(config, LinkIdentity{1, i * 2U, 24h});
    down.emplace_back(config, LinkIdentity{1, i * 2U + 1U, 24h});
  }
  EventQueue queue;
  const Duration interval = 9600us;
  const ByteCount size = ByteCount::bytes(1228);
  for (std::uint16_t from = 0; from < n; ++from) {
    for (std::uint16_t to = 0; to < n; ++to) {
      if (from == to) continue;
      const auto pair = static_cast<std::uint32_t>(from) << 16 | to;
      queue.push(timestamp_from_ns(pair * 7919LL % interval.count()), EventClass::encoded, from,
                 pair);
    }
  }
  std::int64_t delivered = 0;
  for (auto _ : state) {
    const auto event = queue.pop(timestamp_from_ns(INT64_MAX));
    const Timestamp now = event->time();
    const auto to = static_cast<std::uint16_t>(event->payload);
    if (event->what() == EventClass::encoded) {
      queue.push(now + interval, EventClass::encoded, event->id(), event->payload);
      const auto r = up[event->id()].send(now, size);
      if (r.passage == Passage::carried)
        queue.push(r.arrives_at, EventClass::crossing, to, event->payload);
    } else if (event->what() == EventClass::crossing) {
      const auto r = down[to].send(now, size);
      if (r.passage == Passage::carried)
        queue.push(r.arrives_at, EventClass::arrival, to, event->payload);
    } else {
      ++delivered;
    }
  }
  state.counters["packets_per_second"] =
      benchmark::Counter(static_cast<double>(delivered), benchmark::Counter::kIsRate);
}
BENCHMARK(mesh)->Arg(11)->Arg(32)->Arg(104);

}  // namespace
}  // namespace diemcau::sim
