// DC_CHECK: a promise of our own code. It stays on in release; a broken one ends the process, which
// the service restarts. Not called CHECK, because that is the test framework's word.
#pragma once

namespace diemcau {

// Says which promise broke, on stderr, and aborts.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace diemcau

#define DC_CHECK(condition)                            \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::diemcau::check_failed(#condition, __FILE__, __LINE__))
