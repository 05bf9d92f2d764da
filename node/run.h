// One bridge as a process: from its configuration to a clean goodbye.
#pragma once

#include <filesystem>
#include <optional>

#include "node/config.h"

namespace diemcau::node {

struct RunOptions {
  std::optional<std::filesystem::path> summary;
  std::optional<std::filesystem::path> input_log;
  std::optional<int> seconds;  // leave after this long; none: until SIGINT or SIGTERM
};

// Returns the exit code; throws OperatorError for what is wrong with the machine or the files.
int run_node(const Config& config, const RunOptions& options);

}  // namespace diemcau::node
