// What a meeting's pictures are like, over all ways from member to member.
#include "bench/transport/rows.h"

#include <algorithm>

namespace diemcau::judge {

namespace {

using R = Recording;
using PairFigure = std::function<double(const FlowLog&, Span)>;

constexpr Duration kWarmup = 5s;
Span meeting_of(const R& r) { return {kWarmup, r.scenario.duration}; }

std::vector<double> of_pairs(const R& r, const PairFigure& figure) {
  std::vector<double> out;
  for (std::size_t from = 0; from < r.names.size(); ++from) {
    for (std::size_t to = 0; to < r.names.size(); ++to) {
      if (from != to) out.push_back(figure(r.flow(from, to), meeting_of(r)));
    }
  }
  return out;
}

double still(const FlowLog& flow, Span span) { return still_ratio(flow, span).value_or(1); }
double pictures(const FlowLog& flow, Span span) {
  return pictures_per_second(flow, span).value_or(0);
}

// Of one bridge the mean of its ways, as the others see it or as it sees them: the worse of both.
double still_of(const R& r, std::size_t bridge) {
  double out = 0, in = 0;
  for (std::size_t other = 0; other < r.names.size(); ++other) {
    if (other == bridge) continue;
    out += still(r.flow(bridge, other), meeting_of(r));
    in += still(r.flow(other, bridge), meeting_of(r));
  }
  return std::max(out, in) / static_cast<double>(r.names.size() - 1);
}

Row quantile_of(const char* metric, const char* unit, Bar bar, double fraction, PairFigure figure) {
  return {metric, unit, bar, [=](const R& r) { return quantile(of_pairs(r, figure), fraction); }};
}

Row shown_as(const char* metric, Layer layer) {
  return {metric, "ratio", figure(), [=](const R& r) {
            double sum = 0;
            const auto ratios = of_pairs(r, [=](const FlowLog& flow, Span span) {
              return layer_ratio(flow, span, layer).value_or(0);
            });
            for (const double ratio : ratios) sum += ratio;
            return Figure{sum / static_cast<double>(ratios.size())};
          }};
}

}  // namespace

std::vector<Row> meeting_pictures(const MeetingBars& bars) {
  return {
      {"still_of_worst_bridge", "ratio", bars.worst_bridge,
       [](const R& r) {
         double worst = 0;
         for (std::size_t i = 0; i < r.names.size(); ++i) worst = std::max(worst, still_of(r, i));
         return Figure{worst};
       }},
      quantile_of("still_of_median_pair", "ratio", bars.median_pair, 0.5, still),
      quantile_of("pictures_of_median_pair", "1/s", bars.median_pictures, 0.5, pictures),
      quantile_of("pictures_of_worst_pair", "1/s", bars.worst_pictures, 0, pictures),
      shown_as("shown_as_lo", Layer::lo),
      shown_as("shown_as_mid", Layer::mid),
      shown_as("shown_as_hi", Layer::hi),
      {"uplinks_used", "ratio", bars.used,
       [](const R& r) {
         std::vector<double> used;
         for (const LineLog& line : r.lines) {
           if (!line.name.ends_with("/up") || line.name == "central/up") continue;
           used.push_back(utilisation(line, meeting_of(r), std::nullopt).value_or(0));
         }
         return quantile(std::move(used), 0.5);
       }},
  };
}

}  // namespace diemcau::judge
