// What many runs say together: means and medians with their 95 % intervals, paired differences, and
// which of them are more than chance (Student 1908, Efron 1979, Holm 1979). For reports only:
// floats are allowed here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace diemcau::sim {

struct Interval {
  double low = 0, high = 0;
  bool operator==(const Interval&) const = default;
};

struct MeanEstimate {
  std::size_t count = 0;
  double mean = 0;
  double deviation = 0;              // of the sample, n − 1
  std::optional<Interval> interval;  // 95 %; none for a single value
};

// The two-sided 95 % quantile of the t distribution; degrees ≥ 1.
double t_quantile_95(std::size_t degrees);
// Probability of |T| ≥ |t|; degrees ≥ 1.
double t_two_sided_p(double t, std::size_t degrees);

// `values` must not be empty.
MeanEstimate mean_with_interval(std::span<const double> values);

// The value at `fraction` (0–1) of the sorted values, linear between neighbours.
double percentile(std::vector<double> values, double fraction);
// 95 %, by 2,000 resamples drawn from a fixed seed: the same values always give the same interval.
Interval bootstrap_percentile(std::span<const double> values, double fraction);

// Where the mean of two figures of the same runs lies with 95 % confidence (Hotelling 1931): an
// ellipse, flat when the figures go together.
struct MeanRegion {
  double x = 0, y = 0;  // the means
  double xx = 0, yx = 0, yy = 0;
  // A point of its border; `turn` 0–1.
  std::pair<double, double> at(double turn) const;
};
// None for fewer than three runs. The spans are equally long.
std::optional<MeanRegion> region_of_mean(std::span<const double> x, std::span<const double> y);

// B − A of runs under the same seeds: what both met in the same way cancels out.
struct PairedDifference {
  MeanEstimate difference;
  double median = 0;
  Interval median_interval;          // bootstrap
  std::optional<double> p;           // paired t-test; none for a single pair
  std::optional<double> p_adjusted;  // after Holm, over the whole family
};

// The spans are equally long and not empty.
PairedDifference paired_difference(std::span<const double> a, std::span<const double> b);

// Holm's step-down correction, in the order given. Never smaller than the p-value itself.
std::vector<double> holm(std::span<const double> p_values);

enum class Better : std::uint8_t { higher, lower };
enum class Verdict : std::uint8_t { better, worse, not_decided };
// `better` when B is better than A at the 5 % level after correction.
Verdict verdict_of(const PairedDifference& d, Better direction);

}  // namespace diemcau::sim
