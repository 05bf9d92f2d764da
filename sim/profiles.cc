// Reading lines and profiles, and following what they extend.
#include "sim/profiles.h"

#include <algorithm>

namespace diemcau::sim {

namespace {

constexpr std::size_t kLongestExtends = 16;

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

}  // namespace

ProfileDraft read_line_keys(const ConfigTable& t) {
  ProfileDraft draft;
  if (const auto up = t.table("up")) draft.up = read_link(*up);
  if (const auto down = t.table("down")) draft.down = read_link(*down);
  return draft;
}

Profiles::Profiles(const ConfigTable& root) {
  const auto all = root.table("profile");
  if (!all) return;
  for (const std::string& name : all->keys()) {
    tables_.emplace(name, *all->table(name));
    names_.push_back(name);
  }
  for (const std::string& name : names_) static_cast<void>(resolve(name, *all, name));
}

ProfileDraft Profiles::resolve(const std::string& name, const ConfigTable& at,
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

}  // namespace diemcau::sim
