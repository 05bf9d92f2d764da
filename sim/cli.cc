// Arguments in, one run out; everything that can be wrong is said before virtual time begins.
#include "sim/cli.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "sim/emulate_command.h"
#include "sim/event_file.h"
#include "sim/run_files.h"
#include "sim/scenario.h"
#include "sim/world.h"

namespace diemcau::sim {

namespace {

constexpr int kDone = 0, kFailed = 1, kBadInput = 2;

struct RunArguments {
  std::string scenario, out;
  std::optional<std::uint64_t> seed;
  std::optional<std::string> profile, events;
  bool json = false;
};

void add_run(CLI::App& app, RunArguments& a) {
  CLI::App* run = app.add_subcommand("run", "Run one scenario in virtual time");
  run->add_option("scenario", a.scenario, "Scenario file (TOML)")->required();
  run->add_option("--seed", a.seed, "Seed of all randomness; beats the file's")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{9'007'199'254'740'991}));
  run->add_option("--out", a.out, "Folder for run.json and flows.csv; made if missing")->required();
  run->add_option("--profile", a.profile, "Profile of the scenario for every site but central");
  run->add_option("--events", a.events,
                  "Write every input and output of every bridge to this file");
  run->add_flag("--json", a.json, "Print run.json instead of the summary");
}

void print_summary(const RunArguments& a, const RunFacts& facts, const RunResult& r) {
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
  std::printf("results in %s\n", a.out.c_str());
}

int run_scenario(const RunArguments& a) {
  const Scenario scenario = read_scenario(a.scenario, {a.profile, a.seed});
  std::error_code error;
  std::filesystem::create_directories(a.out, error);
  if (error)
    throw std::runtime_error("cannot make the folder " + a.out + " (" + error.message() +
                             "); give another --out");

  std::optional<EventFile> events;
  WorldOptions options;
  if (a.events) {
    events.emplace(*a.events);
    options.on_event = [&](std::span<const std::uint64_t> words) { events->add(words); };
  }
  const bool progress = isatty(STDERR_FILENO) != 0;
  if (progress) {
    options.on_second = [&](Timestamp now) {
      std::fprintf(stderr, "\r%lld s of %lld s", static_cast<long long>(to_ns(now) / 1'000'000'000),
                   static_cast<long long>(scenario.duration / 1s));
    };
  }
  World world{scenario, options};
  const auto begin = std::chrono::steady_clock::now();
  const RunResult result = world.run();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  if (progress) std::fprintf(stderr, "\r\033[K");

  const RunFacts facts{a.scenario, scenario.seed, wall.count()};
  const std::string json = run_json(scenario, facts, result);
  const std::filesystem::path out{a.out};
  write_file((out / "run.json").string(), json);
  write_file((out / "flows.csv").string(), flows_csv(result));
  if (events) events->finish();
  if (a.json) {
    std::fputs(json.c_str(), stdout);
  } else {
    print_summary(a, facts, result);
  }
  return kDone;
}

}  // namespace

int run_cli(int argc, const char* const* argv) {
  CLI::App app{"Performance lab of Diem Cau: the bridges' own core over models of the lines",
               "diemcau-sim"};
  app.require_subcommand(1);
  RunArguments arguments;
  add_run(app, arguments);
  const EmulateCommand emulate{app};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kDone : kBadInput;
  }
  try {
    if (emulate.asked_for()) return emulate.run();
    return run_scenario(arguments);
  } catch (const ScenarioError& e) {
    std::fprintf(stderr, "diemcau-sim: %s\n", e.what());
    return kBadInput;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "diemcau-sim: %s\n", e.what());
    return kFailed;
  }
}

}  // namespace diemcau::sim
