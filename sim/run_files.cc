// The names of the results are fixed in docs/LAB.md; a figure that was not measured is absent,
// never 0.
#include "sim/run_files.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "core/quality/flow_figures.h"
#include "sim/meeting_metrics.h"
#include "sim/model_keys.h"

namespace diemcau::sim {

namespace {

using Json = nlohmann::ordered_json;

// Six digits are beyond what is measured and the same in every language's printf.
double rounded(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6g", value);
  return std::strtod(text, nullptr);
}

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::optional<Json> percentiles_ms(const quality::Histogram& h) {
  if (h.count() == 0) return std::nullopt;
  Json j;
  for (const auto& [name, parts] : {std::pair{"p50", 5000U}, {"p95", 9500U}, {"p99", 9900U}})
    j[name] = rounded(to_ms_double(*h.quantile(parts)));
  return j;
}

double kbps(std::uint64_t bytes, Duration d) {
  return static_cast<double>(bytes) * 8 / to_ms_double(d);
}

Json flow(const RunResult& r, std::size_t to, const quality::FlowReport& f) {
  const Crossing& crossing = r.crossing(f.from.value, to, f.layer, f.source);
  Json j;
  j["from"] = r.names[f.from.value];
  j["to"] = r.names[to];
  j["media"] = f.media == MediaKind::audio ? "audio" : "video";
  j["layer"] = name_of(f.layer);
  j["source"] = name_of(f.source);
  quality::FlowExtras extras;
  if (crossing.packets_sent > 0) extras.sent_kbps = kbps(crossing.bytes_sent, r.measured);
  extras.delay = &crossing.delay;
  for (const quality::FlowFigure& figure : quality::flow_figures(f, extras)) {
    Json& place = figure.group != nullptr ? j[figure.group][figure.name] : j[figure.name];
    if (figure.whole) {
      place = static_cast<std::uint64_t>(figure.value);
    } else {
      place = rounded(figure.value);
    }
  }
  return j;
}

std::vector<Json> all_flows(const RunResult& r) {
  std::vector<Json> flows;
  for (std::size_t to = 0; to < r.bridges.size(); ++to) {
    for (const quality::FlowReport& f : r.bridges[to].flows) flows.push_back(flow(r, to, f));
  }
  return flows;
}

// The pages that one bridge showed to another.
Json pages(const RunResult& r, const PageReport& p) {
  Json j;
  j["from"] = r.names[p.from];
  j["to"] = r.names[p.to];
  j["pages"] = p.pages;
  j["whole"] = p.whole;
  if (const auto ms = percentiles_ms(p.until_whole)) j["page_ms"] = *ms;
  return j;
}

Json link(const LinkReport& l) {
  Json j;
  j["name"] = l.name;
  j["utilisation"] = rounded(l.utilisation);
  if (const auto p = percentiles_ms(l.figures.waited)) j["queue_ms"] = *p;
  j["dropped"] = {{"queue", l.figures.dropped_queue},
                  {"wire", l.figures.lost_wire},
                  {"outage", l.figures.lost_outage},
                  {"policer", l.figures.dropped_policer}};
  return j;
}

struct RowEnds {
  std::string head, source;
};

void add_rows(std::string& csv, const RowEnds& ends, const std::string& prefix, const Json& j) {
  for (const auto& [key, value] : j.items()) {
    if (value.is_object()) {
      add_rows(csv, ends, prefix + key + ".", value);
    } else if (value.is_number()) {
      csv += ends.head + prefix + key + "," + value.dump() + "," + ends.source + "\n";
    }
  }
}

}  // namespace

std::string run_json(const Scenario& scenario, const RunFacts& facts, const RunResult& r) {
  Json j;
  j["schema"] = 1;
  j["scenario"] = scenario.name;
  j["file"] = facts.scenario_path;
  j["seed"] = facts.seed;
  j["digest"] = hex(r.digest);
  j["virtual_s"] = rounded(to_ms_double(r.virtual_time) / 1e3);
  j["wall_s"] = rounded(facts.wall_seconds);
  j["packets"] = r.whole.delivered;
  j["flows"] = all_flows(r);
  j["links"] = Json::array();
  for (const LinkReport& l : r.links) j["links"].push_back(link(l));
  if (!r.pages.empty()) j["documents"] = Json::array();
  for (const PageReport& p : r.pages) j["documents"].push_back(pages(r, p));
  if (!r.cross.empty()) j["cross"] = Json::array();
  for (const CrossReport& c : r.cross)
    j["cross"].push_back(
        {{"name", c.name},
         {"goodput_kbps", rounded(kbps(static_cast<std::uint64_t>(c.goodput_bytes), r.measured))},
         {"packets_sent", c.packets_sent},
         {"retransmissions", c.retransmissions}});
  j["meeting"] = Json::object();
  if (const auto worst = meeting_figures(r).worst_bridge)
    j["meeting"]["worst_bridge"] = r.names[*worst];
  if (facts.targets_missed) {
    j["verdict"] = {{"pass", facts.targets_missed->empty()}, {"failed", *facts.targets_missed}};
  }
  return j.dump(1) + "\n";
}

std::string flows_csv(const RunResult& r) {
  std::string csv = "from,to,media,layer,metric,value,source\n";
  for (const Json& f : all_flows(r)) {
    const auto text = [&](const char* key) { return f[key].get<std::string>() + ","; };
    add_rows(
        csv,
        {text("from") + text("to") + text("media") + text("layer"), f["source"].get<std::string>()},
        "", f);
  }
  for (const PageReport& p : r.pages) {
    const std::string ends = r.names[p.from] + "," + r.names[p.to];
    add_rows(csv, {ends + ",video,,", name_of(Source::document)}, "", pages(r, p));
  }
  return csv;
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    throw std::runtime_error("cannot make the folder " + path + " (" + error.message() +
                             "); give another --out");
}

std::string read_text(const std::string& path) {
  std::error_code ignored;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, ignored))
    throw ScenarioError(path, 0, "", "cannot be read", "is the path right?");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void write_file(const std::string& path, const std::string& text) {
  const std::string partial = path + ".partial";
  {
    std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    out << text;
    out.flush();
    if (!out) {
      std::error_code ignored;
      std::filesystem::remove(partial, ignored);
      throw std::runtime_error("cannot write " + path +
                               "; is the folder yours and the disk not full?");
    }
  }
  std::filesystem::rename(partial, path);
}

}  // namespace diemcau::sim
