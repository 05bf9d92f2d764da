// The drawings of a run: heat map, distributions, scatter, time series.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>

#include "core/quality/emodel.h"
#include "sim/html.h"
#include "sim/report_page.h"
#include "sim/report_parts.h"
#include "sim/svg.h"

namespace diemcau::sim {

namespace {

// Above this many bridges a cell is too small for its number.
constexpr std::size_t kMostNumberedBridges = 24;
constexpr double kRecommendedDelayMs = 150;  // ITU-T G.114

const char* cell_class(Grade g) {
  switch (g) {
    case Grade::good: return "cg";
    case Grade::fair: return "cf";
    case Grade::poor: return "cp";
    case Grade::unmeasured: break;
  }
  return "cn";
}

double text_width(const std::string& text) {
  const auto continuation = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
  });
  return 6.6 * static_cast<double>(static_cast<std::ptrdiff_t>(text.size()) - continuation);
}

std::string cell_tip(const ReportInput& in, std::size_t from, std::size_t to, const Sound& s) {
  std::string tip = in.bridges[from] + " → " + in.bridges[to] + ": R " + number(s.r, 1) + ", MOS " +
                    number(quality::mos(s.r), 2) + ", " + words::kConcealed.vi + " " +
                    number(100 * s.concealed_ratio, 2);
  if (s.delay_p95_ms) tip += ", p95 " + number(*s.delay_p95_ms, 0) + " ms";
  return tip;
}

enum class Which : std::uint8_t { worst, median };

// The flow with the worst, or the middle, p95 of one of its curves.
const DelayCurve* chosen(const ReportInput& in, MediaKind media,
                         std::optional<DelayCurve> FlowRow::*curve, Which which) {
  std::vector<const DelayCurve*> curves;
  for (const FlowRow& f : in.flows) {
    if (f.media == media && f.*curve) curves.push_back(&*(f.*curve));
  }
  if (curves.empty()) return nullptr;
  std::stable_sort(curves.begin(), curves.end(),
                   [](const DelayCurve* a, const DelayCurve* b) { return (*a)[94] < (*b)[94]; });
  return which == Which::worst ? curves.back() : curves[curves.size() / 2];
}

struct NamedCurve {
  const DelayCurve* curve;
  const Words* name;
  const char* cls;
};

std::string distribution(const ReportInput& in, std::optional<DelayCurve> FlowRow::*curve,
                         const Words& title) {
  const NamedCurve curves[] = {
      {chosen(in, MediaKind::audio, curve, Which::worst), &words::kAudioWorstFlow, "a1"},
      {chosen(in, MediaKind::audio, curve, Which::median), &words::kAudioMedianFlow, "a2"},
      {chosen(in, MediaKind::video, curve, Which::worst), &words::kVideoWorstFlow, "v1"},
      {chosen(in, MediaKind::video, curve, Which::median), &words::kVideoMedianFlow, "v2"},
  };
  double most = 0;
  // The slowest hundredth may be far out and would squeeze the rest.
  for (const NamedCurve& c : curves) most = std::max(most, c.curve ? (*c.curve)[98] * 1.05 : 0);
  if (most <= 0) return "";
  Svg svg{480, 330, title.vi};
  Plot plot{svg,
            {52, 26},
            412,
            210,
            axis_to(most, two_line(words::kMilliseconds), 6),
            axis_to(100, two_line(words::kPercent))};
  plot.title(two_line(title));
  double legend_y = 290;
  double legend_x = 52;
  for (const NamedCurve& c : curves) {
    if (!c.curve) continue;
    std::vector<Spot> data = {{(*c.curve)[0], 0}};
    for (std::size_t i = 0; i < c.curve->size() - 1; ++i)
      data.push_back({(*c.curve)[i], static_cast<double>(i + 1)});
    plot.curve(data, c.cls);
    const Spot key[] = {{legend_x, legend_y - 4}, {legend_x + 22, legend_y - 4}};
    svg.path(key, c.cls);
    svg.text({legend_x + 27, legend_y}, c.name->vi);
    svg.text({legend_x + 27, legend_y + 11}, c.name->en, "tick");
    legend_x += 212;
    if (legend_x > 400) legend_x = 52, legend_y += 26;
  }
  plot.mark_x(kRecommendedDelayMs, "G.114: 150 ms");
  return svg.finish();
}

