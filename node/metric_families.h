// The figures of one scrape, as prometheus-cpp wants them.
#pragma once

#include <prometheus/metric_family.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/quality/histogram.h"
#include "core/units/time.h"

namespace diemcau::node {

inline double seconds(Duration d) { return static_cast<double>(to_ns(d)) / 1e9; }

// In the order in which they were first named; names without the `diemcau_` that all begin with.
class Families {
 public:
  using Labels = std::vector<prometheus::ClientMetric::Label>;

  void counter(const char* name, const char* help, Labels labels, double value);
  void counter(const char* name, const char* help, Labels labels, std::uint64_t value) {
    counter(name, help, std::move(labels), static_cast<double>(value));
  }
  void gauge(const char* name, const char* help, Labels labels, double value);
  void histogram(const char* name, const char* help, Labels labels,
                 const quality::Histogram& values, std::span<const Duration> bounds);
  std::vector<prometheus::MetricFamily> take() { return std::move(all_); }

 private:
  prometheus::ClientMetric& add(const char* name, const char* help, prometheus::MetricType type,
                                Labels labels);
  std::vector<prometheus::MetricFamily> all_;
  std::map<std::string, std::size_t> index_;
};

}  // namespace diemcau::node
