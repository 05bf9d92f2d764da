// diemcau-sim profiles: which lines there are to choose from, and where their numbers come from.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/commands.h"
#include "sim/profiles.h"
#include "sim/run_files.h"
#include "sim/scenario_error.h"

namespace diemcau::sim {

namespace {

struct Arguments {
  std::string name;
  std::string folder = "configs/profiles";
  bool json = false;
};

struct Line {
  std::string rate, delay, queue, weather;
};
struct Entry {
  std::string name, source;
  Line up, down;
};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}
std::string mbps(Bitrate rate) { return number(static_cast<double>(rate.bps()) / 1e6); }
std::string ms(Duration d) { return number(to_ms_double(d)) + " ms"; }
std::string percent(std::uint64_t parts) {
  return number(static_cast<double>(parts) / 42'949'672.96) + " %";
}

std::string rate_of(const CapacityConfig& c) {
  switch (c.kind) {
    case CapacityConfig::Kind::constant: return mbps(c.rate) + " Mbit/s";
    case CapacityConfig::Kind::wandering:
      return mbps(c.rate) + " Mbit/s, wandering by " +
             number(static_cast<double>(c.sigma_q16) / 65'536);
    case CapacityConfig::Kind::opportunities: return "a trace of opportunities";
    case CapacityConfig::Kind::steps: break;
  }
  const auto [least, most] =
      std::minmax_element(c.steps.begin(), c.steps.end(),
                          [](const RateStep& a, const RateStep& b) { return a.rate < b.rate; });
  return mbps(least->rate) + " to " + mbps(most->rate) + " Mbit/s in steps";
}

std::string loss_of(const LossConfig& c) {
  switch (c.kind) {
    case LossConfig::Kind::none: return "";
    case LossConfig::Kind::iid: return "loss " + percent(c.loss_good);
    case LossConfig::Kind::trace: return "loss as traced";
    case LossConfig::Kind::gilbert_elliott: {
      const double bad = static_cast<double>(c.to_bad) /
                         static_cast<double>(std::max<std::uint64_t>(c.to_bad + c.to_good, 1));
      const double mean =
          bad * static_cast<double>(c.loss_bad) + (1 - bad) * static_cast<double>(c.loss_good);
      return "loss " + percent(static_cast<std::uint64_t>(mean)) + " in bursts";
    }
    case LossConfig::Kind::gilbert_elliott_time:
      return "bursts of " + ms(c.mean_bad) + " every " + ms(c.mean_good);
  }
  return "";
}

std::string weather_of(const LinkConfig& c) {
  std::vector<std::string> parts{loss_of(c.loss)};
  if (c.delay.jitter.kind != JitterConfig::Kind::none)
    parts.push_back("jitter " + ms(c.delay.jitter.sigma));
  if (!c.outages.empty()) parts.push_back(std::to_string(c.outages.size()) + " outage(s)");
  if (c.policer) parts.push_back("policer " + mbps(c.policer->rate) + " Mbit/s");
  if (c.discipline == LinkConfig::Discipline::fq_codel) parts.push_back("fq_codel");
  if (c.discipline == LinkConfig::Discipline::codel) parts.push_back("codel");
  std::string all;
  for (const std::string& part : parts) {
    if (!part.empty()) all += (all.empty() ? "" : ", ") + part;
  }
  return all;
}

Line line_of(const LinkConfig& c) {
  std::string queue = c.queue_time ? ms(*c.queue_time) : "";
  if (c.queue_bytes) {
    if (!queue.empty()) queue += " or ";
    queue += number(static_cast<double>(c.queue_bytes->count()) / 1e3) + " kB";
  }
  return {rate_of(c.capacity), c.delay.trace ? "traced" : ms(c.delay.base), queue, weather_of(c)};
}

Entry entry_of(const std::filesystem::path& folder, const std::string& name) {
  const FileReader read = [&](const std::string& path) -> std::optional<std::string> {
    // Profiles ask for profiles/NAME.toml beside a scenario; their own traces lie beside them.
    for (const auto& base : {folder.parent_path(), folder}) {
      std::error_code error;
      if (std::filesystem::is_regular_file(base / path, error))
        return read_text((base / path).string());
    }
    return std::nullopt;
  };
  const std::string file = (folder / (name + ".toml")).string();
  const ConfigTable root = ConfigTable::parse(read_text(file), file);
  const auto all = root.table("profile");
  if (!all || !all->has(name))
    root.fail("profile", "has no [profile." + name + "]", "name the table as the file");
  const ConfigTable table = *all->table(name);
  const Profiles profiles{root, read};
  const ProfileDraft draft = profiles.resolve(name, root, "profile");
  return {name, table.text("source").value_or(""), line_of(finish_line(draft.up, table, "up")),
          line_of(finish_line(draft.down, table, "down"))};
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    if (file.path().extension() == ".toml") names.push_back(file.path().stem().string());
  }
  if (names.empty())
    throw ScenarioError(folder.string(), 0, "", "has no profiles", "give their folder with --dir");
  std::sort(names.begin(), names.end());
  return names;
}

void print(const Entry& e) {
  std::printf("%s\n", e.name.c_str());
  for (const auto& [label, line] : {std::pair{"up", &e.up}, std::pair{"down", &e.down}}) {
    std::printf("  %-5s %s, %s one way, %s of queue%s%s\n", label, line->rate.c_str(),
                line->delay.c_str(), line->queue.c_str(), line->weather.empty() ? "" : ", ",
                line->weather.c_str());
  }
  if (!e.source.empty()) std::printf("  from  %s\n", e.source.c_str());
}

nlohmann::ordered_json json_of(const Entry& e) {
  const auto line = [](const Line& l) {
    return nlohmann::ordered_json{
        {"rate", l.rate}, {"delay", l.delay}, {"queue", l.queue}, {"weather", l.weather}};
  };
  return {{"name", e.name}, {"up", line(e.up)}, {"down", line(e.down)}, {"source", e.source}};
}

int perform(const Arguments& a) {
  const std::filesystem::path folder{a.folder};
  std::vector<std::string> names = names_in(folder);
  if (!a.name.empty()) {
    if (std::find(names.begin(), names.end(), a.name) == names.end()) {
      const auto near = nearest(a.name, names);
      throw ScenarioError(folder.string(), 0, "", "has no profile \"" + a.name + "\"",
                          near ? "did you mean \"" + *near + "\"?" : "see diemcau-sim profiles");
    }
    names = {a.name};
  }
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const std::string& name : names) {
    const Entry entry = entry_of(folder, name);
    if (a.json) {
      all.push_back(json_of(entry));
    } else {
      print(entry);
    }
  }
  if (a.json) std::printf("%s\n", all.dump(1).c_str());
  return kDone;
}

}  // namespace

Command profiles_command(CLI::App& app) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* profiles =
      app.add_subcommand("profiles", "The lines that --profile chooses from, and their sources");
  profiles->add_option("name", a->name, "One of them");
  profiles->add_option("--dir", a->folder, "Their folder")->capture_default_str();
  profiles->add_flag("--json", a->json, "Print JSON");
  return {profiles, [a] { return perform(*a); }};
}

}  // namespace diemcau::sim
