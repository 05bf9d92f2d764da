// `diemcau-judge`: runs the cases of the transport under many seeds, says what was measured and
// whether it meets its bar (docs/TRANSPORT.md).
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/transport/cases.h"
#include "bench/transport/curves.h"
#include "bench/transport/series.h"
#include "sim/large_pages.h"
#include "sim/statistics.h"

namespace {

using namespace diemcau::judge;
using diemcau::rate::ControllerKind;
using diemcau::sim::read_scenario;

struct Options {
  std::vector<std::string> cases;
  std::string seeds = "1..10";
  std::optional<std::uint64_t> seed;
  std::string scenarios = "configs/scenarios";
  std::string out = "build/bench/transport.json";
  std::string series;
  std::string curves;
  std::string controller = "delay";
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  bool list = false;

  std::uint64_t first = 1, last = 10;

  std::vector<ControllerKind> controllers() const {
    if (controller == "both") return {ControllerKind::delay, ControllerKind::nada};
    return {controller == "nada" ? ControllerKind::nada : ControllerKind::delay};
  }
};

struct Job {
  const Case* of = nullptr;
  ControllerKind controller = ControllerKind::delay;
  std::uint64_t seed = 0;
  std::vector<Figure> values;  // by row
};

std::string scenario_file(const Options& o, const Case& c) {
  return o.scenarios + "/" + c.scenario + ".toml";
}

void run_job(const Options& o, Job& job) {
  auto scenario = read_scenario(scenario_file(o, *job.of), {std::nullopt, job.seed});
  if (job.of->change) job.of->change(scenario);
  scenario.controller = job.controller;
  const Recording recording = record(scenario, job.of->lines);
  for (const Row& row : job.of->rows) job.values.push_back(row.judge(recording));
  if (o.series.empty()) return;
  std::ofstream out(o.series);
  write_series(recording, *job.of, out);
  if (!out.flush()) throw std::runtime_error("cannot write " + o.series);
}

// Worlds share nothing, so threads share the number of the next run alone.
void run_all(const Options& o, std::vector<Job>& jobs) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t done = 0;
  std::exception_ptr failure;
  const bool talks = isatty(STDERR_FILENO) != 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < jobs.size(); i = next++) {
      std::exception_ptr problem;
      try {
        run_job(o, jobs[i]);
      } catch (...) {
        problem = std::current_exception();
        next = jobs.size();
      }
      const std::lock_guard lock{mutex};
      if (problem && !failure) failure = problem;
      ++done;
      if (talks)
        fmt::print(stderr, "\r\033[K{} of {} runs: {}", done, jobs.size(), jobs[i].of->name);
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < o.jobs; ++i) threads.emplace_back(work);
  work();
  threads.clear();  // joins
  if (talks) fmt::print(stderr, "\r\033[K");
  if (failure) std::rethrow_exception(failure);
}

struct Judged {
  Figure median, worst;  // nothing: some seed had nothing to measure
  std::uint64_t worst_seed = 0;
  bool pass = true;
};

Judged judge(const Row& row, const std::vector<std::pair<std::uint64_t, Figure>>& by_seed) {
  Judged out;
  std::vector<double> values;
  const bool low_is_bad = row.bar.kind == Bar::Kind::at_least;
  for (const auto& [seed, value] : by_seed) {
    if (!value) {
      out.worst_seed = seed;
      out.worst.reset();
      out.pass = row.bar.kind == Bar::Kind::none;
      values.clear();
      break;
    }
    values.push_back(*value);
    if (!out.worst || (low_is_bad ? *value < *out.worst : *value > *out.worst)) {
      out.worst = *value;
      out.worst_seed = seed;
    }
  }
  if (values.empty()) return out;
  out.median = diemcau::sim::percentile(values, 0.5);
  const Bar worst{row.bar.kind, row.bar.worst(), row.bar.ideal, {}};
  out.pass = row.bar.met(*out.median) && worst.met(*out.worst);
  return out;
}

std::string shown(Figure value) { return value ? fmt::format("{:.4g}", *value) : "none"; }

std::string bar_text(const Bar& bar) {
  if (bar.kind == Bar::Kind::none) return "";
  const char* sign = bar.kind == Bar::Kind::at_most ? "≤" : "≥";
  return fmt::format("{} {:.4g} (worst {} {:.4g})", sign, bar.bar, sign, bar.worst());
}

nlohmann::ordered_json json_row(const Case& c, const Row& row, Figure value) {
  nlohmann::ordered_json json{{"case", c.name}, {"metric", row.metric}};
  json["value"] = value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
  json["unit"] = row.unit;
  return json;
}

// The medians of both controllers, side by side.
void compare(const Case& c, const std::vector<Job>& jobs, nlohmann::ordered_json& rows) {
  for (std::size_t i = 0; i < c.rows.size(); ++i) {
    const Row& row = c.rows[i];
    std::array<Figure, 2> medians;
    for (const auto kind : {ControllerKind::delay, ControllerKind::nada}) {
      std::vector<std::pair<std::uint64_t, Figure>> by_seed;
      for (const Job& job : jobs) {
        if (job.of == &c && job.controller == kind) by_seed.emplace_back(job.seed, job.values[i]);
      }
      medians[static_cast<std::size_t>(kind)] = judge(row, by_seed).median;
      rows.push_back(json_row(c, row, judge(row, by_seed).median));
      rows.back()["controller"] = kind == ControllerKind::nada ? "nada" : "delay";
    }
    fmt::print("{:<17} {:<38} {:<8} {:>12} {:>12}   {}\n", c.name, row.metric, row.unit,
               shown(medians[0]), shown(medians[1]), bar_text(row.bar));
  }
  std::fflush(stdout);
}

