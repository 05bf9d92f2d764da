// The figures of a FLOW row by name, once for node and lab: what a flow measured becomes what
// people read.
#pragma once

#include <optional>
#include <vector>

#include "core/quality/flow_report.h"
#include "core/quality/histogram.h"

namespace diemcau::quality {

// `group` is the object the figure stands in ("end_to_end_ms": p50, p95, p99), or null.
struct FlowFigure {
  const char* group = nullptr;
  const char* name = "";
  double value = 0;
  bool whole = false;  // a count
};

// What a receiver cannot know by itself.
struct FlowExtras {
  std::optional<double> sent_kbps;
  const Histogram* delay = nullptr;  // pacer exit → arrival
};

// In the order of the result files. A figure that was not measured is absent, never 0.
std::vector<FlowFigure> flow_figures(const FlowReport& flow, const FlowExtras& extras = {});

}  // namespace diemcau::quality
