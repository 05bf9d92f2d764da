// Drawings of what repair leaves against what it takes, beside both bounds.
#pragma once

#include <cstdint>
#include <string>

namespace diemcau::judge {

struct CurveOptions {
  std::string scenarios;  // folder
  std::string out;        // folder, made when it is missing
  std::uint64_t first_seed = 1, last_seed = 10;
};
// Writes repair-random.svg and repair-bursts.svg. Throws when it cannot.
void write_curves(const CurveOptions& options);

}  // namespace diemcau::judge
