// Events of virtual time per second: the engine alone, at the density of a mesh of 11.
#include "sim/event_queue.h"

#include <benchmark/benchmark.h>

#include "core/base/rng.h"

namespace diemcau::sim {
namespace {

// Each event popped pushes its successor, as packets do; `under_way` of them at any time.
void events(benchmark::State& state) {
  const auto under_way = static_cast<std::uint32_t>(state.range(0));
  EventQueue queue;
  Rng rng{1};
  const auto ahead = [&] { return Duration{static_cast<std::int64_t>(rng.below(20'000'000))}; };
  for (std::uint32_t i = 0; i < under_way; ++i)
    queue.push(timestamp_from_ns(0) + ahead(), EventClass::crossing,
               static_cast<std::uint16_t>(i % 11), i);
  for (auto _ : state) {
    const auto event = queue.pop(timestamp_from_ns(INT64_MAX));
    queue.push(event->time() + ahead(), EventClass::crossing, event->id(), event->payload);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(events)->Arg(1000)->Arg(10'000)->Arg(100'000);

}  // namespace
}  // namespace diemcau::sim
