// D/report.html: what a run was like, for the leader who decides, the technician who mends and the
// engineer who repeats it. One file, no script, nothing from outside, prints on A4.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/meeting_metrics.h"
#include "sim/scenario.h"
#include "sim/targets.h"
#include "sim/world.h"

namespace diemcau::sim {

// A cumulative distribution as the delays at 1 %, 2 %, …, 100 %.
using DelayCurve = std::array<double, 100>;

struct FlowRow {
  std::size_t from = 0, to = 0;  // indices of bridges
  MediaKind media = MediaKind::audio;
  Source source = Source::microphone;
  Layer layer = Layer::only;
  std::optional<double> sent_kbps, received_kbps;
  std::optional<double> delay_p95_ms, end_to_end_p95_ms;
  std::optional<double> loss_ratio, concealed_ratio, r, freeze_s;
  std::optional<DelayCurve> delay, end_to_end;
  quality::CauseSeconds impaired{};  // seconds, by cause
};

struct LinkRow {
  std::string name;
  double utilisation = 0;
  std::optional<double> queue_p95_ms;
  std::uint64_t queue = 0, wire = 0, outage = 0, policer = 0;  // packets lost, by cause
  std::uint64_t lost() const { return queue + wire + outage + policer; }
};

struct ReportInput {
  std::string scenario_name;
  std::string scenario_text;  // the file as it was read
  std::uint64_t seed = 0;
  std::uint64_t digest = 0;
  std::string profile;  // of --profile, or empty
  double virtual_s = 0, measured_s = 0;
  std::uint64_t packets = 0;
  std::vector<std::string> bridges;
  MeetingFigures meeting;
  std::vector<FlowRow> flows;
  std::vector<LinkRow> links;
  std::vector<SecondSample> per_second;  // may be empty: then the section is left out
  std::vector<Target> targets;           // of --targets; may be empty
};

// Everything but scenario_text, profile, per_second and targets.
ReportInput report_input(const Scenario& scenario, std::uint64_t seed, const RunResult& result);

std::string report_html(const ReportInput& input);

const Words& word_of(Grade grade);
const char* class_of(Grade grade);  // of the style sheet

}  // namespace diemcau::sim
