// One run as a table over time, for whoever wants to see what a controller does.
#pragma once

#include <iosfwd>

#include "bench/transport/cases.h"

namespace diemcau::judge {

// Tab-separated, a header line, then a line every 100 ms; a cell without a value is empty.
void write_series(const Recording& recording, const Case& of, std::ostream& out);

}  // namespace diemcau::judge
