// Measured lines from files: rates (Mahimahi's opportunities, "seconds Mbit/s", CSV) and what a
// probe saw.
#pragma once

#include <memory>
#include <string>

#include "sim/config_table.h"
#include "sim/line_keys.h"

namespace diemcau::sim {

// `key` of `t` names the file. A name that ends in .mahimahi, .mm, .up or .down holds one whole ms
// per line and opportunity; any other one "seconds Mbit/s" per line, separated by blanks or a
// comma, with an optional head "time_s,rate_mbps". Both begin anew at their end. Throws
// ScenarioError with the file's own line.
CapacityConfig read_rate_trace(const ConfigTable& t, const std::string& key,
                               const FileReader& read_file);
// CSV as `diemcau-node probe` writes it: time_s,delay_ms,lost.
std::shared_ptr<const Trace> read_probe_trace(const ConfigTable& t, const std::string& key,
                                              const FileReader& read_file);

CapacityConfig parse_opportunities(std::string_view text, const std::string& file);
CapacityConfig parse_rates(std::string_view text, const std::string& file);
Trace parse_probe(std::string_view text, const std::string& file);

}  // namespace diemcau::sim
