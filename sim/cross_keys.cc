#include "sim/cross_keys.h"

#include <utility>

#include "sim/sites.h"

namespace diemcau::sim {

namespace {

constexpr std::size_t kMostFlows = 4096;
constexpr std::pair<const char*, CrossConfig::Kind> kKinds[] = {
    {"cbr", CrossConfig::Kind::cbr},
    {"poisson", CrossConfig::Kind::poisson},
    {"tcp-newreno", CrossConfig::Kind::tcp_newreno},
    {"tcp-cubic", CrossConfig::Kind::tcp_cubic},
    {"tcp-short", CrossConfig::Kind::tcp_short},
    {"office", CrossConfig::Kind::office}};

ByteCount size_of(const ConfigTable& t, const std::string& key, const std::string& written,
                  std::int64_t least, std::int64_t most) {
  const auto size = parse_byte_count(written);
  if (!size || size->count() < least || size->count() > most)
    t.fail(key, "is \"" + written + "\"",
           "write a size from " + std::to_string(least) + "B to " + std::to_string(most) + "B");
  return *size;
}

void read_kind(const ConfigTable& t, CrossConfig& c) {
  const auto written = t.text("kind");
  std::string all;
  for (const auto& [name, kind] : kKinds) {
    all += (all.empty() ? "\"" : ", \"") + std::string(name) + "\"";
    if (!written || *written != name) continue;
    c.kind = kind;
    c.name = name;
    return;
  }
  t.fail("kind", written ? "is \"" + *written + "\"" : "is missing", "write one of " + all);
}

void read_load(const ConfigTable& t, CrossConfig& c) {
  const bool packets = c.kind == CrossConfig::Kind::cbr || c.kind == CrossConfig::Kind::poisson;
  const bool files = c.kind == CrossConfig::Kind::tcp_short || c.kind == CrossConfig::Kind::office;
  for (const char* key : {"rate", "packet"}) {
    if (!packets && t.has(key)) t.fail(key, "belongs to \"cbr\" and \"poisson\"", "remove it");
  }
  for (const char* key : {"size", "idle"}) {
    if (!files && t.has(key)) t.fail(key, "belongs to \"tcp-short\" and \"office\"", "remove it");
  }
  if (packets) {
    const auto rate = t.bitrate("rate");
    if (!rate) t.fail("rate", "is missing", "write a rate, such as \"2Mbit/s\"");
    c.rate = *rate;
  }
  if (const auto packet = t.text("packet")) c.packet = size_of(t, "packet", *packet, 28, 1500);
  if (c.kind == CrossConfig::Kind::office) c.largest = ByteCount::bytes(5'000'000);
  if (const auto sizes = t.texts("size")) {
    if (sizes->size() != 2) t.fail("size", "is not two sizes", "write [\"30kB\", \"50kB\"]");
    c.smallest = size_of(t, "size", (*sizes)[0], 1'000, 1'000'000'000);
    c.largest = size_of(t, "size", (*sizes)[1], 1'000, 1'000'000'000);
    if (c.largest.count() < c.smallest.count())
      t.fail("size", "has the larger one first", "swap them");
  }
  c.idle = t.duration("idle", 1ms, 24h).value_or(c.idle);
}

CrossConfig read_one(const ConfigTable& t) {
  t.allow_only(
      {"at", "direction", "kind", "rate", "packet", "flows", "size", "idle", "start", "end"});
  CrossConfig c;
  read_kind(t, c);
  read_load(t, c);
  const auto direction = t.text("direction");
  if (!direction || (*direction != "up" && *direction != "down"))
    t.fail("direction", direction ? "is \"" + *direction + "\"" : "is missing",
           "write \"up\" or \"down\"");
  c.up = *direction == "up";
  c.start = t.duration("start", 0s, 24h).value_or(0s);
  c.end = t.duration("end", 0s, 24h);
  if (c.end && *c.end <= c.start) t.fail("end", "is not after the start", "end it later");
  return c;
}

}  // namespace

std::vector<CrossConfig> read_cross(const ConfigTable& root,
                                    const std::vector<std::string>& members) {
  std::vector<CrossConfig> all;
  for (const ConfigTable& t : root.tables("cross")) {
    const CrossConfig one = read_one(t);
    const auto at = t.text("at");
    if (!at) t.fail("at", "is missing", "name the sites, such as \"district-*\"");
    const std::int64_t flows = t.integer("flows", 1, 1000).value_or(1);
    bool found = false;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (!name_matches(*at, members[i])) continue;
      found = true;
      for (std::int64_t flow = 0; flow < flows; ++flow) {
        CrossConfig c = one;
        c.member = static_cast<std::uint16_t>(i);
        c.name = members[i] + (c.up ? "/up " : "/down ") + one.name;
        if (flows > 1) c.name += " " + std::to_string(flow + 1);
        all.push_back(std::move(c));
      }
    }
    if (!found) {
      const auto near = nearest(*at, members);
      t.fail("at", "no site of the meeting is called \"" + *at + "\"",
             near ? "did you mean \"" + *near + "\"?" : "name one of its members");
    }
    if (all.size() > kMostFlows) t.fail("flows", "make more than 4096 in all", "reduce them");
  }
  return all;
}

}  // namespace diemcau::sim
