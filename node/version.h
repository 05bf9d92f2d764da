// Which program this is: shown by --version, in metrics, and kept with recordings.
#pragma once

namespace diemcau::node {

struct BuildInfo {
  const char* version;
  const char* commit;  // "unknown" when it was not built from a git checkout
  const char* compiler;
};

BuildInfo build_info();

}  // namespace diemcau::node
