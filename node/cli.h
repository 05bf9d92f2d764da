// The command line of diemcau-node: arguments in, one of its commands out, exit code 0 done, 1 the
// answer is no, 2 bad input.
#pragma once

#include <functional>

#include "node/config.h"
#include "node/run.h"

namespace diemcau::node {

using RunNode = std::function<int(const Config&, const RunOptions&)>;

// Prints to stdout what was asked for and to stderr one sentence about what went wrong. `run` is
// called for the command of that name.
int run_cli(int argc, const char* const* argv, const RunNode& run);

}  // namespace diemcau::node
