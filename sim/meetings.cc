// Several meetings share sites, lines and settings; each has its own members and times.
#include "sim/meetings.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

namespace diemcau::sim {

namespace {

struct Presence {
  Duration joins{};
  std::optional<Duration> leaves;
};

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

void read_media(const ConfigTable& meeting, Scenario& out) {
  if (const auto video = meeting.table("video")) {
    video->allow_only({"bitrate", "min", "fps"}, {"content", "trace"});
    if (const auto hi = video->bitrate("bitrate")) {
      out.rates.hi = *hi;
      // The smaller layers never cost more than the large one.
      out.rates.mid = std::min(out.rates.mid, *hi);
      out.rates.lo = std::min(out.rates.lo, *hi);
    }
    if (const auto min = video->bitrate("min")) {
      if (*min > out.rates.hi) video->fail("min", "is more than the bitrate", "lower it");
      out.least_rates.hi = *min;
      out.least_rates.mid = std::min(out.least_rates.mid, *min);
      out.least_rates.lo = std::min(out.least_rates.lo, *min);
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

// What sites do from a time to another: in each of them in order, one after the other ended.
template <typename What>
using Intervals = std::map<std::string, std::vector<What>>;

template <typename What>
void add_interval(const ConfigTable& t, const char* like, const std::set<std::string>& members,
                  const Sites& sites, What what, Intervals<What>& out) {
  const auto site = t.text("site");
  const auto from = t.duration("from", 0s, 24h);
  const auto to = t.duration("to", 0s, 24h);
  if (!site || !from || !to) t.fail(!site ? "site" : !from ? "from" : "to", "is missing", like);
  if (*to <= *from) t.fail("to", "is not after the begin", "end it later");
  what.from = *from;
  what.to = *to;
  for (const std::string& name : sites_named(t, "site", {*site}, sites)) {
    if (!members.count(name))
      t.fail("site", "\"" + name + "\" is not in the meeting", "add it to the members");
    auto& of_site = out[name];
    if (!of_site.empty() && *from < of_site.back().to)
      t.fail("from", "lies in the one before", "put them in order of time");
    of_site.push_back(what);
  }
}

// Who covers the camera and turns the microphone off for a while.
Intervals<MediaPause> read_pauses(const ConfigTable& meeting, const std::set<std::string>& members,
                                  const Sites& sites) {
  Intervals<MediaPause> pauses;
  for (const ConfigTable& t : meeting.tables("pause")) {
    t.allow_only({"site", "from", "to"});
    add_interval(t, "write { site = \"flow-2\", from = \"40s\", to = \"60s\" }", members, sites,
                 MediaPause{}, pauses);
  }
  return pauses;
}

Intervals<DocumentShown> read_documents(const ConfigTable& meeting,
                                        const std::set<std::string>& members, const Sites& sites) {
  Intervals<DocumentShown> documents;
  for (const ConfigTable& t : meeting.tables("document")) {
    t.allow_only({"site", "from", "to", "turn", "page"});
    DocumentShown shown;
    shown.turn = t.duration("turn", 100ms, 24h).value_or(shown.turn);
    if (const auto page = t.text("page")) {
      const auto bytes = parse_byte_count(*page);
      if (!bytes || *bytes < ByteCount::bytes(100) || *bytes > ByteCount::bytes(10'000'000))
        t.fail("page", "is \"" + *page + "\"", "write 100B to 10MB, such as \"70kB\"");
      shown.page = *bytes;
    }
    add_interval(t, "write { site = \"central\", from = \"40s\", to = \"60s\" }", members, sites,
                 shown, documents);
  }
  return documents;
}

void read_view(const ConfigTable& meeting, Scenario& out) {
  const auto subscribe = meeting.text("subscribe");
  if (!subscribe) return;
  if (*subscribe == "hi") {
    out.tiles.small = Layer::hi;
  } else if (*subscribe == "mid") {
    out.tiles.small = Layer::mid;
  } else if (*subscribe == "lo") {
    out.tiles.small = Layer::lo;
  } else if (*subscribe == "central+speaker") {
    out.tiles = {std::nullopt, Layer::hi, Layer::mid};
  } else if (*subscribe != "tiles") {
    meeting.fail("subscribe", "is \"" + *subscribe + "\"",
                 "write \"tiles\", \"hi\", \"mid\", \"lo\" or \"central+speaker\"");
  }
}

void read_turns(const ConfigTable& meeting, std::uint16_t number, const Attendances& all,
                Scenario& out) {
  std::optional<Duration> before;
  for (const ConfigTable& t : meeting.tables("speaker")) {
    t.allow_only({"at", "site"});
    const auto at = t.duration("at", 0s, 24h);
    const auto site = t.text("site");
    if (!site || !at)
      t.fail(site ? "at" : "site", "is missing", "write { at = \"10s\", site = \"central\" }");
    const auto member = all.find(*site);
    const bool here = member != all.end() && member->second.meetings.end() !=
                                                 std::find(member->second.meetings.begin(),
                                                           member->second.meetings.end(), number);
    if (!here) t.fail("site", "\"" + *site + "\" is not in the meeting", "name one of its members");
    if (before && *at <= *before)
      t.fail("at", "does not come after the turn before", "put the turns in order of time");
    before = at;
    out.turns.push_back(
        {*at, number, static_cast<std::uint16_t>(std::distance(all.begin(), member))});
  }
}

// A site is there from its first join to its last leave.
void attend(Attendance& site, std::uint16_t meeting, const Presence& present,
            std::vector<MediaPause> pauses, std::vector<DocumentShown> documents) {
  const bool first = site.meetings.empty();
  site.joins = first ? present.joins : std::min(site.joins, present.joins);
  const bool stays = !present.leaves || (!first && !site.leaves);
  site.leaves =
      stays ? std::nullopt : std::optional{std::max(*present.leaves, site.leaves.value_or(0s))};
  site.meetings.push_back(meeting);
  site.pauses.insert(site.pauses.end(), pauses.begin(), pauses.end());
  site.documents.insert(site.documents.end(), documents.begin(), documents.end());
}

}  // namespace

Attendances read_meetings(const ConfigTable& root, const Sites& sites, Scenario& out) {
  const auto meetings = root.tables("meeting");
  if (meetings.empty()) root.fail("meeting", "is missing", "add [[meeting]] with its members");
  Attendances all;
  for (const ConfigTable& meeting : meetings) {
    meeting.allow_only({"start", "end", "members", "video", "audio", "subscribe", "join", "leave",
                        "pause", "speaker", "document"});
    const auto number = static_cast<std::uint16_t>(&meeting - meetings.data());
    for (const char* key : {"video", "audio", "subscribe"}) {
      if (number > 0 && meeting.has(key))
        meeting.fail(key, "stands in a meeting after the first",
                     "a bridge has one setting for all; say it in the first [[meeting]]");
    }
    read_media(meeting, out);
    read_view(meeting, out);
    const std::set<std::string> members = read_members(meeting, sites);
    auto pauses = read_pauses(meeting, members, sites);
    auto documents = read_documents(meeting, members, sites);
    for (const auto& [name, present] : read_presence(meeting, out, members, sites))
      attend(all[name], number, present, std::move(pauses[name]), std::move(documents[name]));
  }
  if (all.size() > kMaxMembers)
    root.fail("meeting", "has " + std::to_string(all.size()) + " sites in all",
              "one scenario holds " + std::to_string(kMaxMembers) + " at most");
  for (const ConfigTable& meeting : meetings)
    read_turns(meeting, static_cast<std::uint16_t>(&meeting - meetings.data()), all, out);
  return all;
}

}  // namespace diemcau::sim
