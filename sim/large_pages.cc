// glibc has no call for it: malloc reads its tunables while the program is being loaded.
#include "sim/large_pages.h"

#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>

namespace diemcau::sim {

void begin_with_large_pages(char** argv) {
  constexpr const char* kTunables = "GLIBC_TUNABLES";
  if (std::getenv(kTunables) != nullptr) return;
  // By its own name, so that it is listed by that.
  std::array<char, 4096> program{};
  const ssize_t length = readlink("/proc/self/exe", program.data(), program.size() - 1);
  if (length <= 0 || setenv(kTunables, "glibc.malloc.hugetlb=1", 0) != 0) return;
  execv(program.data(), argv);
}

}  // namespace diemcau::sim
