// Time as core sees it: int64 nanoseconds on a clock that cannot be read.
#pragma once

#include <chrono>
#include <cstdint>

namespace diemcau {

using namespace std::chrono_literals;

using Duration = std::chrono::duration<std::int64_t, std::nano>;

// The clock has no now(): core is told the time by its driver, so that reading a clock in core does
// not compile.
struct BridgeClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<BridgeClock, Duration>;
  static constexpr bool is_steady = true;
};

using Timestamp = BridgeClock::time_point;

constexpr std::int64_t to_ns(Duration d) { return d.count(); }
constexpr std::int64_t to_us(Duration d) { return d.count() / 1'000; }
constexpr std::int64_t to_ms(Duration d) { return d.count() / 1'000'000; }
constexpr std::int64_t to_ns(Timestamp t) { return t.time_since_epoch().count(); }
constexpr Timestamp timestamp_from_ns(std::int64_t ns) { return Timestamp{Duration{ns}}; }

// For reports only; nothing that decides may use a float.
constexpr double to_ms_double(Duration d) { return static_cast<double>(d.count()) / 1e6; }

}  // namespace diemcau
