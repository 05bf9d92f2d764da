// A log-linear histogram with at most 1 % relative error, mergeable, bounded in size and free of
// floats.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/units/time.h"

namespace diemcau::quality {

// Values are durations ≥ 0 (negative ones count as 0) in steps of 1 µs; above 2^31 µs (36 min) they
// count as that. Buckets: 64 linear steps per power of two, so a bucket is ≤ 1/64 wide and its
// middle is off by ≤ 0.8 %. Only the powers of two between the least and the greatest value have
// memory: there are four histograms per pair of bridges, and a line's delays span two or three.
class Histogram {
 public:
  void add(Duration value);
  void merge(const Histogram& other);
  void clear();
  std::uint64_t count() const { return count_; }
  // The value below which the fraction `parts_per_10000` of the values lies; none when empty.
  std::optional<Duration> quantile(std::uint32_t parts_per_10000) const;
  std::optional<Duration> mean() const;
  Duration sum() const { return std::chrono::microseconds(sum_us_); }
  // Values whose bucket lies at or below `bound`: cumulative buckets, as Prometheus wants them.
  std::uint64_t count_at_most(Duration bound) const;

 private:
  // Makes room for the buckets from `low` to `high`.
  void cover(std::size_t low, std::size_t high);

  std::vector<std::uint32_t> counts_;  // of the buckets from first_ on, whole powers of two
  std::size_t first_ = 0;
  std::uint64_t count_ = 0;
  std::int64_t sum_us_ = 0;
};

}  // namespace diemcau::quality
