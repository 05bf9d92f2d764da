// A log-linear histogram with at most 1 % relative error, mergeable, bounded in size and free of
// floats.
#pragma once

#include <algorithm>
#include <array>
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
// Looking at one that was added to may sort it out first; a copy is sorted out, and several threads
// may look at it.
class Histogram {
 public:
  Histogram() = default;
  Histogram(const Histogram& other) { *this = other; }
  Histogram& operator=(const Histogram& other);
  Histogram(Histogram&&) = default;
  Histogram& operator=(Histogram&&) = default;
  ~Histogram() = default;

  void add(Duration value) {
    const auto us = static_cast<std::uint64_t>(
        std::clamp<std::int64_t>(to_us(value), 0, static_cast<std::int64_t>(kLargestUs)));
    waiting_[waits_++] = static_cast<std::uint16_t>(bucket_of(us));
    ++count_;
    sum_us_ += static_cast<std::int64_t>(us);
    if (waits_ == waiting_.size()) settle();
  }
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
  static constexpr unsigned kStepBits = 6;
  static constexpr std::uint64_t kSteps = 1U << kStepBits;
  static constexpr std::uint64_t kLargestUs = 1ULL << 31;
  static constexpr std::size_t bucket_of(std::uint64_t us) {
    if (us < kSteps) return us;
    const auto exponent = static_cast<unsigned>(std::bit_width(us)) - kStepBits - 1;
    return exponent * kSteps + (us >> exponent);
  }
  static std::uint64_t middle_of(std::size_t bucket);
  // Makes room for the buckets from `low` to `high`.
  void cover(std::size_t low, std::size_t high) const;
  // Counts what waits.
  void settle() const {
    if (waits_ > 0) count_waiting();
  }
  void count_waiting() const;

  // Buckets of the last values, not counted yet: where there are many histograms each bucket has
  // left the cache, and to fetch several at once takes hardly longer than to fetch one.
  std::array<std::uint16_t, 12> waiting_{};
  mutable std::uint32_t waits_ = 0;
  mutable std::vector<std::uint32_t> counts_;  // of the buckets from first_ on, whole powers of two
  mutable std::size_t first_ = 0;
  std::uint64_t count_ = 0;
  std::int64_t sum_us_ = 0;
};

}  // namespace diemcau::quality
