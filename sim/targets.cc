// The keys are the names of the meeting's figures.
#include "sim/targets.h"

#include <array>
#include <cstdio>

#include "sim/config_table.h"
#include "sim/run_files.h"

namespace diemcau::sim {

namespace {

constexpr char kShare[] = "share_of_runs";

std::string plain(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.5g", value);
  return text.data();
}

Target target_of(const ConfigTable& all, const std::string& key, MetricId id) {
  const auto table = all.table(key);
  const ConfigTable& t = *table;
  t.allow_only({"least", "most"});
  const double largest = metrics()[static_cast<std::size_t>(id)].is_ratio ? 1 : 1e6;
  const Target target{id, t.number("least", 0, largest), t.number("most", 0, largest)};
  if (!target.least && !target.most)
    all.fail(key, "has no bound", "write { least = … } or { most = … }");
  if (target.least && target.most && *target.least > *target.most)
    t.fail("least", "is larger than most", "exchange the two");
  return target;
}

}  // namespace

std::string Target::says(const std::optional<double>& value) const {
  std::string text{metrics()[static_cast<std::size_t>(metric)].id};
  text += value ? " = " + plain(*value) : " was not measured";
  if (least) text += ", at least " + plain(*least);
  if (most) text += ", at most " + plain(*most);
  return text;
}

Targets parse_targets(std::string_view text, const std::string& file_name) {
  const ConfigTable root = ConfigTable::parse(text, file_name);
  root.allow_only({"target"});
  const auto table = root.table("target");
  if (!table) root.fail("target", "is missing", "write [target] and what must be reached");
  std::vector<std::string> known = {kShare};
  for (const Metric& m : metrics()) known.emplace_back(m.id);
  table->allow_only(known);
  Targets targets;
  targets.share_of_runs = table->number(kShare, 0, 1).value_or(targets.share_of_runs);
  for (const std::string& key : table->keys()) {
    if (const auto id = metric_of(key)) targets.all.push_back(target_of(*table, key, *id));
  }
  if (targets.all.empty())
    root.fail("target", "has no target", "write one, such as audio_r_worst = { least = 75 }");
  return targets;
}

Targets read_targets(const std::string& path) { return parse_targets(read_text(path), path); }

std::vector<std::string> missed(const Targets& targets, const MeetingFigures& figures) {
  std::vector<std::string> out;
  for (const Target& t : targets.all) {
    if (!t.met_by(figures.value(t.metric))) out.push_back(t.says(figures.value(t.metric)));
  }
  return out;
}

}  // namespace diemcau::sim