// Prints the rows of a case and adds them to `rows`; the number of bars missed.
int report(const Case& c, const std::vector<Job>& jobs, nlohmann::ordered_json& rows) {
  int missed = 0;
  for (std::size_t i = 0; i < c.rows.size(); ++i) {
    const Row& row = c.rows[i];
    std::vector<std::pair<std::uint64_t, Figure>> by_seed;
    for (const Job& job : jobs) {
      if (job.of != &c) continue;
      by_seed.emplace_back(job.seed, job.values[i]);
      rows.push_back(json_row(c, row, job.values[i]));
      rows.back()["seed"] = job.seed;
    }
    const Judged judged = judge(row, by_seed);
    const bool barred = row.bar.kind != Bar::Kind::none;
    if (barred && !judged.pass) ++missed;
    fmt::print("{:<17} {:<38} {:>9} {:<8} {:<5} worst {:>9} (seed {})  {}\n", c.name, row.metric,
               shown(judged.median), row.unit,
               !barred       ? ""
               : judged.pass ? "pass"
                             : "MISS",
               shown(judged.worst), judged.worst_seed, bar_text(row.bar));
    auto whole = json_row(c, row, judged.median);
    whole["worst"] = judged.worst ? nlohmann::ordered_json(*judged.worst) : nullptr;
    if (barred) {
      const char* kind = row.bar.kind == Bar::Kind::at_most ? "max" : "min";
      whole["bound"] = row.bar.ideal;
      whole["bar"] = {{kind, row.bar.bar}, {"worst", row.bar.worst()}};
      whole["pass"] = judged.pass;
    }
    rows.push_back(whole);
  }
  std::fflush(stdout);
  return missed;
}

int perform(const Options& o) {
  const std::vector<Case> all = all_cases();
  std::vector<const Case*> chosen;
  for (const Case& c : all) {
    const auto named = [&](const std::string& n) { return c.name == n; };
    if (o.cases.empty() || std::any_of(o.cases.begin(), o.cases.end(), named)) chosen.push_back(&c);
  }
  if (o.list) {
    for (const Case* c : chosen) {
      for (const Row& row : c->rows)
        fmt::print("{:<17} {:<38} {:<8} {}\n", c->name, row.metric, row.unit, bar_text(row.bar));
    }
    return 0;
  }
  std::vector<Job> jobs;
  for (const Case* c : chosen) {
    for (const ControllerKind kind : o.controllers()) {
      for (std::uint64_t seed = o.first; seed <= o.last; ++seed)
        jobs.push_back({c, kind, seed, {}});
    }
  }
  run_all(o, jobs);
  auto rows = nlohmann::ordered_json::array();
  const bool both = o.controllers().size() > 1;
  if (both)
    fmt::print("{:<17} {:<38} {:<8} {:>12} {:>12}   bar\n", "case", "median of", "", "delay",
               "nada");
  int missed = 0;
  for (const Case* c : chosen) {
    if (both) {
      compare(*c, jobs, rows);
    } else {
      missed += report(*c, jobs, rows);
    }
  }
  std::ofstream file(o.out);
  file << rows.dump(1) << '\n';
  if (!file.flush()) throw std::runtime_error("cannot write " + o.out);
  if (both) {
    fmt::print("rows: {}\n", o.out);
  } else {
    fmt::print("{} bars missed; rows: {}\n", missed, o.out);
  }
  return missed > 0 ? 1 : 0;
}

// Throws CLI::ParseError.
void check(Options& o) {
  const std::vector<Case> all = all_cases();
  for (const std::string& name : o.cases) {
    if (std::none_of(all.begin(), all.end(), [&](const Case& c) { return c.name == name; }))
      throw CLI::ValidationError("--case", "there is no case " + name + "; see --list");
  }
  int read = 0;
  if (o.seed) {
    o.first = o.last = *o.seed;
  } else if (std::sscanf(o.seeds.c_str(), "%lu..%lu%n", &o.first, &o.last, &read) != 2 ||
             static_cast<std::size_t>(read) != o.seeds.size() || o.first > o.last) {
    throw CLI::ValidationError("--seeds", "write 1..10, say");
  }
  if (!o.series.empty() && (o.cases.size() != 1 || o.first != o.last || o.controller == "both"))
    throw CLI::ValidationError("--series", "needs one --case, one --seed and one --controller");
}

}  // namespace

int main(int argc, char** argv) {
  diemcau::sim::begin_with_large_pages(argv);
  Options o;
  CLI::App app{"The transport's cases, their figures and bars", "./dev bench transport"};
  app.add_option("--case", o.cases, "this case alone; may be repeated");
  app.add_option("--seeds", o.seeds, "A..B, both included (1..10)");
  app.add_option("--seed", o.seed, "one seed");
  app.add_option("--jobs", o.jobs, "runs at the same time")->check(CLI::PositiveNumber);
  app.add_flag("--list", o.list, "say what there is and run nothing");
  app.add_option("--series", o.series, "write one run as a table over time (TSV) to this file");
  app.add_option(
      "--curves", o.curves,
      "draw what repair leaves against what it takes, beside its bounds (SVG), into this "
      "folder, and run no case");
  app.add_option("--controller", o.controller,
                 "the congestion controller: delay, nada (RFC 8698), or both side by side")
      ->check(CLI::IsMember({"delay", "nada", "both"}));
  app.add_option("--scenarios", o.scenarios, "folder of the scenarios");
  app.add_option("--out", o.out, "file of the rows");
  try {
    app.parse(argc, argv);
    check(o);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  try {
    if (!o.curves.empty()) {
      write_curves({o.scenarios, o.curves, o.first, o.last});
      return 0;
    }
    return perform(o);
  } catch (const std::exception& e) {
    fmt::print(stderr, "diemcau-judge: {}\n", e.what());
    return 2;
  }
}
