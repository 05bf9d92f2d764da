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
// Nothing comes for so long on average, so many parts of the time.
sim::LossConfig in_times(double p, Duration mean);
enum class Loses : std::uint8_t { forth, both_ways };
// One flow over a line of 5 Mbit/s that loses like that.
Case lossy(std::string name, Duration one_way, const sim::LossConfig& loss, std::vector<Row> rows,
           Loses way = Loses::forth);
std::vector<Channel> channels();

// The bounds' view of a cell, with as much coded repair as the cell allows.
RepairPlan plan_of(const Channel& channel, int rtt_ms, std::uint64_t seed);
// Its rows have "incomplete" and "extra_bytes" among them, both as parts.
Case against_bounds(const Channel& channel, int rtt_ms);

}  // namespace diemcau::judge
