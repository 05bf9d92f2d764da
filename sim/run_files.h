// D/run.json and D/flows.csv of one run: written beside and renamed, so that a half-written result
// never exists.
#pragma once

#include <string>

#include "sim/scenario.h"
#include "sim/world.h"

namespace diemcau::sim {

struct RunFacts {
  std::string scenario_path;
  std::uint64_t seed = 0;
  double wall_seconds = 0;
};

std::string run_json(const Scenario& scenario, const RunFacts& facts, const RunResult& result);
std::string flows_csv(const RunResult& result);
// Throws std::runtime_error with the remedy when the folder or a file cannot be written.
void write_file(const std::string& path, const std::string& text);

}  // namespace diemcau::sim
