// The places of a scenario — [site.…], [group.…] and the segments they share, [link.…] — and how a
// text names them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/config_table.h"
#include "sim/line_keys.h"
#include "sim/profiles.h"
#include "sim/scenario.h"

namespace diemcau::sim {

// What a site says of itself; its profile is applied when the meeting is known.
struct SiteDraft {
  ConfigTable table;
  std::string profile;
  ProfileDraft overrides;
};

struct Sources {
  const Profiles& profiles;
  const FileReader& read_file;
};

using Sites = std::map<std::string, SiteDraft>;

// Groups expanded. Throws ScenarioError for everything that is wrong, with its line.
Sites read_sites(const ConfigTable& root, const Sources& sources);
// The sites that patterns under `key` name; `*` stands for any text. A pattern without any is an
// error.
std::set<std::string> sites_named(const ConfigTable& table, const std::string& key,
                                  const std::vector<std::string>& patterns, const Sites& sites);

// `*` in the pattern stands for any text.
bool name_matches(std::string_view pattern, std::string_view name);

struct Segments {
  std::vector<SharedSegment> list;
  std::vector<std::string> names;
};
Segments read_segments(const ConfigTable& root, const FileReader& read_file);
// `via` of a site as numbers of segments.
std::vector<std::uint32_t> read_via(const ConfigTable& site, const Segments& segments);

}  // namespace diemcau::sim
