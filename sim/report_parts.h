// The sections of a run's report, each as HTML; empty when there is nothing to say.
#pragma once

#include <string>

#include "sim/report.h"

namespace diemcau::sim {

std::string verdict_part(const ReportInput& in);
std::string targets_part(const ReportInput& in);
std::string bridges_part(const ReportInput& in);
std::string heat_part(const ReportInput& in);
std::string delays_part(const ReportInput& in);
std::string scatter_part(const ReportInput& in);
std::string seconds_part(const ReportInput& in);
std::string losses_part(const ReportInput& in);
std::string flows_part(const ReportInput& in);

}  // namespace diemcau::sim
