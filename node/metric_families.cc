// Families by name, each with all that were added under it.
#include "node/metric_families.h"

#include <limits>
#include <utility>

namespace diemcau::node {

using prometheus::ClientMetric;
using prometheus::MetricType;

void Families::counter(const char* name, const char* help, Labels labels, double value) {
  add(name, help, MetricType::Counter, std::move(labels)).counter.value = value;
}

void Families::gauge(const char* name, const char* help, Labels labels, double value) {
  add(name, help, MetricType::Gauge, std::move(labels)).gauge.value = value;
}

void Families::histogram(const char* name, const char* help, Labels labels,
                         const quality::Histogram& values, std::span<const Duration> bounds) {
  ClientMetric& m = add(name, help, MetricType::Histogram, std::move(labels));
  m.histogram.sample_count = values.count();
  m.histogram.sample_sum = seconds(values.sum());
  for (const Duration bound : bounds)
    m.histogram.bucket.push_back({values.count_at_most(bound), seconds(bound)});
  m.histogram.bucket.push_back({values.count(), std::numeric_limits<double>::infinity()});
}

ClientMetric& Families::add(const char* name, const char* help, MetricType type, Labels labels) {
  const std::string full = std::string("diemcau_") + name;
  const auto [found, is_new] = index_.try_emplace(full, all_.size());
  if (is_new) {
    all_.emplace_back();
    all_.back().name = full;
    all_.back().help = help;
    all_.back().type = type;
  }
  auto& metrics = all_[found->second].metric;
  metrics.emplace_back();
  metrics.back().label = std::move(labels);
  return metrics.back();
}

}  // namespace diemcau::node
