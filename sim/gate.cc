// Targets are judged one by one: each must be met in the wanted share of the runs.
#include "sim/gate.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/html.h"

namespace diemcau::sim {

namespace {

std::size_t needed(const GateAnswer& gate, const TargetAnswer& a) {
  // 0.95 × 20 is 19, whatever the double says.
  return static_cast<std::size_t>(
      std::ceil(gate.share_of_runs * static_cast<double>(a.runs) - 1e-9));
}

// How far outside of the bounds; positive means missed.
double excess(const Target& t, const std::optional<double>& value) {
  if (!value) return HUGE_VAL;
  double worst = -HUGE_VAL;
  if (t.least) worst = std::max(worst, *t.least - *value);
  if (t.most) worst = std::max(worst, *value - *t.most);
  return worst;
}

std::string_view id_of(const TargetAnswer& a) {
  return metrics()[static_cast<std::size_t>(a.target.metric)].id;
}

}  // namespace

bool GateAnswer::pass() const {
  return std::all_of(targets.begin(), targets.end(), [](const TargetAnswer& a) { return a.pass; });
}

GateAnswer judge(const std::string& scenario, const Targets& targets,
                 const std::vector<Replicate>& runs) {
  GateAnswer gate{scenario, targets.share_of_runs, {}};
  for (const Target& target : targets.all) {
    TargetAnswer a{target, 0, runs.size(), false, 0, {}};
    double worst = -HUGE_VAL;
    for (const Replicate& run : runs) {
      const auto& value = run.figures.value(target.metric);
      if (target.met_by(value)) ++a.met;
      if (a.hardest_seed != 0 && excess(target, value) <= worst) continue;
      worst = excess(target, value);
      a.hardest = value;
      a.hardest_seed = run.seed;
    }
    a.pass = a.met >= needed(gate, a);
    gate.targets.push_back(a);
  }
  return gate;
}

std::string sentence(const GateAnswer& gate, const TargetAnswer& a) {
  return std::string(id_of(a)) + ": met in " + std::to_string(a.met) + " of " +
         std::to_string(a.runs) + " runs (" + std::to_string(needed(gate, a)) +
         " needed); hardest: seed " + std::to_string(a.hardest_seed) + ", " +
         a.target.says(a.hardest);
}

std::string gate_json(const GateAnswer& gate) {
  nlohmann::ordered_json j;
  j["schema"] = 1;
  j["scenario"] = gate.scenario;
  j["pass"] = gate.pass();
  j["share_of_runs"] = gate.share_of_runs;
  j["targets"] = nlohmann::ordered_json::array();
  for (const TargetAnswer& a : gate.targets) {
    nlohmann::ordered_json t;
    t["metric"] = id_of(a);
    if (a.target.least) t["least"] = *a.target.least;
    if (a.target.most) t["most"] = *a.target.most;
    t["pass"] = a.pass;
    t["met"] = a.met;
    t["runs"] = a.runs;
    t["hardest_seed"] = a.hardest_seed;
    if (a.hardest) t["hardest"] = *a.hardest;
    j["targets"].push_back(t);
  }
  return j.dump(1) + "\n";
}

std::string junit_xml(const GateAnswer& gate) {
  const auto failures = std::count_if(gate.targets.begin(), gate.targets.end(),
                                      [](const TargetAnswer& a) { return !a.pass; });
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"" +
                    escaped(gate.scenario) + "\" tests=\"" + std::to_string(gate.targets.size()) +
                    "\" failures=\"" + std::to_string(failures) + "\" errors=\"0\">\n";
  for (const TargetAnswer& a : gate.targets) {
    out += "  <testcase classname=\"" + escaped(gate.scenario) + "\" name=\"" + escaped(id_of(a)) +
           "\"";
    if (a.pass) {
      out += "/>\n";
    } else {
      out += ">\n    <failure message=\"" + escaped(sentence(gate, a)) + "\"/>\n  </testcase>\n";
    }
  }
  return out + "</testsuite>\n";
}

}  // namespace diemcau::sim
