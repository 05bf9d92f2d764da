// From a run's result to plain rows: the one place that the report learns of the world's types.
#include <cstring>

#include "core/quality/flow_figures.h"
#include "sim/report.h"

namespace diemcau::sim {

namespace {

std::optional<DelayCurve> curve_of(const quality::Histogram& h) {
  if (h.count() == 0) return std::nullopt;
  DelayCurve curve{};
  for (std::uint32_t i = 0; i < curve.size(); ++i)
    curve[i] = to_ms_double(*h.quantile((i + 1) * 100));
  return curve;
}

std::optional<double> p95_of(const quality::Histogram& h) {
  const auto d = h.quantile(9500);
  return d ? std::optional(to_ms_double(*d)) : std::nullopt;
}

FlowRow flow_row(const RunResult& r, std::size_t to, const quality::FlowReport& f) {
  FlowRow row;
  row.from = f.from.value;
  row.to = to;
  row.media = f.media;
  row.source = f.source;
  row.layer = f.layer;
  row.impaired = f.impaired;
  const Crossing& crossing = r.crossing(row.from, to, f.layer, f.source);
  row.delay = curve_of(crossing.delay);
  row.end_to_end = curve_of(f.end_to_end);
  row.delay_p95_ms = p95_of(crossing.delay);
  row.end_to_end_p95_ms = p95_of(f.end_to_end);
  if (crossing.packets_sent > 0 && r.measured > Duration{})
    row.sent_kbps = static_cast<double>(crossing.bytes_sent) * 8 / to_ms_double(r.measured);
  for (const quality::FlowFigure& figure : quality::flow_figures(f)) {
    const auto is = [&](const char* name) {
      return figure.group == nullptr && std::strcmp(figure.name, name) == 0;
    };
    if (is("received_kbps")) row.received_kbps = figure.value;
    if (is("loss_ratio")) row.loss_ratio = figure.value;
    if (is("concealed_ratio")) row.concealed_ratio = figure.value;
    if (is("r_factor")) row.r = figure.value;
    if (is("freeze_s")) row.freeze_s = figure.value;
  }
  return row;
}

LinkRow link_row(const LinkReport& l) {
  LinkRow row;
  row.name = l.name;
  row.utilisation = l.utilisation;
  row.queue_p95_ms = p95_of(l.figures.waited);
  row.queue = l.figures.dropped_queue;
  row.wire = l.figures.lost_wire;
  row.outage = l.figures.lost_outage;
  row.policer = l.figures.dropped_policer;
  return row;
}

}  // namespace

ReportInput report_input(const Scenario& scenario, std::uint64_t seed, const RunResult& result) {
  ReportInput in;
  in.scenario_name = scenario.name;
  in.seed = seed;
  in.digest = result.digest;
  in.virtual_s = to_ms_double(result.virtual_time) / 1e3;
  in.measured_s = to_ms_double(result.measured) / 1e3;
  in.packets = result.whole.delivered;
  in.bridges = result.names;
  in.meeting = meeting_figures(result);
  for (std::size_t to = 0; to < result.bridges.size(); ++to) {
    for (const quality::FlowReport& f : result.bridges[to].flows)
      in.flows.push_back(flow_row(result, to, f));
  }
  for (const LinkReport& l : result.links) in.links.push_back(link_row(l));
  in.per_second = result.per_second;
  return in;
}

}  // namespace diemcau::sim