// One figure of every bridge, second by second.
using Series = std::map<std::uint32_t, std::map<std::uint16_t, double>>;

// Outages of any bridge, each as one band from its first second to its last.
void outage_bands(Plot& plot, const ReportInput& in) {
  std::set<std::uint32_t> seconds;
  for (const SecondSample& s : in.per_second) {
    if (s.outage) seconds.insert(s.second);
  }
  for (auto it = seconds.begin(); it != seconds.end();) {
    const std::uint32_t first = *it;
    std::uint32_t next = first;
    while (it != seconds.end() && *it == next) ++it, ++next;
    plot.band(first, next, "outage");
  }
}

// A line that stops where a second has nothing to show.
void curve_with_gaps(Plot& plot, const std::vector<Spot>& data, std::string_view cls) {
  for (std::size_t begin = 0, end = 0; begin < data.size(); begin = end) {
    for (end = begin + 1; end < data.size() && data[end].x - data[end - 1].x < 1.5;) ++end;
    plot.curve(std::span(data).subspan(begin, end - begin), cls);
  }
}

std::string series_plot(const ReportInput& in, const Series& series, const Words& title,
                        std::uint32_t last) {
  if (series.empty()) return "";
  std::vector<Spot> median, weakest;
  double most = 0;
  for (const auto& [second, by_bridge] : series) {
    std::vector<double> values;
    for (const auto& [bridge, value] : by_bridge) values.push_back(value);
    median.push_back({second + 0.5, percentile(values, 0.5)});
    most = std::max(most, median.back().y);
    const auto own =
        by_bridge.find(static_cast<std::uint16_t>(in.meeting.worst_bridge.value_or(0)));
    if (own == by_bridge.end()) continue;
    weakest.push_back({second + 0.5, own->second});
    most = std::max(most, own->second);
  }
  Svg svg{960, 180, title.vi};
  Plot plot{svg,
            {52, 22},
            890,
            118,
            axis_to(last + 1.0, two_line(words::kSecondAxis), 10),
            axis_to(most, "", 4)};
  outage_bands(plot, in);
  plot.title(two_line(title));
  curve_with_gaps(plot, median, "v2");
  curve_with_gaps(plot, weakest, "v1");
  return svg.finish();
}

}  // namespace

std::string heat_part(const ReportInput& in) {
  const std::size_t n = in.bridges.size();
  if (n == 0) return "";
  double names = 30;
  for (const std::string& b : in.bridges) names = std::max(names, text_width(b) + 12);
  const bool numbered = n <= kMostNumberedBridges;
  const double cell = std::clamp((960 - names) / static_cast<double>(n), 4.0, 62.0);
  const double high = numbered ? std::min(cell, 34.0) : cell;
  const auto place = [&](std::size_t row, std::size_t column) {
    return Spot{names + static_cast<double>(column) * cell,
                names + static_cast<double>(row) * high};
  };
  Svg svg{std::max(960.0, place(0, n).x), place(n, 0).y + 4, words::kHeat.vi};
  for (std::size_t i = 0; i < n && numbered; ++i) {
    svg.text({names - 6, place(i, 0).y + high / 2 + 4}, in.bridges[i], "", Anchor::end);
    svg.text_upwards({place(0, i).x + cell / 2 + 4, names / 2}, in.bridges[i]);
  }
  for (std::size_t from = 0; from < n; ++from) {
    for (std::size_t to = 0; to < n; ++to) {
      const Spot s = place(from, to);
      const auto& sound = in.meeting.sound(from, to);
      if (from == to || !sound) {
        svg.rect(s, cell - 1, high - 1, from == to ? "self" : "cn");
        continue;
      }
      const Grade grade = grade_of(sound->r);
      svg.rect(s, cell - 1, high - 1, cell_class(grade), cell_tip(in, from, to, *sound));
      if (numbered)
        svg.text({s.x + (cell - 1) / 2, s.y + high / 2 + 4}, number(sound->r, 0),
                 grade == Grade::poor ? "onpoor" : "", Anchor::middle);
    }
  }
  return heading(words::kHeat) + "<div class=\"hint\">" + both("p", words::kHeatHint) + "</div>\n" +
         svg.finish();
}

