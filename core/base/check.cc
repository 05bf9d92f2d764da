// The one place where core speaks and dies: a broken promise of our own.
#include "core/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace diemcau {

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "diemcau: internal error: DC_CHECK(%s) failed at %s:%d\n", expression, file,
               line);
  std::abort();
}

}  // namespace diemcau
