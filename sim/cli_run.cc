// diemcau-sim run: one scenario, one seed, all its results.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "sim/commands.h"
#include "sim/event_file.h"
#include "sim/report.h"
#include "sim/run_files.h"
#include "sim/scenario.h"
#include "sim/targets.h"
#include "sim/world.h"

namespace diemcau::sim {

namespace {

// Beyond, a curve per bridge is no picture any more.
constexpr std::size_t kMostSampled = 32;

struct Arguments {
  std::string scenario, out;
  std::optional<std::uint64_t> seed;
  std::optional<std::string> profile, events, targets;
  bool json = false, ideal_host = false;
};

void print_summary(const Arguments& a, const RunFacts& facts, const RunResult& r) {
  const double virtual_s = to_ms_double(r.virtual_time) / 1e3;
  std::printf("digest %016llx\n", static_cast<unsigned long long>(r.digest));
  std::printf("%.3g s of %zu bridges in %.3g s: %.1f x real time, %.0f packets per second\n",
              virtual_s, r.names.size(), facts.wall_seconds, virtual_s / facts.wall_seconds,
              static_cast<double>(r.whole.delivered) / facts.wall_seconds);
  std::printf("packets %llu sent, %llu delivered, %llu dropped by queues, %llu lost on the wire\n",
              static_cast<unsigned long long>(r.whole.sent),
              static_cast<unsigned long long>(r.whole.delivered),
              static_cast<unsigned long long>(r.whole.dropped_queue),
              static_cast<unsigned long long>(r.whole.lost_wire));
  if (facts.targets_missed) {
    for (const std::string& missed : *facts.targets_missed)
      std::printf("target missed: %s\n", missed.c_str());
    if (facts.targets_missed->empty()) std::printf("all targets met\n");
  }
  std::printf("results in %s\n", a.out.c_str());
}

WorldOptions options_of(const Scenario& scenario, std::optional<EventFile>& events) {
  WorldOptions options;
  options.sample_seconds = scenario.members.size() <= kMostSampled;
  if (events) options.on_event = [&](std::span<const std::uint64_t> words) { events->add(words); };
  if (isatty(STDERR_FILENO) != 0) {
    options.on_second = [&](Timestamp now) {
      std::fprintf(stderr, "\r%lld s of %lld s", static_cast<long long>(to_ns(now) / 1'000'000'000),
                   static_cast<long long>(scenario.duration / 1s));
    };
  }
  return options;
}

std::string report_of(const Arguments& a, const Scenario& scenario,
                      const std::optional<Targets>& targets, const RunResult& result) {
  ReportInput in = report_input(scenario, scenario.seed, result);
  in.scenario_text = read_text(a.scenario);
  in.profile = a.profile.value_or("");
  if (targets) in.targets = targets->all;
  return report_html(in);
}

int perform(const Arguments& a) {
  const Scenario scenario = read_scenario(a.scenario, {a.profile, a.seed, a.ideal_host});
  std::optional<Targets> targets;
  if (a.targets) targets = read_targets(*a.targets);
  make_folder(a.out);
  std::optional<EventFile> events;
  if (a.events) events.emplace(*a.events);

  World world{scenario, options_of(scenario, events)};
  const auto begin = std::chrono::steady_clock::now();
  const RunResult result = world.run();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");

  RunFacts facts{a.scenario, scenario.seed, wall.count(), {}};
  if (targets) facts.targets_missed = missed(*targets, meeting_figures(result));
  const std::string json = run_json(scenario, facts, result);
  const std::filesystem::path out{a.out};
  write_file((out / "run.json").string(), json);
  write_file((out / "flows.csv").string(), flows_csv(result));
  write_file((out / "report.html").string(), report_of(a, scenario, targets, result));
  if (events) events->finish();
  if (a.json) {
    std::fputs(json.c_str(), stdout);
  } else {
    print_summary(a, facts, result);
  }
  return facts.targets_missed && !facts.targets_missed->empty() ? kAnswerIsNo : kDone;
}

}  // namespace

Command run_command(CLI::App& app) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* run = app.add_subcommand("run", "Run one scenario in virtual time");
  run->add_option("scenario", a->scenario, "Scenario file (TOML)")->required();
  run->add_option("--seed", a->seed, "Seed of all randomness; beats the file's")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{9'007'199'254'740'991}));
  run->add_option("--out", a->out,
                  "Folder for run.json, flows.csv and report.html; made if missing")
      ->required();
  run->add_option("--profile", a->profile, "Profile of the scenario for every site but central");
  add_ideal_host(*run, a->ideal_host);
  run->add_option("--events", a->events,
                  "Write every input and output of every bridge to this file");
  run->add_option("--targets", a->targets,
                  "Targets file (TOML): the verdict goes into run.json; exit 1 when one is missed");
  run->add_flag("--json", a->json, "Print run.json instead of the summary");
  return {run, [a] { return perform(*a); }};
}

}  // namespace diemcau::sim