std::string delays_part(const ReportInput& in) {
  const std::string line = distribution(in, &FlowRow::delay, words::kOneWay);
  const std::string whole = distribution(in, &FlowRow::end_to_end, words::kEndToEnd);
  if (line.empty() && whole.empty()) return "";
  return heading(words::kDelays) + "<div class=\"hint\">" + both("p", words::kDelayHint) +
         "</div>\n<div class=\"two\">\n<div>" + line + "</div>\n<div>" + whole + "</div>\n</div>\n";
}

std::string scatter_part(const ReportInput& in) {
  double least = 1e12, most = 0, slowest = 0;
  for (const FlowRow& f : in.flows) {
    if (f.received_kbps.value_or(0) <= 0 || !f.end_to_end_p95_ms) continue;
    least = std::min(least, *f.received_kbps);
    most = std::max(most, *f.received_kbps);
    slowest = std::max(slowest, *f.end_to_end_p95_ms);
  }
  if (most <= 0) return "";
  Svg svg{960, 300, words::kScatter.vi};
  const Plot plot{svg,
                  {52, 12},
                  890,
                  236,
                  log_axis(least, most, two_line(words::kRateAxis)),
                  axis_to(slowest, two_line(words::kDelayAxis))};
  for (const FlowRow& f : in.flows) {
    if (f.received_kbps.value_or(0) <= 0 || !f.end_to_end_p95_ms) continue;
    svg.circle(plot.spot(*f.received_kbps, *f.end_to_end_p95_ms), 4,
               f.media == MediaKind::audio ? "a" : "v",
               in.bridges[f.from] + " → " + in.bridges[f.to] + ": " + number(*f.received_kbps, 0) +
                   " kbit/s, " + number(*f.end_to_end_p95_ms, 0) + " ms");
  }
  svg.circle({700, 292}, 4, "a");
  svg.text({708, 296}, two_line(words::kAudio));
  svg.circle({830, 292}, 4, "v");
  svg.text({838, 296}, two_line(words::kVideo));
  return heading(words::kScatter) + svg.finish();
}

std::string seconds_part(const ReportInput& in) {
  if (in.per_second.empty()) return "";
  Series rate, audio, video, loss;
  std::uint32_t last = 0;
  for (const SecondSample& s : in.per_second) {
    last = std::max(last, s.second);
    rate[s.second][s.bridge] = s.received_kbps;
    if (s.audio_delay_ms) audio[s.second][s.bridge] = *s.audio_delay_ms;
    if (s.video_delay_ms) video[s.second][s.bridge] = *s.video_delay_ms;
    if (s.loss_ratio) loss[s.second][s.bridge] = 100 * *s.loss_ratio;
  }
  return heading(words::kSeconds) + "<div class=\"hint\">" + both("p", words::kSecondsHint) +
         "</div>\n" + series_plot(in, rate, words::kRateAxis, last) +
         series_plot(in, audio, words::kAudioDelaySeries, last) +
         series_plot(in, video, words::kVideoDelaySeries, last) +
         series_plot(in, loss, words::kLossAxis, last);
}

}  // namespace diemcau::sim
