// Is B better than A? Paired differences under the same seeds, with their intervals, and a verdict
// for every figure of the meeting.
#pragma once

#include <string>
#include <vector>

#include "sim/replicate.h"
#include "sim/statistics.h"

namespace diemcau::sim {

struct ComparedFigure {
  MetricId id{};
  MeanEstimate a, b;   // over the runs in which both were measured
  PairedDifference d;  // B − A
  Verdict verdict = Verdict::not_decided;
  bool noticeable = false;  // the mean difference is one that people notice
};

struct ComparedPlan {
  std::string name, file;  // of the scenario
  std::string text;
  std::vector<Replicate> runs;
  std::string binding_link() const;  // most often the fullest; the first by name of equals
};

struct Comparison {
  ComparedPlan a, b;
  std::vector<ComparedFigure> figures;  // those that were measured at all
  const ComparedFigure* find(MetricId id) const;
};

// Both have the same seeds in the same order.
Comparison compare(ComparedPlan a, ComparedPlan b);

const Words& word_of(Verdict verdict);
// A figure's value as people read it: ratios in percent.
double shown(MetricId id, double value);

std::string compare_table(const Comparison& c);  // for a terminal
std::string compare_json(const Comparison& c);
std::string compare_csv(const Comparison& c);
std::string compare_html(const Comparison& c);

}  // namespace diemcau::sim
