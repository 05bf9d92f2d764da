// The [[meeting]] tables of a scenario: who is in which, when, and what all of them send and take.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/units/time.h"
#include "sim/config_table.h"
#include "sim/scenario.h"
#include "sim/sites.h"

namespace diemcau::sim {

// Of one site, over all its meetings.
struct Attendance {
  std::vector<std::uint16_t> meetings;  // as they are numbered in the file, ascending
  Duration joins{};
  std::optional<Duration> leaves;
  std::vector<MediaPause> pauses;
  std::vector<DocumentShown> documents;
};
using Attendances = std::map<std::string, Attendance>;  // by the site's name

// Puts what holds for all bridges and who speaks when into `out`; its duration is known. Throws
// ScenarioError.
Attendances read_meetings(const ConfigTable& root, const Sites& sites, Scenario& out);

}  // namespace diemcau::sim
