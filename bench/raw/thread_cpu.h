// CPU time of the calling thread, for costs that must not count what else the machine did.
#pragma once

#include <ctime>

#include "core/units/time.h"

namespace diemcau::bench {

inline Duration thread_cpu() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

// CPU time that `work` takes.
template <typename Work>
Duration cpu_of(Work&& work) {
  const Duration before = thread_cpu();
  work();
  return thread_cpu() - before;
}

inline double to_us(Duration d) { return static_cast<double>(d.count()) / 1e3; }

}  // namespace diemcau::bench
