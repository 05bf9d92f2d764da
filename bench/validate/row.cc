// How a row is judged.
#include "bench/validate/row.h"

#include <cmath>
#include <utility>

namespace diemcau::validate {

Row within(std::string row, double measured, double expected, double tolerance, std::string unit) {
  const bool pass = std::abs(measured - expected) <= tolerance;
  return {std::move(row), measured, expected, tolerance, std::move(unit), pass};
}

Row within_part(std::string row, double measured, double expected, double part, std::string unit) {
  return within(std::move(row), measured, expected, part * std::abs(expected), std::move(unit));
}

Row above(std::string row, double measured, double least, std::string unit) {
  return {std::move(row), measured, least, 0, std::move(unit) + " (at least)", measured > least};
}

}  // namespace diemcau::validate
