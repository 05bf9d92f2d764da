// CMake defines version and commit when it configures.
#include "node/version.h"

namespace diemcau::node {

BuildInfo build_info() { return {DIEMCAU_VERSION, DIEMCAU_COMMIT, "GCC " __VERSION__}; }

}  // namespace diemcau::node
