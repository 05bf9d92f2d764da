// Why sound and picture were not as they should be: second by second at the weakest bridge, and in
// sum for everybody.
#include <algorithm>
#include <array>
#include <map>

#include "sim/html.h"
#include "sim/impairment_texts.h"
#include "sim/report_page.h"
#include "sim/report_parts.h"
#include "sim/svg.h"

namespace diemcau::sim {

namespace {

constexpr std::size_t kMostRows = 60;

struct CauseLook {
  const Words* name;
  const char* cls;
};
// In the order of quality::Cause.
constexpr std::array<CauseLook, quality::kCauses> kLooks = {{{&words::kOfQueue, "bq"},
                                                             {&words::kOfWire, "bw"},
                                                             {&words::kOfOutage, "bo"},
                                                             {&words::kOfLate, "bl"},
                                                             {&words::kOfCpu, "bc"}}};

std::uint64_t sum(const quality::CauseSeconds& seconds) {
  std::uint64_t all = 0;
  for (const std::uint32_t s : seconds) all += s;
  return all;
}

std::string columns(const ReportInput& in) {
  const auto weakest = static_cast<std::uint16_t>(in.meeting.worst_bridge.value_or(0));
  std::uint32_t last = 0;
  std::uint64_t most = 0;
  for (const SecondSample& s : in.per_second) {
    last = std::max(last, s.second);
    if (s.bridge == weakest) most = std::max(most, sum(s.impaired));
  }
  if (most == 0) return "";
  Svg svg{960, 210, words::kImpairments.vi};
  Plot plot{svg,
            {52, 22},
            890,
            118,
            axis_to(last + 1.0, two_line(words::kSecondAxis), 10),
            axis_to(static_cast<double>(most), "", 4)};
  plot.title(two_line(words::kImpairedAxis) + " · " + in.bridges[weakest]);
  for (const SecondSample& s : in.per_second) {
    if (s.bridge != weakest) continue;
    double below = 0;
    for (std::size_t i = 0; i < kLooks.size(); ++i) {
      if (s.impaired[i] == 0) continue;
      const double above = below + s.impaired[i];
      const Spot top = plot.spot(s.second, above), foot = plot.spot(s.second + 1.0, below);
      svg.rect(top, foot.x - top.x, foot.y - top.y, kLooks[i].cls,
               std::string(kLooks[i].name->vi) + ": " + number(s.impaired[i], 0));
      below = above;
    }
  }
  double x = 52;
  for (const CauseLook& look : kLooks) {
    svg.rect({x, 192}, 12, 12, look.cls);
    svg.text({x + 17, 202}, two_line(*look.name));
    x += 178;
  }
  return svg.finish();
}

// Everything that one bridge hears, or sees.
struct Row {
  std::size_t bridge = 0;
  Source source = Source::microphone;
  quality::CauseSeconds seconds{};
};

std::vector<Row> rows_of(const ReportInput& in) {
  std::map<std::pair<std::size_t, Source>, quality::CauseSeconds> sums;
  for (const FlowRow& f : in.flows) {
    auto& of = sums[{f.to, f.source}];
    for (std::size_t i = 0; i < of.size(); ++i) of[i] += f.impaired[i];
  }
  std::vector<Row> rows;
  for (const auto& [key, seconds] : sums) {
    if (sum(seconds) > 0) rows.push_back({key.first, key.second, seconds});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return sum(a.seconds) > sum(b.seconds); });
  if (rows.size() > kMostRows) rows.resize(kMostRows);
  return rows;
}

std::string line(const ReportInput& in, const Row& row, std::uint64_t most) {
  const Words& media = word_of(row.source);
  std::string out = "<tr><td class=\"name short\">" + escaped(in.bridges[row.bridge]) +
                    "</td><td class=\"name short\">" + escaped(media.vi) + "</td>";
  std::string bars;
  for (std::size_t i = 0; i < kLooks.size(); ++i) {
    const std::uint32_t s = row.seconds[i];
    out += "<td>" + (s > 0 ? number(s, 0) : std::string("–")) + "</td>";
    bars += bar(kLooks[i].cls, s, most);
  }
  return out + "<td>" + number(static_cast<double>(sum(row.seconds)), 0) +
         "</td><td class=\"name\">" + bars + "</td></tr>\n";
}

}  // namespace

std::string impairments_part(const ReportInput& in) {
  const std::vector<Row> rows = rows_of(in);
  std::string out = heading(words::kImpairments);
  if (rows.empty()) return out + both("p", words::kNoImpairments);
  out += "<div class=\"hint\">" + both("p", words::kImpairmentsHint) + "</div>\n" + columns(in) +
         "<table class=\"data\">\n<thead><tr>" + head_cell(words::kReceiver, "name") +
         head_cell(words::kMedia, "name");
  for (const CauseLook& look : kLooks) out += head_cell(*look.name);
  out += head_cell(words::kInAll) + "<th></th></tr></thead>\n<tbody>\n";
  for (const Row& row : rows) out += line(in, row, sum(rows.front().seconds));
  return out + "</tbody></table>\n";
}

}  // namespace diemcau::sim
