// Log-linear buckets after the layout of HdrHistogram, with integer arithmetic only.
#include "core/quality/histogram.h"

#include <algorithm>
#include <utility>

namespace diemcau::quality {

// Middle of the bucket, the inverse of bucket_of.
std::uint64_t Histogram::middle_of(std::size_t bucket) {
  if (bucket < 2 * kSteps) return bucket;
  const auto exponent = static_cast<unsigned>(bucket / kSteps) - 1;
  const std::uint64_t low = (bucket - exponent * kSteps) << exponent;
  return low + ((1ULL << exponent) - 1) / 2;
}

void Histogram::cover(std::size_t low, std::size_t high) const {
  low = low / kSteps * kSteps;
  high = (high / kSteps + 1) * kSteps;
  if (!counts_.empty()) {
    low = std::min(low, first_);
    high = std::max(high, first_ + counts_.size());
  }
  std::vector<std::uint32_t> wider(high - low);
  std::copy(counts_.begin(), counts_.end(),
            wider.begin() + (counts_.empty() ? 0 : static_cast<std::ptrdiff_t>(first_ - low)));
  counts_ = std::move(wider);
  first_ = low;
}

void Histogram::count_waiting() const {
  for (std::uint32_t i = 0; i < waits_; ++i) {
    const std::size_t bucket = waiting_[i];
    if (bucket < first_ || bucket - first_ >= counts_.size()) cover(bucket, bucket);
    ++counts_[bucket - first_];
  }
  waits_ = 0;
}

Histogram& Histogram::operator=(const Histogram& other) {
  other.settle();
  waits_ = 0;
  counts_ = other.counts_;
  first_ = other.first_;
  count_ = other.count_;
  sum_us_ = other.sum_us_;
  return *this;
}

void Histogram::merge(const Histogram& other) {
  settle();
  other.settle();
  if (other.counts_.empty()) return;
  cover(other.first_, other.first_ + other.counts_.size() - 1);
  for (std::size_t i = 0; i < other.counts_.size(); ++i)
    counts_[other.first_ - first_ + i] += other.counts_[i];
  count_ += other.count_;
  sum_us_ += other.sum_us_;
}

void Histogram::clear() {
  waits_ = 0;
  std::fill(counts_.begin(), counts_.end(), 0U);
  count_ = 0;
  sum_us_ = 0;
}

std::optional<Duration> Histogram::quantile(std::uint32_t parts_per_10000) const {
  if (count_ == 0) return std::nullopt;
  settle();
  const std::uint64_t rank = std::max<std::uint64_t>(1, (count_ * parts_per_10000 + 9999) / 10000);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::chrono::microseconds(middle_of(first_ + i));
  }
  return std::nullopt;
}

std::uint64_t Histogram::count_at_most(Duration bound) const {
  settle();
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(to_us(bound), 0));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size() && middle_of(first_ + i) <= us; ++i)
    seen += counts_[i];
  return seen;
}

std::optional<Duration> Histogram::mean() const {
  if (count_ == 0) return std::nullopt;
  return std::chrono::microseconds(sum_us_ / static_cast<std::int64_t>(count_));
}

}  // namespace diemcau::quality
