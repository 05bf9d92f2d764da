// Every mistake is said with the line and the key that it stands under.
#include "sim/sites.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace diemcau::sim {

namespace {

constexpr std::int64_t kMostSites = 1000;

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

void add_site(Sites& sites, const ConfigTable& table, const std::string& key,
              const std::string& name, SiteDraft draft) {
  if (!is_site_name(name))
    table.fail(key, "\"" + name + "\" cannot name a bridge", "use 1 to 32 of a-z, 0-9 and -");
  if (!sites.emplace(name, std::move(draft)).second)
    table.fail(key, "there is a site \"" + name + "\" already", "rename one of them");
  if (static_cast<std::int64_t>(sites.size()) > kMostSites)
    table.fail(key, "makes more than 1000 sites", "reduce the count");
}

SiteDraft read_site(const ConfigTable& t, const Sources& sources,
                    const std::vector<std::string>& more_keys) {
  std::vector<std::string> keys{"profile", "up",     "down",  "via",
                                "parent",  "weight", "clock", "decode_load"};
  keys.insert(keys.end(), weather_keys().begin(), weather_keys().end());
  keys.insert(keys.end(), more_keys.begin(), more_keys.end());
  t.allow_only(keys);
  const auto profile = t.text("profile");
  if (!profile) t.fail("profile", "is missing", "name one of the [profile.…] tables");
  static_cast<void>(sources.profiles.resolve(*profile, t, "profile"));
  return SiteDraft{t, *profile, read_line_keys(t, sources.read_file)};
}

}  // namespace

bool name_matches(std::string_view pattern, std::string_view name) {
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

Sites read_sites(const ConfigTable& root, const Sources& sources) {
  Sites sites;
  if (const auto all = root.table("site")) {
    for (const std::string& name : all->keys()) {
      add_site(sites, *all, name, name, read_site(*all->table(name), sources, {}));
    }
  }
  if (const auto all = root.table("group")) {
    for (const std::string& name : all->keys()) {
      const ConfigTable t = *all->table(name);
      const SiteDraft draft = read_site(t, sources, {"count", "name"});
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

std::set<std::string> sites_named(const ConfigTable& table, const std::string& key,
                                  const std::vector<std::string>& patterns, const Sites& sites) {
  std::set<std::string> members;
  for (const std::string& pattern : patterns) {
    bool found = false;
    std::vector<std::string> names;
    for (const auto& [name, site] : sites) {
      names.push_back(name);
      if (!name_matches(pattern, name)) continue;
      members.insert(name);
      found = true;
    }
    if (found) continue;
    const auto near = nearest(pattern, names);
    table.fail(key, "no site is called \"" + pattern + "\"",
               near ? "did you mean \"" + *near + "\"?" : "add it as [site." + pattern + "]");
  }
  return members;
}

// Both directions are the same where one table stands for them.
Segments read_segments(const ConfigTable& root, const FileReader& read_file) {
  Segments segments;
  const auto all = root.table("link");
  if (!all) return segments;
  for (const std::string& name : all->keys()) {
    if (!is_site_name(name)) all->fail(name, "cannot name a link", "use 1 to 32 of a-z, 0-9 and -");
    const ConfigTable t = *all->table(name);
    const LineDraft both = read_line(t, read_file, {"up", "down"});
    LineDraft up = both;
    LineDraft down = both;
    if (const auto own = t.table("up")) up.override_with(read_line(*own, read_file));
    if (const auto own = t.table("down")) down.override_with(read_line(*own, read_file));
    segments.list.push_back({name, finish_line(up, t, "rate"), finish_line(down, t, "rate")});
    segments.names.push_back(name);
  }
  return segments;
}

std::vector<std::uint32_t> read_via(const ConfigTable& site, const Segments& segments) {
  std::vector<std::uint32_t> via;
  const std::vector<std::string> names = site.texts("via").value_or(std::vector<std::string>{});
  for (const std::string& name : names) {
    const auto found = std::find(segments.names.begin(), segments.names.end(), name);
    if (found == segments.names.end()) {
      const auto near = nearest(name, segments.names);
      site.fail("via", "there is no link \"" + name + "\"",
                near ? "did you mean \"" + *near + "\"?" : "add [link." + name + "]");
    }
    const auto index = static_cast<std::uint32_t>(found - segments.names.begin());
    if (std::find(via.begin(), via.end(), index) != via.end())
      site.fail("via", "names \"" + name + "\" twice", "a path crosses a link once");
    via.push_back(index);
  }
  return via;
}

}  // namespace diemcau::sim
