// One function per command: it declares its arguments and gives what performs it.
#pragma once

#include <cstddef>
#include <functional>

namespace CLI {
class App;
}

namespace diemcau::sim {

constexpr int kDone = 0, kAnswerIsNo = 1, kBadInput = 2;

struct Command {
  CLI::App* app = nullptr;
  std::function<int()> perform;  // gives the exit code
};

Command run_command(CLI::App& app);
Command compare_command(CLI::App& app);
Command gate_command(CLI::App& app);
Command profiles_command(CLI::App& app);

// --ideal-host, which is the same for all that run a meeting.
void add_ideal_host(CLI::App& command, bool& flag);

// Says on a terminal how many of `all` runs are done; silent elsewhere. The last one wipes the
// line.
std::function<void(std::size_t)> run_counter(std::size_t all);

}  // namespace diemcau::sim
