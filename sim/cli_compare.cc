// diemcau-sim compare: two scenarios under the same seeds.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "sim/commands.h"
#include "sim/compare.h"
#include "sim/replicate.h"
#include "sim/run_files.h"

namespace diemcau::sim {

namespace {

struct Arguments {
  std::string a, b, out;
  std::uint64_t seeds = 20;
  unsigned jobs = 1;
  std::optional<std::string> profile;
  bool json = false, ideal_host = false;
};

int perform(const Arguments& arguments) {
  const ScenarioOptions options{arguments.profile, {}, arguments.ideal_host};
  std::vector<Scenario> all = with_seeds(arguments.a, options, arguments.seeds);
  std::vector<Scenario> of_b = with_seeds(arguments.b, options, arguments.seeds);
  ComparedPlan a{all[0].name, arguments.a, read_text(arguments.a), {}};
  ComparedPlan b{of_b[0].name, arguments.b, read_text(arguments.b), {}};
  all.insert(all.end(), of_b.begin(), of_b.end());
  make_folder(arguments.out);

  const std::vector<Replicate> runs = replicate(all, arguments.jobs, run_counter(all.size()));
  const auto middle = runs.begin() + static_cast<std::ptrdiff_t>(arguments.seeds);
  a.runs.assign(runs.begin(), middle);
  b.runs.assign(middle, runs.end());
  const Comparison c = compare(std::move(a), std::move(b));

  const std::string json = compare_json(c);
  const std::filesystem::path out{arguments.out};
  write_file((out / "compare.json").string(), json);
  write_file((out / "compare.csv").string(), compare_csv(c));
  write_file((out / "report.html").string(), compare_html(c));
  if (arguments.json) {
    std::fputs(json.c_str(), stdout);
  } else {
    std::printf("%s\nresults in %s\n", compare_table(c).c_str(), arguments.out.c_str());
  }
  return kDone;
}

}  // namespace

Command compare_command(CLI::App& app) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* compare =
      app.add_subcommand("compare", "Run two scenarios under the same seeds: is B better than A?");
  compare->add_option("A", a->a, "Scenario file (TOML), the line of today")->required();
  compare->add_option("B", a->b, "Scenario file (TOML), the line that is proposed")->required();
  compare->add_option("--seeds", a->seeds, "Runs of each, with seeds 1 to N")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{2}, std::uint64_t{100'000}));
  compare
      ->add_option("--out", a->out,
                   "Folder for compare.json, compare.csv and report.html; made if missing")
      ->required();
  compare->add_option("--profile", a->profile,
                      "Profile of both scenarios for every site but central");
  add_ideal_host(*compare, a->ideal_host);
  compare->add_option("--jobs", a->jobs, "Runs at the same time; the result is the same")
      ->capture_default_str()
      ->check(CLI::Range(1U, 256U));
  compare->add_flag("--json", a->json, "Print compare.json instead of the table");
  return {compare, [a] { return perform(*a); }};
}

}  // namespace diemcau::sim
