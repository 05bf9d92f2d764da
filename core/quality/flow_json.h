// A FLOW row of the results as JSON text: one writer, so that node and lab use the same names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/quality/flow_report.h"
#include "core/quality/histogram.h"

namespace diemcau::quality {

// What a receiver cannot know by itself.
struct FlowExtras {
  std::optional<double> sent_kbps;
  const Histogram* delay = nullptr;  // pacer exit → arrival
  std::optional<double> repair_overhead_ratio;
  std::optional<double> psnr_y_db;
};

// One object on one line, no line break at its end. A figure that was not measured is absent.
std::string flow_json(std::string_view from, std::string_view to, const FlowReport& flow,
                      const FlowExtras& extras = {});

}  // namespace diemcau::quality
