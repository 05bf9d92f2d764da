// A meeting of 11 in virtual time: real seconds per virtual second and packets per second, whole
// core included.
#include "sim/world.h"

#include <benchmark/benchmark.h>

#include "sim/scenario.h"

namespace diemcau::sim {
namespace {

// bench/sim/world_bench.cc lies two folders below the root.
std::string configs_folder() {
  const std::string here = __FILE__;
  return here.substr(0, here.rfind("bench/sim/")) + "configs/";
}

void meeting(benchmark::State& state, const char* file) {
  const Scenario scenario = read_scenario(configs_folder() + file, {});
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
BENCHMARK_CAPTURE(meeting, province_4, "province-4.toml")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(meeting, province_11, "province-11.toml")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace diemcau::sim
