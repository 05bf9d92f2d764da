// One panel for each cell: the bounds are curve and dot, ours a ring, each seed a small dot.
#include "bench/transport/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "bench/transport/repair_cells.h"
#include "sim/svg.h"

namespace diemcau::judge {

namespace {

using sim::Spot;

constexpr std::array kRoundTripsMs{10, 40, 80, 120};
constexpr double kFloorPercent = 0.01;  // where "none" is drawn: ten seeds are 17,700 pictures
constexpr int kSteps = 30;              // of the code's curve
constexpr unsigned kBoundSeeds = 3;     // of 20,000 pictures each
constexpr double kPanelWidth = 190, kPanelHeight = 120, kLeft = 60, kTop = 64, kGapX = 42,
                 kGapY = 58;

// The drawing stands alone, on a light page or a dark one.
constexpr const char* kStyle = R"(<style>
text{font:11px system-ui,sans-serif;fill:#334}
.tick{font-size:9.5px;fill:#667}.plottitle{font-weight:600}
.page{fill:#fff}.grid{stroke:#e4e8ee}.axis{stroke:#889}
polyline{fill:none;stroke-width:1.6}
.code{stroke:#2a6fbb}.asking{stroke:#c2701c;stroke-dasharray:4 3}
.askingdot{fill:#c2701c}.seed{fill:#1a7f4b;opacity:.35}
.ours{fill:none;stroke:#1a7f4b;stroke-width:2.2}
</style>
)";

// In percent: extra bytes, incomplete pictures.
struct Cell {
  std::string title;
  std::vector<Spot> seeds, code;
  Spot ours, asking;
};

Figure figure_of(const Case& c, const char* metric, const Recording& r) {
  for (const Row& row : c.rows) {
    if (row.metric == metric) return row.judge(r);
  }
  throw std::logic_error(fmt::format("{} has no row {}", c.name, metric));
}

void add_ours(const CurveOptions& o, const Case& c, Cell& cell) {
  for (std::uint64_t seed = o.first_seed; seed <= o.last_seed; ++seed) {
    auto scenario =
        sim::read_scenario(fmt::format("{}/{}.toml", o.scenarios, c.scenario), {{}, seed});
    c.change(scenario);
    const Recording r = record(scenario, c.lines);
    const Figure extra = figure_of(c, "extra_bytes", r), left = figure_of(c, "incomplete", r);
    if (extra && left) cell.seeds.push_back({100 * *extra, 100 * *left});
  }
  if (cell.seeds.empty()) throw std::runtime_error(c.name + ": nothing was measured");
  for (const Spot& s : cell.seeds) {
    cell.ours.x += s.x / static_cast<double>(cell.seeds.size());
    cell.ours.y += s.y / static_cast<double>(cell.seeds.size());
  }
}

// Until it leaves less than can be drawn, or to `most_extra` percent.
void add_bounds(const Channel& channel, int rtt_ms, double most_extra, Cell& cell) {
  for (int i = 0; i <= kSteps; ++i) {
    RepairBounds mean;
    for (std::uint64_t seed = 1; seed <= kBoundSeeds; ++seed) {
      RepairPlan plan = plan_of(channel, rtt_ms, seed);
      plan.coded_per_packet = most_extra / 100 * i / kSteps;
      const RepairBounds one = repair_bounds(plan);
      mean.ideal_code += one.ideal_code / kBoundSeeds;
      mean.asking += one.asking / kBoundSeeds;
      mean.asking_extra += one.asking_extra / kBoundSeeds;
    }
    cell.code.push_back({most_extra * i / kSteps, 100 * mean.ideal_code});
    cell.asking = {100 * mean.asking_extra, 100 * mean.asking};
    if (100 * mean.ideal_code < kFloorPercent) break;
  }
}

void draw(sim::Svg& svg, const Cell& cell, Spot corner, double most_extra) {
  sim::Axis y = sim::log_axis(kFloorPercent, 100, "");
  y.ticks = {1, 10, 100};
  sim::Plot plot{svg, corner, kPanelWidth, kPanelHeight, sim::axis_to(most_extra, "", 4), y};
  plot.title(cell.title);
  // Numbers of the lab's reports have a Vietnamese comma.
  const Spot tenth = plot.spot(0, 0.1);
  svg.line(tenth, {corner.x + kPanelWidth, tenth.y}, "grid");
  svg.text({tenth.x - 5, tenth.y + 3.5}, "0.1", "tick", sim::Anchor::end);
  svg.text({corner.x - 5, corner.y + kPanelHeight + 3.5}, "none", "tick", sim::Anchor::end);
  plot.curve(cell.code, "code");
  const std::array asking{cell.asking, Spot{most_extra * 2, cell.asking.y}};
  plot.curve(asking, "asking");
  svg.circle(
      plot.spot(cell.asking.x, cell.asking.y), 3.5, "askingdot",
      fmt::format("asking: {:.1f} % extra, {:.2f} % incomplete", cell.asking.x, cell.asking.y));
  for (const Spot& s : cell.seeds) svg.circle(plot.spot(s.x, s.y), 2, "seed");
  svg.circle(plot.spot(cell.ours.x, cell.ours.y), 5, "ours",
             fmt::format("ours: {:.1f} % extra, {:.3f} % incomplete", cell.ours.x, cell.ours.y));
}

void legend(sim::Svg& svg) {
  const std::array line{Spot{kLeft, 22}, Spot{kLeft + 24, 22}};
  svg.path(line, "code");
  svg.text({kLeft + 30, 26}, "a code that knows every other loss");
  const std::array dashes{Spot{kLeft + 250, 22}, Spot{kLeft + 274, 22}};
  svg.path(dashes, "asking");
  svg.circle(dashes[0], 3.5, "askingdot");
  svg.text({kLeft + 280, 26}, "asking with perfect knowledge");
  svg.circle({kLeft + 480, 22}, 5, "ours");
  svg.circle({kLeft + 494, 22}, 2, "seed");
  svg.text({kLeft + 504, 26}, "Điểm Cầu: mean, and each seed");
}

void write(const std::string& path, const sim::Svg& svg) {
  std::string text = svg.finish();
  text.insert(text.find('>') + 2, kStyle);
  text.insert(4, " xmlns=\"http://www.w3.org/2000/svg\"");
  std::ofstream out(path);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

void write_page(const CurveOptions& o, const std::string& file, const std::vector<Channel>& rows) {
  const double width = kLeft + kRoundTripsMs.size() * (kPanelWidth + kGapX) + 8;
  const double height = kTop + static_cast<double>(rows.size()) * (kPanelHeight + kGapY);
  sim::Svg svg{width, height,
               "Pictures that stay incomplete against extra bytes: ours and two bounds"};
  svg.rect({0, 0}, width, height, "page");
  legend(svg);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::vector<Cell> cells;
    double most = 0;
    for (const int rtt_ms : kRoundTripsMs) {
      Cell& cell = cells.emplace_back();
      cell.title = fmt::format("{}, RTT {} ms", rows[row].name, rtt_ms);
      add_ours(o, against_bounds(rows[row], rtt_ms), cell);
      for (const Spot& s : cell.seeds) most = std::max(most, s.x);
    }
    const double y = kTop + static_cast<double>(row) * (kPanelHeight + kGapY);
    svg.text_upwards({12, y + kPanelHeight / 2}, "incomplete, %", "tick");
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const double x = kLeft + static_cast<double>(i) * (kPanelWidth + kGapX);
      add_bounds(rows[row], kRoundTripsMs[i], most, cells[i]);
      draw(svg, cells[i], {x, y}, most);
      svg.text({x + kPanelWidth / 2, y + kPanelHeight + 27}, "extra bytes, %", "tick",
               sim::Anchor::middle);
    }
  }
  write(o.out + "/" + file, svg);
}

}  // namespace

void write_curves(const CurveOptions& options) {
  std::filesystem::create_directories(options.out);
  std::vector<Channel> random, bursts;
  for (const int percent : {2, 5, 10, 20, 30})
    random.push_back(
        {fmt::format("{} % at random", percent), at_random(percent / 100.0), percent / 100.0});
  for (Channel& channel : channels()) {
    if (!channel.name.starts_with("random")) bursts.push_back(std::move(channel));
  }
  write_page(options, "repair-random.svg", random);
  write_page(options, "repair-bursts.svg", bursts);
}

}  // namespace diemcau::judge
