// The clock of one site's machine, which its bridge, camera and sound device live by: it runs a
// little too fast or too slow against true time.
#pragma once

#include <cstdint>

#include "core/units/time.h"

namespace diemcau::sim {

// Local time is true time × (1 + ppm / 10^6), rounded down: never back, and the same at ppm 0.
class DeviceClock {
 public:
  DeviceClock() = default;
  explicit DeviceClock(std::int64_t ppm) : ppm_(ppm) {}

  Timestamp local(Timestamp at) const {
    if (ppm_ == 0) return at;
    constexpr std::int64_t kMillion = 1'000'000;
    const std::int64_t ns = to_ns(at) * ppm_;  // ± 1000 ppm over a day: 8.6e16
    const std::int64_t whole = ns / kMillion - (ns % kMillion < 0 ? 1 : 0);
    return at + Duration{whole};
  }
  // The first instant at which the clock shows `at` or more.
  Timestamp true_time(Timestamp at) const {
    if (ppm_ == 0) return at;
    Timestamp t = at;
    // Each step leaves a thousandth of the error at most.
    for (int i = 0; i < 8; ++i) t += at - local(t);
    while (local(t) < at) t += 1ns;
    while (local(t - 1ns) >= at) t -= 1ns;
    return t;
  }
  // When `d` of its own time will have gone by.
  Timestamp after(Timestamp now, Duration d) const { return true_time(local(now) + d); }

 private:
  std::int64_t ppm_ = 0;
};

}  // namespace diemcau::sim
