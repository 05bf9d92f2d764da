// Yes or no: does a scenario reach its targets in enough of its runs?
#pragma once

#include <string>
#include <vector>

#include "sim/replicate.h"
#include "sim/targets.h"

namespace diemcau::sim {

struct TargetAnswer {
  Target target;
  std::size_t met = 0, runs = 0;
  bool pass = false;
  // The run that is furthest from the target, or any in which the figure was not measured.
  std::uint64_t hardest_seed = 0;
  std::optional<double> hardest;
};

struct GateAnswer {
  std::string scenario;
  double share_of_runs = 0;
  std::vector<TargetAnswer> targets;
  bool pass() const;
};

GateAnswer judge(const std::string& scenario, const Targets& targets,
                 const std::vector<Replicate>& runs);

// "audio_r_worst: met in 3 of 20 runs (19 needed); hardest: seed 7, audio_r_worst = …"
std::string sentence(const GateAnswer& gate, const TargetAnswer& answer);
std::string gate_json(const GateAnswer& gate);
// One test case per target.
std::string junit_xml(const GateAnswer& gate);

}  // namespace diemcau::sim
