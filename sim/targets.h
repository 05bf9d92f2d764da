// What a meeting must reach: the [target] table of a targets file, and whether a run did.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/meeting_metrics.h"

namespace diemcau::sim {

struct Target {
  MetricId metric{};
  std::optional<double> least, most;

  // A figure that was not measured meets nothing.
  bool met_by(const std::optional<double>& value) const {
    return value && (!least || *value >= *least) && (!most || *value <= *most);
  }
  // "audio_r_worst = 62.1, at least 75"
  std::string says(const std::optional<double>& value) const;
};

struct Targets {
  std::vector<Target> all;      // in the order of the file
  double share_of_runs = 0.95;  // in which each target must be met
};

// Throw ScenarioError with file, line, key and remedy.
Targets parse_targets(std::string_view text, const std::string& file_name);
Targets read_targets(const std::string& path);

// One sentence for every target that was missed.
std::vector<std::string> missed(const Targets& targets, const MeetingFigures& figures);

}  // namespace diemcau::sim
