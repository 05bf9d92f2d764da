// From the tables of a scenario to checked values: profiles extended, groups expanded, members
// found.
#include "sim/scenario.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "sim/config_table.h"

namespace diemcau::sim {

namespace {

constexpr std::int64_t kMostSites = 1000;
constexpr std::size_t kLongestExtends = 16;
constexpr Duration kDefaultQueue = 100ms;

struct LinkDraft {
  std::optional<Bitrate> rate;
  std::optional<Duration> delay;
  std::optional<Duration> queue_time;
  std::optional<ByteCount> queue_bytes;
  std::optional<std::uint32_t> overhead;

  void override_with(const LinkDraft& o) {
    if (o.rate) rate = o.rate;
    if (o.delay) delay = o.delay;
    if (o.overhead) overhead = o.overhead;
    if (o.queue_time || o.queue_bytes) {
      queue_time = o.queue_time;
      queue_bytes = o.queue_bytes;
    }
  }
};

struct ProfileDraft {
  LinkDraft up, down;
  std::optional<std::uint64_t> loss_parts;

  void override_with(const ProfileDraft& o) {
    up.override_with(o.up);
    down.override_with(o.down);
    if (o.loss_parts) loss_parts = o.loss_parts;
  }
};

struct SiteDraft {
  ConfigTable table;
  std::string profile;
  ProfileDraft overrides;
};

LinkDraft read_link(const ConfigTable& t) {
  t.allow_only({"rate", "delay", "queue", "overhead"}, {"trace", "aqm", "policer"});
  LinkDraft link;
  link.rate = t.bitrate("rate");
  link.delay = t.duration("delay", 0s, 10s);
  if (const auto overhead = t.integer("overhead", 0, 1000))
    link.overhead = static_cast<std::uint32_t>(*overhead);
  if (const auto queue = t.text("queue")) {
    link.queue_time = parse_duration(*queue);
    link.queue_bytes = parse_byte_count(*queue);
    if (!link.queue_time && !link.queue_bytes)
      t.fail("queue", "is \"" + *queue + "\"",
             "write a time or a size with its unit, such as \"120ms\" or \"64kB\"");
    if ((link.queue_time && *link.queue_time > 60s) ||
        (link.queue_bytes && link.queue_bytes->count() > 1'000'000'000))
      t.fail("queue", "is \"" + *queue + "\"", "write at most 60s or 1000MB");
  }
  return link;
}

ProfileDraft read_line_keys(const ConfigTable& t) {
  ProfileDraft draft;
  if (const auto up = t.table("up")) draft.up = read_link(*up);
  if (const auto down = t.table("down")) draft.down = read_link(*down);
  return draft;
}

ProfileDraft read_profile(const ConfigTable& t) {
  t.allow_only({"extends", "up", "down", "loss"}, {"jitter", "outage", "reorder", "duplicate"});
  ProfileDraft draft = read_line_keys(t);
  if (const auto loss = t.table("loss")) {
    loss->allow_only({"model", "mean"}, {"burst", "p", "r", "at"});
    const auto model = loss->text("model");
    if (!model) t.fail("loss", "has no model", "write model = \"iid\"");
    if (*model == "ge" || *model == "4-state" || *model == "trace")
      loss->fail("model", "\"" + *model + "\" is not built yet", "write model = \"iid\"");
    if (*model != "iid") loss->fail("model", "is \"" + *model + "\"", "write model = \"iid\"");
    draft.loss_parts = loss->ratio("mean");
    if (!draft.loss_parts) t.fail("loss", "has no mean", "write mean = 0.002, say");
  }
  return draft;
}

class Profiles {
 public:
  explicit Profiles(const ConfigTable& root) {
    const auto all = root.table("profile");
    if (!all) return;
    for (const std::string& name : all->keys()) {
      tables_.emplace(name, *all->table(name));
      names_.push_back(name);
    }
    for (const std::string& name : names_) static_cast<void>(resolve(name, *all, name));
  }
  // `at` and `key` say who asks, for the error.
  ProfileDraft resolve(const std::string& name, const ConfigTable& at,
                       const std::string& key) const {
    std::vector<std::string> chain;
    std::vector<const ConfigTable*> tables;
    const ConfigTable* asked_by = &at;
    std::string asked_key = key;
    for (std::optional<std::string> next = name; next;) {
      const auto found = tables_.find(*next);
      if (found == tables_.end()) {
        const auto near = nearest(*next, names_);
        asked_by->fail(asked_key, "there is no profile \"" + *next + "\"",
                       near ? "did you mean \"" + *near + "\"?" : "add [profile." + *next + "]");
      }
      if (std::find(chain.begin(), chain.end(), *next) != chain.end())
        asked_by->fail(asked_key, "extends itself through \"" + *next + "\"", "break the circle");
      if (chain.size() == kLongestExtends)
        asked_by->fail(asked_key, "is the end of a chain of more than 16", "shorten it");
      chain.push_back(*next);
      tables.push_back(&found->second);
      asked_by = &found->second;
      asked_key = "extends";
      next = found->second.text("extends");
    }
    ProfileDraft draft;
    for (auto table = tables.rbegin(); table != tables.rend(); ++table)
      draft.override_with(read_profile(**table));
    return draft;
  }

 private:
  std::map<std::string, ConfigTable> tables_;
  std::vector<std::string> names_;
};

LinkConfig finish(const LinkDraft& draft, const ProfileDraft& profile, const SiteDraft& site,
                  const std::string& direction) {
  if (!draft.rate || !draft.delay)
    site.table.fail(direction, std::string("has no ") + (draft.rate ? "delay" : "rate"),
                    "give it in the profile or at the site");
  LinkConfig link;
  link.rate = *draft.rate;
  link.delay = *draft.delay;
  link.queue = draft.queue_bytes ? *draft.queue_bytes
                                 : draft.rate->bytes_in(draft.queue_time.value_or(kDefaultQueue));
  link.overhead = draft.overhead.value_or(link.overhead);
  link.loss_parts = profile.loss_parts.value_or(0);
  return link;
}

bool is_site_name(const std::string& name) {
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// "district-%02d" and 7 → "district-07"; nothing when there is not exactly one place for the
// number.
std::optional<std::string> numbered(const std::string& pattern, std::int64_t n) {
  const std::size_t percent = pattern.find('%');
  if (percent == pattern.npos || pattern.find('%', percent + 1) != pattern.npos)
    return std::nullopt;
  std::size_t at = percent + 1;
  std::size_t width = 0;
  if (at + 1 < pattern.size() && pattern[at] == '0' && pattern[at + 1] >= '1' &&
      pattern[at + 1] <= '9') {
    width = static_cast<std::size_t>(pattern[at + 1] - '0');
    at += 2;
  }
  if (at >= pattern.size() || pattern[at] != 'd') return std::nullopt;
  std::string digits = std::to_string(n);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return pattern.substr(0, percent) + digits + pattern.substr(at + 1);
}

using Sites = std::map<std::string, SiteDraft>;

void add_site(Sites& sites, const ConfigTable& table, const std::string& key,
              const std::string& name, SiteDraft draft) {
  if (!is_site_name(name))
    table.fail(key, "\"" + name + "\" cannot name a bridge", "use 1 to 32 of a-z, 0-9 and -");
  if (!sites.emplace(name, std::move(draft)).second)
    table.fail(key, "there is a site \"" + name + "\" already", "rename one of them");
  if (static_cast<std::int64_t>(sites.size()) > kMostSites)
    table.fail(key, "makes more than 1000 sites", "reduce the count");
}

SiteDraft read_site(const ConfigTable& t, const Profiles& profiles) {
  const auto profile = t.text("profile");
  if (!profile) t.fail("profile", "is missing", "name one of the [profile.…] tables");
  static_cast<void>(profiles.resolve(*profile, t, "profile"));
  return SiteDraft{t, *profile, read_line_keys(t)};
}

Sites read_sites(const ConfigTable& root, const Profiles& profiles) {
  Sites sites;
  if (const auto all = root.table("site")) {
    for (const std::string& name : all->keys()) {
      const ConfigTable t = *all->table(name);
      t.allow_only({"profile", "up", "down"}, {"via", "parent"});
      add_site(sites, *all, name, name, read_site(t, profiles));
    }
  }
  if (const auto all = root.table("group")) {
    for (const std::string& name : all->keys()) {
      const ConfigTable t = *all->table(name);
      t.allow_only({"profile", "up", "down", "count", "name"}, {"via", "parent"});
      const SiteDraft draft = read_site(t, profiles);
      const auto count = t.integer("count", 1, kMostSites);
      if (!count) t.fail("count", "is missing", "say how many sites the group has");
      const std::string pattern = t.text("name").value_or(name + "-%02d");
      for (std::int64_t i = 1; i <= *count; ++i) {
        const auto site_name = numbered(pattern, i);
        if (!site_name)
          t.fail("name", "is \"" + pattern + "\"",
                 "write one place for the number, such as \"district-%02d\"");
        add_site(sites, t, "name", *site_name, draft);
      }
    }
  }
  return sites;
}

// `*` stands for any text.
bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = pattern.npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != pattern.npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::set<std::string> read_members(const ConfigTable& meeting, const Sites& sites) {
  const auto patterns = meeting.texts("members");
  if (!patterns)
    meeting.fail("members", "is missing", "list the sites, such as [\"central\", \"district-*\"]");
  std::set<std::string> members;
  for (const std::string& pattern : *patterns) {
    bool found = false;
    std::vector<std::string> names;
    for (const auto& [name, site] : sites) {
      names.push_back(name);
      if (!matches(pattern, name)) continue;
      members.insert(name);
      found = true;
    }
    if (found) continue;
    const auto near = nearest(pattern, names);
    meeting.fail("members", "no site is called \"" + pattern + "\"",
                 near ? "did you mean \"" + *near + "\"?" : "add it as [site." + pattern + "]");
  }
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
  // What belongs to one machine (its name, files, devices, sinks) has no meaning for a province of
  // them.
  config.allow_only({"node", "roster", "media", "sink", "record", "metrics", "rate"});
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
                   "meeting", "bridge"},
                  {"link", "cross"});
  if (!root.integer("version", 1, 1)) root.fail("version", "is missing", "write version = 1");
  const auto name = root.text("name");
  if (!name || name->empty()) root.fail("name", "is missing", "name the scenario");
  out.name = *name;
  constexpr std::int64_t kLargestSeed = 9'007'199'254'740'991;  // what JSON carries exactly
  if (const auto seed = root.integer("seed", 0, kLargestSeed))
    out.seed = static_cast<std::uint64_t>(*seed);
  if (options.seed) out.seed = *options.seed;
  const auto duration = root.duration("duration", 1ms, 24h);
  if (!duration) root.fail("duration", "is missing", "write duration = \"60s\", say");
  out.duration = *duration;
  out.warmup = root.duration("warmup", 0s, 24h).value_or(0s);
  if (out.warmup >= out.duration)
    root.fail("warmup", "is not shorter than the duration", "shorten it");
}

}  // namespace

Scenario parse_scenario(std::string_view text, const std::string& file_name,
                        const ScenarioOptions& options, const FileReader& read_file) {
  const ConfigTable root = ConfigTable::parse(text, file_name);
  Scenario out;
  read_general(root, options, out);
  const Profiles profiles{root};
  const Sites sites = read_sites(root, profiles);
  read_bridge_config(root, read_file, out);

  const auto meetings = root.tables("meeting");
  if (meetings.empty()) root.fail("meeting", "is missing", "add [[meeting]] with its members");
  if (meetings.size() > 1) root.fail("meeting", "more than one is not built yet", "keep one");
  const ConfigTable& meeting = meetings.front();
  meeting.allow_only({"start", "members", "video", "audio"}, {"subscribe", "end"});
  out.meeting_start = meeting.duration("start", 0s, 24h).value_or(0s);
  if (out.meeting_start >= out.duration)
    meeting.fail("start", "is not before the end of the run", "start it earlier");
  read_media(meeting, out);

  for (const std::string& name : read_members(meeting, sites)) {
    const SiteDraft& site = sites.at(name);
    const bool replaced = options.profile && name != kCentral;
    ProfileDraft line = replaced ? profiles.resolve(*options.profile, root, "--profile")
                                 : profiles.resolve(site.profile, site.table, "profile");
    line.override_with(site.overrides);
    out.members.push_back(
        Site{name, finish(line.up, line, site, "up"), finish(line.down, line, site, "down")});
  }
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
