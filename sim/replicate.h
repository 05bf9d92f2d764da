// The same scenario under many seeds, on as many threads as wanted; what comes out depends on the
// seeds alone.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/meeting_metrics.h"
#include "sim/scenario.h"

namespace diemcau::sim {

struct Replicate {
  std::uint64_t seed = 0;
  std::uint64_t digest = 0;
  MeetingFigures figures;
};

// One scenario per seed 1 … `seeds`, which beats that of `options`. Throws ScenarioError.
std::vector<Scenario> with_seeds(const std::string& path, ScenarioOptions options,
                                 std::uint64_t seeds);

// In the order of `scenarios`. `done` is called with the number of finished runs, by one thread at
// a time. Throws what the first failing run threw.
std::vector<Replicate> replicate(const std::vector<Scenario>& scenarios, unsigned jobs,
                                 const std::function<void(std::size_t)>& done);

}  // namespace diemcau::sim
