// One-way delays from two clocks that nobody has compared: the line under all delays of each
// direction gives offset and drift (Moon, Skelly, Towsley 1999, for two directions at once).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/units/time.h"
#include "node/probe_ledger.h"

namespace diemcau::node {

// A probe packet of one direction. Times count from the first probe, on our clock.
struct ProbePoint {
  Duration at{};     // when it was sent
  Duration delay{};  // one way; of a lost one that of the one before
  bool lost = false;
};

struct ProbeTraces {
  std::vector<ProbePoint> to_peer, to_us;
  double drift_ppm = 0;     // the peer's clock against ours
  std::size_t unknown = 0;  // probes whose fate was not learnt; in neither trace
};

// Of the first `count` records. What cannot be known is assumed: the least delay is the same in
// both directions, half the least round trip. Nothing when no answer came.
std::optional<ProbeTraces> fit_probes(const std::vector<ProbeRecord>& records, std::size_t count);

struct ProbeFigures {
  std::size_t packets = 0;
  double loss_ratio = 0;
  Duration least{}, median{}, p95{};  // of those that arrived
};
ProbeFigures figures_of(const std::vector<ProbePoint>& points);

// CSV as the lab replays it: time_s,delay_ms,lost, one line per packet, times growing.
std::string probe_csv(const std::vector<ProbePoint>& points);

}  // namespace diemcau::node
