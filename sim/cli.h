// The commands of diemcau-sim.
#pragma once

namespace diemcau::sim {

// Exit code: 0 done, 1 the answer is no (or the machine failed us: a full disk), 2 bad input or
// usage.
int run_cli(int argc, const char* const* argv);

}  // namespace diemcau::sim
