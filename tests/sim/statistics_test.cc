// Figures that textbooks print, and what must hold for any data.
#include "sim/statistics.h"

#include <catch2/catch.hpp>

#include "core/base/rng.h"

namespace diemcau::sim {
namespace {

// Gosset's own example (Biometrika 1908): hours of sleep gained with two drugs, ten patients.
const std::vector<double> kDrugA = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
const std::vector<double> kDrugB = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

}  // namespace

TEST_CASE("t quantiles are the table's, and between its rows close to the truth", "[sim]") {
  CHECK(t_quantile_95(1) == 12.706);
  CHECK(t_quantile_95(9) == 2.262);
  CHECK(t_quantile_95(30) == 2.042);
  CHECK(t_quantile_95(40) == Approx(2.021));
  CHECK(t_quantile_95(50) == Approx(2.0086).margin(0.001));
  CHECK(t_quantile_95(99) == Approx(1.9842).margin(0.001));
  CHECK(t_quantile_95(100'000) == Approx(1.960).margin(0.001));
}

TEST_CASE("the p-value at a table's quantile is 5 %", "[sim]") {
  for (const std::size_t degrees : {1U, 2U, 5U, 9U, 19U, 30U, 60U, 120U}) {
    INFO(degrees);
    CHECK(t_two_sided_p(t_quantile_95(degrees), degrees) == Approx(0.05).margin(2e-4));
  }
  CHECK(t_two_sided_p(0, 9) == Approx(1.0));
  CHECK(t_two_sided_p(1, 1) == Approx(0.5));  // Cauchy: a quarter on each side
  CHECK(t_two_sided_p(-4.0621, 9) == t_two_sided_p(4.0621, 9));
}

TEST_CASE("a mean has the textbook's interval, a single value none", "[sim]") {
  const auto e = mean_with_interval(std::vector<double>{2, 4, 4, 4, 5, 5, 7, 9});
  CHECK(e.mean == 5.0);
  CHECK(e.deviation == Approx(2.13809));
  CHECK(e.interval->low == Approx(5 - 2.365 * 2.13809 / 2.828427));
  CHECK(e.interval->high == Approx(5 + 2.365 * 2.13809 / 2.828427));
  CHECK_FALSE(mean_with_interval(std::vector<double>{3}).interval);
}

TEST_CASE("Student's sleep data give t = 4.0621 and p = 0.00283", "[sim]") {
  const auto d = paired_difference(kDrugA, kDrugB);
  CHECK(d.difference.mean == Approx(1.58));
  CHECK(*d.p == Approx(0.002833).margin(1e-6));
  CHECK(d.difference.interval->low == Approx(0.7001).margin(1e-3));
  CHECK(d.difference.interval->high == Approx(2.4599).margin(1e-3));
}

TEST_CASE("a percentile lies between its neighbours", "[sim]") {
  CHECK(percentile({4, 1, 3, 2}, 0.5) == 2.5);
  CHECK(percentile({4, 1, 3, 2}, 0) == 1);
  CHECK(percentile({4, 1, 3, 2}, 1) == 4);
  CHECK(percentile({7}, 0.95) == 7);
}

TEST_CASE("the bootstrap repeats itself and holds the median of the data", "[sim]") {
  std::vector<double> values;
  for (int i = 0; i < 99; ++i) values.push_back(i * i % 101);
  const Interval once = bootstrap_percentile(values, 0.5);
  CHECK(once == bootstrap_percentile(values, 0.5));
  CHECK(once.low < percentile(values, 0.5));
  CHECK(once.high > percentile(values, 0.5));
  CHECK(bootstrap_percentile(std::vector<double>(5, 2.0), 0.5) == Interval{2, 2});
}

TEST_CASE("Holm multiplies by the tests that are left and never falls", "[sim]") {
  // Holm's procedure on 0.01, 0.04, 0.03, 0.005: sorted 0.005·4, 0.01·3, 0.03·2, max(…, 0.04·1).
  const auto p = holm(std::vector<double>{0.01, 0.04, 0.03, 0.005});
  CHECK(p[0] == Approx(0.03));
  CHECK(p[1] == Approx(0.06));
  CHECK(p[2] == Approx(0.06));
  CHECK(p[3] == Approx(0.02));
  CHECK(holm(std::vector<double>{0.9, 0.8})[0] == 1);
  CHECK(holm({}).empty());
}

TEST_CASE("equal runs decide nothing, a difference without spread does", "[sim]") {
  const std::vector<double> a = {1, 2, 3}, more = {2, 3, 4};
  auto same = paired_difference(a, a);
  CHECK(same.difference.mean == 0);
  CHECK(*same.p == 1);
  same.p_adjusted = same.p;
  CHECK(verdict_of(same, Better::lower) == Verdict::not_decided);
  auto d = paired_difference(a, more);
  d.p_adjusted = d.p;
  CHECK(verdict_of(d, Better::higher) == Verdict::better);
  CHECK(verdict_of(d, Better::lower) == Verdict::worse);
  auto one = paired_difference(std::vector<double>{1}, std::vector<double>{2});
  CHECK_FALSE(one.p);
  CHECK(verdict_of(one, Better::higher) == Verdict::not_decided);
}

TEST_CASE("the region of a mean holds the true one in 95 of 100 samples", "[sim]") {
  // 2,000 samples of 12 pairs that go together: y = x / 2 + noise. Binomial, 95 % ± 3 × 0.5 %.
  Rng rng{7};
  // Sums of twelve uniform draws are normal enough: mean 6, variance 1.
  const auto normal = [&] {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += rng.below(1'000'000) / 1e6;
    return sum - 6;
  };
  int held = 0;
  for (int sample = 0; sample < 2'000; ++sample) {
    std::vector<double> x, y;
    for (int i = 0; i < 12; ++i) {
      x.push_back(normal());
      y.push_back(x.back() / 2 + normal());
    }
    const MeanRegion r = region_of_mean(x, y).value();
    // Where the true mean (0, 0) lies in the circle that the ellipse was made of.
    const double u = (0 - r.x) / r.xx, v = ((0 - r.y) - r.yx * u) / r.yy;
    held += u * u + v * v <= 1 ? 1 : 0;
  }
  CHECK(held >= 1'870);
  CHECK(held <= 1'930);
}

TEST_CASE("two runs have no region, and figures that go together a flat one", "[sim]") {
  const std::vector<double> x{1, 2, 3, 4}, twice{2, 4, 6, 8};
  CHECK_FALSE(region_of_mean(std::span(x).first(2), std::span(twice).first(2)).has_value());
  const MeanRegion r = region_of_mean(x, twice).value();
  CHECK(r.yy == Approx(0).margin(1e-6));
  CHECK(r.at(0.25).first == Approx(2.5));
  CHECK(r.at(0).second - r.y == Approx(2 * (r.at(0).first - r.x)));
}

}  // namespace diemcau::sim
