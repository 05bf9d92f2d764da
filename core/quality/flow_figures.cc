// Names, units and order as docs/LAB.md gives them.
#include "core/quality/flow_figures.h"

#include <algorithm>

#include "core/quality/emodel.h"
#include "core/wire/rtp.h"

namespace diemcau::quality {

namespace {
double seconds(Duration d) { return to_ms_double(d) / 1e3; }
double ratio(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

void add_delays(std::vector<FlowFigure>& figures, const char* group, const Histogram& h) {
  if (h.count() == 0) return;
  figures.push_back({group, "p50", to_ms_double(*h.quantile(5000))});
  figures.push_back({group, "p95", to_ms_double(*h.quantile(9500))});
  figures.push_back({group, "p99", to_ms_double(*h.quantile(9900))});
}

void add_count(std::vector<FlowFigure>& figures, const char* name, std::uint64_t count) {
  figures.push_back({nullptr, name, static_cast<double>(count), true});
}

void add_picture(std::vector<FlowFigure>& figures, const FlowReport& flow) {
  add_count(figures, "frames_undecodable", flow.frames_undecodable);
  add_count(figures, "freezes", flow.freezes);
  figures.push_back({nullptr, "freeze_s", seconds(flow.freeze_time)});
  figures.push_back({nullptr, "longest_freeze_s", seconds(flow.longest_freeze)});
}

void add_sound(std::vector<FlowFigure>& figures, const FlowReport& flow) {
  add_count(figures, "frames_recovered", flow.frames_recovered);
  if (flow.samples_played == 0) return;
  const double concealed = ratio(flow.samples_concealed, flow.samples_played);
  figures.push_back({nullptr, "concealed_ratio", concealed});
  const auto delay = flow.end_to_end.mean();
  if (!delay) return;
  const double r = r_factor(*delay, concealed);
  figures.push_back({nullptr, "r_factor", r});
  figures.push_back({nullptr, "mos", mos(r)});
}
}  // namespace

std::vector<FlowFigure> flow_figures(const FlowReport& flow, const FlowExtras& extras) {
  std::vector<FlowFigure> figures;
  const double lasted = seconds(flow.measured_for);
  if (lasted > 0) {
    figures.push_back({nullptr, "fps", static_cast<double>(flow.frames_shown) / lasted});
  }
  if (extras.sent_kbps) figures.push_back({nullptr, "sent_kbps", *extras.sent_kbps});
  if (lasted > 0) {
    // Core counts what it is handed; the datagram had its seal as well.
    const std::uint64_t bytes = flow.bytes_received + flow.packets_received * wire::kSrtpTagBytes;
    figures.push_back({nullptr, "received_kbps", static_cast<double>(bytes) * 8 / 1e3 / lasted});
  }
  if (extras.delay != nullptr) add_delays(figures, "delay_ms", *extras.delay);
  add_delays(figures, "end_to_end_ms", flow.end_to_end);
  const std::uint64_t packets = flow.packets_received + flow.packets_lost;
  if (packets > 0) figures.push_back({nullptr, "loss_ratio", ratio(flow.packets_lost, packets)});
  if (packets > 0 && flow.media == MediaKind::video) {
    const std::uint64_t left =
        flow.packets_lost - std::min(flow.packets_lost, flow.packets_repaired);
    figures.push_back({nullptr, "residual_loss_ratio", ratio(left, packets)});
  }
  if (flow.link_media_bytes > 0) {
    figures.push_back(
        {nullptr, "repair_overhead_ratio", ratio(flow.link_repair_bytes, flow.link_media_bytes)});
  }
  add_count(figures, "frames", flow.frames);
  flow.media == MediaKind::video ? add_picture(figures, flow) : add_sound(figures, flow);
  for (std::size_t i = 0; i < kCauses; ++i)
    figures.push_back({"impaired_s", name_of(static_cast<Cause>(i)),
                       static_cast<double>(flow.impaired[i]), true});
  return figures;
}

}  // namespace diemcau::quality
