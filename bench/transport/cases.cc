#include "bench/transport/cases.h"

#include <algorithm>
#include <limits>

namespace diemcau::judge {

namespace {
constexpr double kWorstPart = 1.5;
}

bool Bar::met(double value) const {
  if (kind == Kind::none) return true;
  // What stands on the bar meets it, whatever was rounded on the way.
  const double slack = 1e-9 * std::max(1.0, bar);
  return kind == Kind::at_most ? value <= bar + slack : value >= bar - slack;
}

double Bar::worst() const {
  if (worst_bar) return *worst_bar;
  switch (kind) {
    case Kind::at_most: return ideal + kWorstPart * (bar - ideal);
    // A low bar has more below it than is left of it.
    case Kind::at_least: return std::max(ideal - kWorstPart * (ideal - bar), bar / kWorstPart);
    case Kind::none: break;
  }
  return std::numeric_limits<double>::infinity();
}

std::vector<Case> all_cases() {
  std::vector<Case> all = flow_cases();
  for (Case& c : repair_cases()) all.push_back(std::move(c));
  for (Case& c : recovery_cases()) all.push_back(std::move(c));
  for (Case& c : fair_cases()) all.push_back(std::move(c));
  for (Case& c : half_cases()) all.push_back(std::move(c));
  for (Case& c : mesh_cases()) all.push_back(std::move(c));
  for (Case& c : document_cases()) all.push_back(std::move(c));
  return all;
}

}  // namespace diemcau::judge
