// CPU time of the calling thread, for costs that must not count what else the machine did.
#pragma once

#include <algorithm>
#include <array>
#include <ctime>

#include "core/units/time.h"

namespace diemcau::bench {

inline Duration thread_cpu() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

// What reading that clock twice costs by itself: more than a microsecond on virtual machines, as
// much as a small packet. The middle of 101.
inline Duration cost_of_looking() {
  static const Duration cost = [] {
    std::array<Duration, 101> all{};
    for (Duration& one : all) {
      const Duration before = thread_cpu();
      one = thread_cpu() - before;
    }
    std::nth_element(all.begin(), all.begin() + all.size() / 2, all.end());
    return all[all.size() / 2];
  }();
  return cost;
}

// CPU time that `work` takes.
template <typename Work>
Duration cpu_of(Work&& work) {
  const Duration looking = cost_of_looking();
  const Duration before = thread_cpu();
  work();
  return std::max(Duration::zero(), thread_cpu() - before - looking);
}

inline double to_us(Duration d) { return static_cast<double>(d.count()) / 1e3; }

}  // namespace diemcau::bench
