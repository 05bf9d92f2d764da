// The commands of diemcau-sim.
#pragma once

namespace diemcau::sim {

// Exit code: 0 done, 2 bad input or usage, 1 when the machine failed us (a full disk).
int run_cli(int argc, const char* const* argv);

}  // namespace diemcau::sim
