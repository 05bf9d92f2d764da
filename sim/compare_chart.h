// Throughput × delay of two plans: one dot per run, and where the means lie with 95 % confidence.
#pragma once

#include <string>

#include "sim/compare.h"

namespace diemcau::sim {

// A part of the report; empty when no run heard anything.
std::string throughput_delay_part(const Comparison& c);

}  // namespace diemcau::sim
