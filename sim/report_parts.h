// The sections of a run's report, each as HTML; empty when there is nothing to say.
#pragma once

#include <cstdint>
#include <string>

#include "sim/report.h"

namespace diemcau::sim {

const Words& word_of(Source source);  // of a flow

// A bar in a table, of a style of the sheet; nothing for 0.
std::string bar(const char* cls, std::uint64_t count, std::uint64_t most);

std::string verdict_part(const ReportInput& in);
std::string targets_part(const ReportInput& in);
std::string bridges_part(const ReportInput& in);
std::string heat_part(const ReportInput& in);
std::string delays_part(const ReportInput& in);
std::string scatter_part(const ReportInput& in);
std::string seconds_part(const ReportInput& in);
std::string impairments_part(const ReportInput& in);
std::string losses_part(const ReportInput& in);
std::string flows_part(const ReportInput& in);

}  // namespace diemcau::sim
