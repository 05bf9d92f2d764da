// diemcau-sim gate: do the targets hold? For the check of the day before, and for CI.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "sim/commands.h"
#include "sim/gate.h"
#include "sim/replicate.h"
#include "sim/run_files.h"

namespace diemcau::sim {

namespace {

struct Arguments {
  std::string scenario, targets;
  std::uint64_t seeds = 20;
  unsigned jobs = 1;
  std::optional<std::string> profile, junit;
  bool json = false, ideal_host = false;
};

int perform(const Arguments& a) {
  const Targets targets = read_targets(a.targets);
  const std::vector<Scenario> scenarios =
      with_seeds(a.scenario, {a.profile, {}, a.ideal_host}, a.seeds);
  const GateAnswer gate = judge(scenarios[0].name, targets,
                                replicate(scenarios, a.jobs, run_counter(scenarios.size())));
  if (a.junit) write_file(*a.junit, junit_xml(gate));
  if (a.json) {
    std::fputs(gate_json(gate).c_str(), stdout);
  } else {
    for (const TargetAnswer& t : gate.targets)
      std::printf("%s  %s\n", t.pass ? "met   " : "MISSED", sentence(gate, t).c_str());
  }
  return gate.pass() ? kDone : kAnswerIsNo;
}

}  // namespace

Command gate_command(CLI::App& app) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* gate = app.add_subcommand(
      "gate", "Exit 0 when a scenario reaches its targets in enough runs, 1 when not");
  gate->add_option("scenario", a->scenario, "Scenario file (TOML)")->required();
  gate->add_option("--targets", a->targets, "Targets file (TOML)")->required();
  gate->add_option("--seeds", a->seeds, "Runs, with seeds 1 to N")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000}));
  gate->add_option("--profile", a->profile, "Profile of the scenario for every site but central");
  add_ideal_host(*gate, a->ideal_host);
  gate->add_option("--jobs", a->jobs, "Runs at the same time; the result is the same")
      ->capture_default_str()
      ->check(CLI::Range(1U, 256U));
  gate->add_option("--junit", a->junit, "Write a JUnit file with one test case per target");
  gate->add_flag("--json", a->json, "Print the answer as JSON");
  return {gate, [a] { return perform(*a); }};
}

}  // namespace diemcau::sim
