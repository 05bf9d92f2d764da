// What a load run says, as rows of {case, metric, value, unit, bound} and as a table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/load/load.h"

namespace diemcau::bench {

struct Row {
  std::string metric;
  double value = 0;
  std::string unit;
  std::optional<double> bound;  // the bare sum that a cost is compared with
};

// A figure that could not be measured has no row.
std::vector<Row> rows_of(const LoadOptions& options, const LoadResult& result);
std::string rows_json(const std::string& name, const std::vector<Row>& rows);
std::string rows_table(const std::vector<Row>& rows);

}  // namespace diemcau::bench
