// The table of the transport: what is run, what is measured there, and what it must be.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/transport/judges.h"

namespace diemcau::judge {

// Over the seeds the median must meet the bar; of what lies between the ideal and the bar, the
// worst seed may have half as much again (and never more than that of the bar itself).
struct Bar {
  enum class Kind : std::uint8_t { none, at_most, at_least };
  Kind kind = Kind::none;
  double bar = 0;
  double ideal = 0;
  std::optional<double> worst_bar;  // where it is given

  bool met(double value) const;
  double worst() const;  // the bar for the worst seed
};
constexpr Bar most(double bar, double ideal = 0) { return {Bar::Kind::at_most, bar, ideal, {}}; }
constexpr Bar least(double bar, double ideal = 1) { return {Bar::Kind::at_least, bar, ideal, {}}; }
constexpr Bar most_and_worst(double bar, double worst) {
  return {Bar::Kind::at_most, bar, 0, worst};
}
// To be looked at only.
constexpr Bar figure() { return {}; }

struct Row {
  std::string metric;
  std::string unit;
  Bar bar;
  std::function<Figure(const Recording&)> judge;
};

struct FlowName {
  std::string from, to;
};

struct Case {
  std::string name;
  std::string scenario;         // configs/scenarios/NAME.toml
  std::set<std::string> lines;  // those whose packets are kept
  std::vector<FlowName> flows;  // of the time series; none: all
  std::vector<Row> rows;
  std::function<void(sim::Scenario&)> change = {};  // what this case has other than its file
};

std::vector<Case> flow_cases();      // one flow on one bottleneck
std::vector<Case> repair_cases();    // one flow on a line that loses
std::vector<Case> recovery_cases();  // and on one with outages
std::vector<Case> fair_cases();      // several flows
std::vector<Case> half_cases();      // half the picture rate between two layers
std::vector<Case> mesh_cases();      // meetings
std::vector<Case> document_cases();  // meetings with a document
std::vector<Case> all_cases();

constexpr Span from_to(int from_s, int to_s) {
  return {std::int64_t{from_s} * 1s, std::int64_t{to_s} * 1s};
}

}  // namespace diemcau::judge
