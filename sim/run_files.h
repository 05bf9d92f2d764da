// D/run.json and D/flows.csv of one run, and how files are read and written: beside and renamed, so
// that a half-written result never exists.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/scenario.h"
#include "sim/world.h"

namespace diemcau::sim {

struct RunFacts {
  std::string scenario_path;
  std::uint64_t seed = 0;
  double wall_seconds = 0;
  // Of --targets: none when none were asked for, empty when all were met.
  std::optional<std::vector<std::string>> targets_missed;
};

std::string run_json(const Scenario& scenario, const RunFacts& facts, const RunResult& result);
std::string flows_csv(const RunResult& result);
// Throws std::runtime_error with the remedy when the folder or a file cannot be written.
void make_folder(const std::string& path);
void write_file(const std::string& path, const std::string& text);
// Throws ScenarioError when the file cannot be read.
std::string read_text(const std::string& path);

}  // namespace diemcau::sim
