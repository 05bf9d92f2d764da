// Meetings of 4, 11 and 32, and the mesh that ns-3 is given, in virtual time: real seconds per
// virtual second and packets per second, whole core included.
#include "sim/world.h"

#include <benchmark/benchmark.h>

#include "sim/scenario.h"

namespace diemcau::sim {
namespace {

void hold(benchmark::State& state, const Scenario& scenario) {
  std::uint64_t packets = 0;
  Duration virtual_time{};
  for (auto _ : state) {
    World world{scenario, {}};
    const RunResult result = world.run();
    packets += result.whole.delivered;
    virtual_time += result.virtual_time;
  }
  state.counters["packets_per_second"] =
      benchmark::Counter(static_cast<double>(packets), benchmark::Counter::kIsRate);
  state.counters["times_real_time"] =
      benchmark::Counter(to_ms_double(virtual_time) / 1e3, benchmark::Counter::kIsRate);
}

void meeting(benchmark::State& state, const char* file) {
  hold(state, read_scenario(DIEMCAU_CONFIGS + std::string(file), {}));
}
BENCHMARK_CAPTURE(meeting, province_4, "province-4.toml")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(meeting, province_11, "province-11.toml")->Unit(benchmark::kMillisecond);

void mesh_of_cores(benchmark::State& state) {
  hold(state, read_scenario(DIEMCAU_BENCH "mesh-11.toml", {}));
}
BENCHMARK(mesh_of_cores)->Name("meeting/mesh_11")->Unit(benchmark::kMillisecond);

// The centre and the first communes of the province of 105, joining included.
void province_of(benchmark::State& state) {
  Scenario scenario = read_scenario(DIEMCAU_CONFIGS "province-105.toml", {});
  scenario.members.resize(static_cast<std::size_t>(state.range(0)));
  scenario.duration = 5s;
  hold(state, scenario);
}
BENCHMARK(province_of)->Arg(32)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace diemcau::sim
