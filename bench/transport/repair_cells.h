// S19's cells: a line that loses and a round trip, where ours is held against both bounds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/transport/cases.h"
#include "bench/transport/repair_bounds.h"

namespace diemcau::judge {

struct Channel {
  std::string name;
  sim::LossConfig loss;
  double mean = 0;  // part of the packets
};
sim::LossConfig at_random(double p);
std::vector<Channel> channels();

// The bounds' view of a cell, with as much coded repair as the cell allows.
RepairPlan plan_of(const Channel& channel, int rtt_ms, std::uint64_t seed);
// Its rows have "incomplete" and "extra_bytes" among them, both as parts.
Case against_bounds(const Channel& channel, int rtt_ms);

}  // namespace diemcau::judge
