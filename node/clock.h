// The one place where node reads clocks: CLOCK_MONOTONIC is the bridge's time, CLOCK_REALTIME is
// evidence.
#pragma once

#include <chrono>
#include <string>

#include "core/units/ntp_time.h"
#include "core/units/time.h"

namespace diemcau::node {

// Nanoseconds of CLOCK_MONOTONIC, 1:1. Any thread.
Timestamp monotonic_now();
// CLOCK_REALTIME in NTP form. Any thread.
NtpTime wall_now();
// When that was or will be by CLOCK_REALTIME, as it is set now. Any thread.
std::chrono::system_clock::time_point utc_at(Timestamp at);
// "2024-12-31T01:02:03.456Z". Any thread.
std::string utc_text(std::chrono::system_clock::time_point at);

}  // namespace diemcau::node
