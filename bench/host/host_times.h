// `diemcau-bench host`: how long a node's encoders, decoders and hand-overs take, as the table that
// the lab draws from.
#pragma once

#include <string>

#include "core/units/time.h"

namespace diemcau::bench {

// The text of sim/host_times.h. Codecs are measured for `length` of video and sound in CPU time of
// their thread, hand-overs and timers for `length` on the clock.
std::string host_times(Duration length);

}  // namespace diemcau::bench
