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
#include "sim/profiles.h"
#include "sim/sites.h"

namespace diemcau::sim {

namespace {

std::set<std::string> read_members(const ConfigTable& meeting, const Sites& sites) {
  const auto patterns = meeting.texts("members");
  if (!patterns)
    meeting.fail("members", "is missing", "list the sites, such as [\"central\", \"district-*\"]");
  const std::set<std::string> members = sites_named(meeting, "members", *patterns, sites);
  if (members.size() < 2)
    meeting.fail("members", "names " + std::to_string(members.size()) + " site(s)",
                 "a meeting needs two at least");
  if (members.size() > kMaxMembers)
    meeting.fail("members", "names " + std::to_string(members.size()) + " sites",
                 "one full mesh holds " + std::to_string(kMaxMembers) + " at most");
  return members;
}

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
  rate->allow_only({"hi", "mid", "lo", "audio", "uplink"});
  out.rates.hi = rate->bitrate("hi").value_or(out.rates.hi);
  out.rates.mid = rate->bitrate("mid").value_or(out.rates.mid);
  out.rates.lo = rate->bitrate("lo").value_or(out.rates.lo);
  out.rates.audio = rate->bitrate("audio").value_or(out.rates.audio);
  out.uplink = rate->bitrate("uplink");
}

void read_media(const ConfigTable& meeting, Scenario& out) {
  if (const auto video = meeting.table("video")) {
    video->allow_only({"bitrate", "fps"}, {"content", "trace"});
    if (const auto hi = video->bitrate("bitrate")) {
      out.rates.hi = *hi;
      // The smaller layers never cost more than the large one.
      out.rates.mid = std::min(out.rates.mid, *hi);
      out.rates.lo = std::min(out.rates.lo, *hi);
    }
    out.camera_fps =
        static_cast<std::uint8_t>(video->integer("fps", 1, 60).value_or(out.camera_fps));
  }
  if (const auto audio = meeting.table("audio")) {
    audio->allow_only({"bitrate", "frame"});
    if (const auto rate = audio->bitrate("bitrate")) {
      if (*rate < Bitrate::kbps(6) || *rate > Bitrate::kbps(510))
        audio->fail("bitrate", "is outside what Opus does", "write 6kbit/s to 510kbit/s");
      out.rates.audio = *rate;
    }
    const auto frame = audio->duration("frame", 1ms, 120ms);
    if (frame && *frame != 20ms)
      audio->fail("frame", "other than 20ms is not built yet", "write \"20ms\"");
  }
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

struct Presence {
  Duration joins{};
  std::optional<Duration> leaves;
};

// Who comes later and who goes earlier than the meeting.
std::map<std::string, Presence> read_presence(const ConfigTable& meeting, const Scenario& out,
                                              const std::set<std::string>& members,
                                              const Sites& sites) {
  const Duration start = meeting.duration("start", 0s, 24h).value_or(0s);
  const auto end = meeting.duration("end", 0s, 24h);
  if (start >= out.duration)
    meeting.fail("start", "is not before the end of the run", "start it earlier");
  if (end && *end <= start) meeting.fail("end", "is not after the start", "end it later");
  std::map<std::string, Presence> present;
  for (const std::string& name : members) present[name] = {start, end};
  for (const bool joins : {true, false}) {
    const std::string key = joins ? "join" : "leave";
    for (const ConfigTable& t : meeting.tables(key)) {
      t.allow_only({"site", "at"});
      const auto site = t.text("site");
      const auto at = t.duration("at", 0s, 24h);
      if (!site || !at)
        t.fail(site ? "at" : "site", "is missing", "write { site = \"district-*\", at = \"20s\" }");
      for (const std::string& name : sites_named(t, "site", {*site}, sites)) {
        if (!members.count(name))
          t.fail("site", "\"" + name + "\" is not in the meeting", "add it to the members");
        (joins ? present[name].joins : present[name].leaves.emplace()) = *at;
      }
    }
  }
  for (const auto& [name, p] : present) {
    if (p.joins >= out.duration || (p.leaves && *p.leaves <= p.joins))
      meeting.fail("join", "of \"" + name + "\" is not before its end", "let it join earlier");
  }
  return present;
}

void read_view(const ConfigTable& meeting, Scenario& out) {
  const auto subscribe = meeting.text("subscribe");
  if (!subscribe) return;
  if (*subscribe == "central+speaker")
    meeting.fail("subscribe", "\"central+speaker\" is not built yet",
                 "write \"tiles\", \"hi\", \"mid\" or \"lo\"");
  if (*subscribe == "hi") out.view = Layer::hi;
  if (*subscribe == "mid") out.view = Layer::mid;
  if (*subscribe == "lo") out.view = Layer::lo;
  if (!out.view && *subscribe != "tiles")
    meeting.fail("subscribe", "is \"" + *subscribe + "\"",
                 "write \"tiles\", \"hi\", \"mid\" or \"lo\"");
}

void read_turns(const ConfigTable& meeting, Scenario& out) {
  for (const ConfigTable& t : meeting.tables("speaker")) {
    t.allow_only({"at", "site"});
    const auto at = t.duration("at", 0s, 24h);
    const auto site = t.text("site");
    if (!site || !at)
      t.fail(site ? "at" : "site", "is missing", "write { at = \"10s\", site = \"central\" }");
    const auto member = std::find_if(out.members.begin(), out.members.end(),
                                     [&](const Site& s) { return s.name == *site; });
    if (member == out.members.end())
      t.fail("site", "\"" + *site + "\" is not in the meeting", "name one of its members");
    if (!out.turns.empty() && *at <= out.turns.back().at)
      t.fail("at", "does not come after the turn before", "put the turns in order of time");
    out.turns.push_back({*at, static_cast<std::uint16_t>(member - out.members.begin())});
  }
}

}  // namespace

Scenario parse_scenario(std::string_view text, const std::string& file_name,
                        const ScenarioOptions& options, const FileReader& read_file) {
  const ConfigTable root = ConfigTable::parse(text, file_name);
  Scenario out;
  read_general(root, options, out);
  const Profiles profiles{root, read_file};
  Segments segments = read_segments(root, read_file);
  const Sites sites = read_sites(root, {profiles, read_file});
  read_bridge_config(root, read_file, out);

  const auto meetings = root.tables("meeting");
  if (meetings.empty()) root.fail("meeting", "is missing", "add [[meeting]] with its members");
  if (meetings.size() > 1) root.fail("meeting", "more than one is not built yet", "keep one");
  const ConfigTable& meeting = meetings.front();
  meeting.allow_only(
      {"start", "end", "members", "video", "audio", "subscribe", "join", "leave", "speaker"});
  read_media(meeting, out);
  read_view(meeting, out);

  const std::set<std::string> members = read_members(meeting, sites);
  const auto present = read_presence(meeting, out, members, sites);
  for (const std::string& name : members) {
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
    member.joins = present.at(name).joins;
    member.leaves = present.at(name).leaves;
    out.members.push_back(std::move(member));
  }
  out.segments = std::move(segments.list);
  read_turns(meeting, out);
  out.cross = read_cross(root, std::vector<std::string>(members.begin(), members.end()));
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
