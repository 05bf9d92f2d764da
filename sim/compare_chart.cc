// As Pantheon draws its tests (Yan et al. 2018), with delay upwards: low and to the right is good.
#include "sim/compare_chart.h"

#include <algorithm>
#include <array>

#include "sim/html.h"
#include "sim/report_page.h"
#include "sim/svg.h"

namespace diemcau::sim {

namespace {

constexpr int kCorners = 48;  // of the polygon that stands for an ellipse

struct Runs {
  std::vector<double> kbps, delay_ms;
  std::vector<std::uint64_t> seeds;
};

Runs runs_of(const ComparedPlan& plan) {
  Runs runs;
  for (const Replicate& r : plan.runs) {
    const auto& delay = r.figures.value(MetricId::audio_delay_p95_ms);
    if (!delay) continue;
    runs.kbps.push_back(r.figures.received_kbps);
    runs.delay_ms.push_back(*delay);
    runs.seeds.push_back(r.seed);
  }
  return runs;
}

// Not from 0: what matters is how far the plans lie apart, but a twentieth is shown as little.
Axis rate_axis(double least, double most) {
  const double margin = std::max((most - least) / 10, most / 20);
  Axis axis;
  axis.ticks = round_ticks(std::max(0.0, least - margin), most + margin, 8);
  axis.low = axis.ticks.front();
  axis.high = axis.ticks.back();
  axis.label = two_line(words::kBridgeRateAxis);
  return axis;
}

void draw(Svg& svg, Plot& plot, const Runs& runs, const char* dot, const char* curve,
          std::string_view name) {
  for (std::size_t i = 0; i < runs.kbps.size(); ++i)
    svg.circle(plot.spot(runs.kbps[i], runs.delay_ms[i]), 3, dot,
               std::string(name) + ", seed " + std::to_string(runs.seeds[i]) + ": " +
                   number(runs.kbps[i], 0) + " kbit/s, " + number(runs.delay_ms[i], 0) + " ms");
  if (const auto region = region_of_mean(runs.kbps, runs.delay_ms)) {
    std::vector<Spot> corners;
    for (int i = 0; i <= kCorners; ++i) {
      const auto [x, y] = region->at(static_cast<double>(i) / kCorners);
      corners.push_back({x, y});
    }
    plot.curve(corners, curve);
  }
}

}  // namespace

std::string throughput_delay_part(const Comparison& c) {
  const std::array plans{runs_of(c.a), runs_of(c.b)};
  double fastest = 0, slowest = 0, least = 1e12;
  for (const Runs& runs : plans) {
    for (const double v : runs.kbps) {
      fastest = std::max(fastest, v);
      least = std::min(least, v);
    }
    for (const double v : runs.delay_ms) slowest = std::max(slowest, v);
  }
  if (fastest <= 0) return "";
  Svg svg{960, 300, words::kRunScatter.vi};
  Plot plot{svg,
            {52, 12},
            890,
            236,
            rate_axis(least, fastest),
            axis_to(slowest, two_line(words::kDelayAxis))};
  draw(svg, plot, plans[0], "a", "a1", "A");
  draw(svg, plot, plans[1], "v", "v1", "B");
  svg.circle({760, 292}, 4, "a");
  svg.text({768, 296}, "A");
  svg.circle({800, 292}, 4, "v");
  svg.text({808, 296}, "B");
  return heading(words::kRunScatter) + "<div class=\"hint\">" + both("p", words::kRunScatterHint) +
         "</div>\n" + svg.finish();
}

}  // namespace diemcau::sim
