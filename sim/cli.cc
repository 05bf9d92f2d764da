// Arguments in, one command out; everything that can be wrong is said before virtual time begins.
#include "sim/cli.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "sim/commands.h"
#include "sim/emulate_command.h"
#include "sim/scenario.h"

namespace diemcau::sim {

std::function<void(std::size_t)> run_counter(std::size_t all) {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [all](std::size_t done) {
    if (done == all) {
      std::fprintf(stderr, "\r\033[K");
    } else {
      std::fprintf(stderr, "\r%zu of %zu runs", done, all);
    }
  };
}

void add_ideal_host(CLI::App& command, bool& flag) {
  command.add_flag("--ideal-host", flag,
                   "PCs that add nothing to the lines: no late timers, hand-overs or batches");
}

int run_cli(int argc, const char* const* argv) {
  CLI::App app{"Performance lab of Diem Cau: the bridges' own core over models of the lines",
               "diemcau-sim"};
  app.require_subcommand(1);
  const Command commands[] = {run_command(app), compare_command(app), gate_command(app),
                              profiles_command(app)};
  const EmulateCommand emulate{app};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kDone : kBadInput;
  }
  try {
    if (emulate.asked_for()) return emulate.run();
    for (const Command& c : commands) {
      if (c.app->parsed()) return c.perform();
    }
    return kBadInput;
  } catch (const ScenarioError& e) {
    std::fprintf(stderr, "diemcau-sim: %s\n", e.what());
    return kBadInput;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "diemcau-sim: %s\n", e.what());
    return kAnswerIsNo;
  }
}

}  // namespace diemcau::sim
