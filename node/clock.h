// The one place where node reads clocks: CLOCK_MONOTONIC is the bridge's time, CLOCK_REALTIME is
// evidence.
#pragma once

#include "core/units/ntp_time.h"
#include "core/units/time.h"

namespace diemcau::node {

// Nanoseconds of CLOCK_MONOTONIC, 1:1. Any thread.
Timestamp monotonic_now();
// CLOCK_REALTIME in NTP form. Any thread.
NtpTime wall_now();

}  // namespace diemcau::node
