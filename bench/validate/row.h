// One line of the validation: what was measured, what theory or a second implementation says, and
// how far apart the two may be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace diemcau::validate {

struct Row {
  std::string row;
  double measured = 0;
  double expected = 0;
  double tolerance = 0;
  std::string unit;
  bool pass = false;
};
using Rows = std::vector<Row>;

// Passes when |measured − expected| ≤ tolerance.
Row within(std::string row, double measured, double expected, double tolerance, std::string unit);
// The same, with the tolerance as a part of what is expected.
Row within_part(std::string row, double measured, double expected, double part, std::string unit);
// For probabilities: passes when measured > least; the unit says so.
Row above(std::string row, double measured, double least, std::string unit);

// Rows that one run of the model answers; `name` begins the name of each.
struct Check {
  std::string_view name;
  void (*run)(Rows& rows);
};
extern const std::vector<Check> kQueueChecks;
extern const std::vector<Check> kLossChecks;
extern const std::vector<Check> kDelayChecks;
extern const std::vector<Check> kRateChecks;
extern const std::vector<Check> kOutageChecks;

// Every random figure comes from this seed: a row that is red is red again.
constexpr unsigned kSeed = 1;

}  // namespace diemcau::validate
