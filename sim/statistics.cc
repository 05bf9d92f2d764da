// Textbook formulas; the incomplete beta function by its continued fraction (Abramowitz and Stegun
// 26.5.8), evaluated after Lentz.
#include "sim/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/base/check.h"
#include "core/base/rng.h"

namespace diemcau::sim {

namespace {

constexpr double kLevel = 0.05;
constexpr int kResamples = 2000;
constexpr std::uint64_t kBootstrapSeed = 0x4469'656D'4361'75U;

// Degrees 1–30, then 40, 60, 120 and infinity, as every textbook prints them.
constexpr std::array<double, 30> kT95 = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                                         2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                                         2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
                                         2.060,  2.056, 2.052, 2.048, 2.045, 2.042};
struct Point {
  double inverse_degrees, t;
};
constexpr std::array<Point, 5> kT95Above30 = {
    {{1.0 / 30, 2.042}, {1.0 / 40, 2.021}, {1.0 / 60, 2.000}, {1.0 / 120, 1.980}, {0, 1.960}}};

// A denominator of zero would end the continued fraction.
double away_from_zero(double x) {
  constexpr double kTiny = 1e-300;
  return std::abs(x) < kTiny ? kTiny : x;
}

double beta_fraction(double a, double b, double x) {
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double result = d;
  for (int m = 1; m <= 500; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    result *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    result *= d * c;
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return result;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double log_front =
      std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  const double front = std::exp(log_front);
  // The fraction converges fast only on this side of the mean.
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double percentile_of_sorted(const std::vector<double>& sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double rest = place - static_cast<double>(below);
  return sorted[below] + rest * (sorted[above] - sorted[below]);
}

}  // namespace

double t_quantile_95(std::size_t degrees) {
  DC_CHECK(degrees >= 1);
  if (degrees <= kT95.size()) return kT95[degrees - 1];
  // Between the table's rows t is nearly linear in 1 / degrees.
  const double x = 1 / static_cast<double>(degrees);
  std::size_t i = 1;
  while (kT95Above30[i].inverse_degrees > x) ++i;
  const Point &left = kT95Above30[i - 1], &right = kT95Above30[i];
  return right.t + (left.t - right.t) * (x - right.inverse_degrees) /
                       (left.inverse_degrees - right.inverse_degrees);
}

double t_two_sided_p(double t, std::size_t degrees) {
  DC_CHECK(degrees >= 1);
  if (std::isinf(t)) return 0;
  const auto n = static_cast<double>(degrees);
  return incomplete_beta(n / 2, 0.5, n / (n + t * t));
}

MeanEstimate mean_with_interval(std::span<const double> values) {
  DC_CHECK(!values.empty());
  MeanEstimate e;
  e.count = values.size();
  const auto n = static_cast<double>(e.count);
  e.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (e.count < 2) return e;
  double squares = 0;
  for (const double v : values) squares += (v - e.mean) * (v - e.mean);
  e.deviation = std::sqrt(squares / (n - 1));
  const double half = t_quantile_95(e.count - 1) * e.deviation / std::sqrt(n);
  e.interval = Interval{e.mean - half, e.mean + half};
  return e;
}

std::pair<double, double> MeanRegion::at(double turn) const {
  const double angle = 2 * std::numbers::pi * turn;
  return {x + xx * std::cos(angle), y + yx * std::cos(angle) + yy * std::sin(angle)};
}

std::optional<MeanRegion> region_of_mean(std::span<const double> x, std::span<const double> y) {
  DC_CHECK(x.size() == y.size());
  if (x.size() < 3) return std::nullopt;
  const auto n = static_cast<double>(x.size());
  const MeanEstimate a = mean_with_interval(x), b = mean_with_interval(y);
  double products = 0;
  for (std::size_t i = 0; i < x.size(); ++i) products += (x[i] - a.mean) * (y[i] - b.mean);
  const double together = products / (n - 1);
  // F(2, n − 2) has its quantiles in closed form: P(F > f) = (1 + 2 f / (n − 2))^(−(n − 2) / 2).
  const double f = (n - 2) / 2 * (std::pow(kLevel, -2 / (n - 2)) - 1);
  const double radius = std::sqrt(2 * (n - 1) / (n * (n - 2)) * f);
  // The square root of the covariances after Cholesky.
  MeanRegion region{a.mean, b.mean, radius * a.deviation, 0, 0};
  if (a.deviation > 0) region.yx = radius * together / a.deviation;
  const double rest = radius * b.deviation * radius * b.deviation - region.yx * region.yx;
  region.yy = std::sqrt(std::max(0.0, rest));
  return region;
}

double percentile(std::vector<double> values, double fraction) {
  DC_CHECK(!values.empty() && fraction >= 0 && fraction <= 1);
  std::sort(values.begin(), values.end());
  return percentile_of_sorted(values, fraction);
}

Interval bootstrap_percentile(std::span<const double> values, double fraction) {
  DC_CHECK(!values.empty());
  Rng rng{kBootstrapSeed};
  std::vector<double> found, resample(values.size());
  found.reserve(kResamples);
  for (int i = 0; i < kResamples; ++i) {
    for (double& v : resample) v = values[rng.below(static_cast<std::uint32_t>(values.size()))];
    found.push_back(percentile(resample, fraction));
  }
  std::sort(found.begin(), found.end());
  return {percentile_of_sorted(found, kLevel / 2), percentile_of_sorted(found, 1 - kLevel / 2)};
}

PairedDifference paired_difference(std::span<const double> a, std::span<const double> b) {
  DC_CHECK(a.size() == b.size() && !a.empty());
  std::vector<double> differences(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) differences[i] = b[i] - a[i];
  PairedDifference d;
  d.difference = mean_with_interval(differences);
  d.median = percentile(differences, 0.5);
  d.median_interval = bootstrap_percentile(differences, 0.5);
  if (differences.size() < 2) return d;
  if (d.difference.mean == 0) {
    d.p = 1;
  } else {
    // Without any spread the division gives infinity and p is 0: every run said the same.
    const double error =
        d.difference.deviation / std::sqrt(static_cast<double>(differences.size()));
    d.p = t_two_sided_p(d.difference.mean / error, differences.size() - 1);
  }
  return d;
}

std::vector<double> holm(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t x, std::size_t y) { return p_values[x] < p_values[y]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto tests_left = static_cast<double>(order.size() - i);
    largest = std::max(largest, std::min(1.0, tests_left * p_values[order[i]]));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

Verdict verdict_of(const PairedDifference& d, Better direction) {
  if (!d.p_adjusted || *d.p_adjusted >= kLevel || d.difference.mean == 0)
    return Verdict::not_decided;
  return (d.difference.mean > 0) == (direction == Better::higher) ? Verdict::better
                                                                  : Verdict::worse;
}

}  // namespace diemcau::sim
