// From the tables of a scenario to checked values: profiles extended, groups expanded, members
// found.
#include "sim/scenario.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "sim/config_table.h"
#include "sim/meetings.h"
#include "sim/profiles.h"
#include "sim/sites.h"

namespace diemcau::sim {

namespace {

void read_bridge_config(const ConfigTable& root, const FileReader& read_file, Scenario& out) {
  const auto section = root.table("bridge");
  if (!section) return;
  section->allow_only({"config"});
  const auto path = section->text("config");
  if (!path) section->fail("config", "is missing", "name the bridge's configuration file");
  const auto text = read_file(*path);
  if (!text)
    section->fail("config", "\"" + *path + "\" cannot be read", "give a path beside the scenario");
  const ConfigTable config = ConfigTable::parse(*text, *path);
  config.allow_only({"node", "roster", "media", "sink", "record", "metrics", "rate"});
  // What belongs to one machine has no meaning for a province of them, but a mistake in it is one.
  // [media], [sink] and [metrics] are not looked into.
  const std::pair<const char*, std::vector<std::string>> machine[] = {
      {"node", {"id", "listen", "data_dir", "key", "language"}},
      {"roster", {"file"}},
      {"record", {"dir", "enabled"}}};
  for (const auto& [name, keys] : machine) {
    if (const auto table = config.table(name)) table->allow_only(keys);
  }
  const auto rate = config.table("rate");
  if (!rate) return;
  rate->allow_only({"hi", "mid", "lo", "audio", "document", "uplink"});
  out.rates.hi = rate->bitrate("hi").value_or(out.rates.hi);
  out.rates.mid = rate->bitrate("mid").value_or(out.rates.mid);
  out.rates.lo = rate->bitrate("lo").value_or(out.rates.lo);
  out.rates.audio = rate->bitrate("audio").value_or(out.rates.audio);
  if (const auto document = rate->bitrate("document")) {
    out.document_rates.hi = *document;
    out.document_rates.mid = std::min(out.document_rates.mid, *document);
  }
  out.uplink = rate->bitrate("uplink");
}

void read_general(const ConfigTable& root, const ScenarioOptions& options, Scenario& out) {
  root.allow_only({"version", "name", "seed", "duration", "warmup", "profile", "site", "group",
                   "link", "meeting", "bridge", "cross"});
  if (!root.integer("version", 1, 1)) root.fail("version", "is missing", "write version = 1");
  const auto name = root.text("name");
  if (!name || name->empty()) root.fail("name", "is missing", "name the scenario");
  out.name = *name;
  constexpr std::int64_t kLargestSeed = 9'007'199'254'740'991;  // what JSON carries exactly
  if (const auto seed = root.integer("seed", 0, kLargestSeed))
    out.seed = static_cast<std::uint64_t>(*seed);
  if (options.seed) out.seed = *options.seed;
  out.ideal_host = options.ideal_host;
  const auto duration = root.duration("duration", 1ms, 24h);
  if (!duration) root.fail("duration", "is missing", "write duration = \"60s\", say");
  out.duration = *duration;
  out.warmup = root.duration("warmup", 0s, 24h).value_or(0s);
  if (out.warmup >= out.duration)
    root.fail("warmup", "is not shorter than the duration", "shorten it");
}

void read_clock(const ConfigTable& site, Site& out) {
  const auto clock = site.table("clock");
  if (!clock) return;
  clock->allow_only({"skew_ppm", "steps"});
  out.skew_ppm = clock->integer("skew_ppm", -1000, 1000).value_or(0);
  for (const ConfigTable& t : clock->tables("steps")) {
    t.allow_only({"at", "by"});
    const auto at = t.duration("at", 0s, 24h);
    const auto by = t.duration("by", 0s, 24h);
    if (!at || !by)
      t.fail(at ? "by" : "at", "is missing", "write { at = \"30min\", by = \"500ms\" }");
    if (!out.wall_steps.empty() && *at <= out.wall_steps.back().at)
      t.fail("at", "does not come after the step before", "put the steps in order of time");
    out.wall_steps.push_back({*at, *by});
  }
}

}  // namespace

bool meet(const Site& a, const Site& b) {
  return std::any_of(a.meetings.begin(), a.meetings.end(), [&b](std::uint16_t m) {
    return std::find(b.meetings.begin(), b.meetings.end(), m) != b.meetings.end();
  });
}

std::optional<bool> has_floor(const Scenario& scenario, std::uint16_t member, Timestamp now) {
  const Duration at = now - Timestamp{};
  std::optional<bool> floor;
  for (const std::uint16_t meeting : scenario.members[member].meetings) {
    const SpeakerTurn* last = nullptr;
    for (const SpeakerTurn& turn : scenario.turns) {
      if (turn.meeting != meeting) continue;
      if (!floor) floor = false;
      if (turn.at <= at) last = &turn;
    }
    if (last != nullptr && last->member == member) floor = true;
  }
  return floor;
}

Scenario parse_scenario(std::string_view text, const std::string& file_name,
                        const ScenarioOptions& options, const FileReader& read_file) {
  const ConfigTable root = ConfigTable::parse(text, file_name);
  Scenario out;
  read_general(root, options, out);
  const Profiles profiles{root, read_file};
  Segments segments = read_segments(root, read_file);
  const Sites sites = read_sites(root, {profiles, read_file});
  read_bridge_config(root, read_file, out);

  std::vector<std::string> names;
  for (auto& [name, attendance] : read_meetings(root, sites, out)) {
    const SiteDraft& site = sites.at(name);
    const bool replaced = options.profile && name != kCentral;
    ProfileDraft line = replaced ? profiles.resolve(*options.profile, root, "--profile")
                                 : profiles.resolve(site.profile, site.table, "profile");
    line.override_with(site.overrides);
    Site member;
    member.name = name;
    member.up = finish_line(line.up, site.table, "up");
    member.down = finish_line(line.down, site.table, "down");
    member.via = read_via(site.table, segments);
    member.parent = site.table.text("parent").value_or("");
    member.meetings = std::move(attendance.meetings);
    member.joins = attendance.joins;
    member.leaves = attendance.leaves;
    member.pauses = std::move(attendance.pauses);
    member.documents = std::move(attendance.documents);
    member.weight =
        static_cast<std::uint32_t>(site.table.integer("weight", 1, 100).value_or(member.weight));
    member.decode_load = static_cast<std::uint32_t>(
        site.table.integer("decode_load", 1, 100).value_or(member.decode_load));
    read_clock(site.table, member);
    out.members.push_back(std::move(member));
    names.push_back(name);
  }
  out.segments = std::move(segments.list);
  out.cross = read_cross(root, names);
  return out;
}

Scenario read_scenario(const std::string& path, const ScenarioOptions& options) {
  const auto read = [](const std::filesystem::path& p) -> std::optional<std::string> {
    std::error_code error;
    if (!std::filesystem::is_regular_file(p, error)) return std::nullopt;
    std::ifstream in(p, std::ios::binary);
    if (!in) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const auto text = read(path);
  if (!text) throw ScenarioError(path, 0, "", "cannot be read", "give the path of a scenario file");
  const auto beside = std::filesystem::path(path).parent_path();
  return parse_scenario(*text, path, options,
                        [&](const std::string& other) { return read(beside / other); });
}

}  // namespace diemcau::sim
