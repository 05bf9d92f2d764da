// Quantiles of durations within 1 %.
#include "core/quality/histogram.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <vector>

#include "core/base/rng.h"

using namespace diemcau;
using quality::Histogram;

TEST_CASE("an empty histogram has no quantile and no mean", "[quality]") {
  const Histogram h;
  CHECK_FALSE(h.quantile(5000));
  CHECK_FALSE(h.mean());
  CHECK(h.count() == 0);
}

TEST_CASE("any single value comes back within 1 %", "[quality]") {
  for (std::int64_t us = 1; us < 2'000'000'000; us += us / 37 + 1) {
    Histogram h;
    h.add(std::chrono::microseconds(us));
    const std::int64_t got = to_us(*h.quantile(5000));
    CAPTURE(us, got);
    REQUIRE(std::abs(got - us) * 100 <= us);
  }
}

TEST_CASE("a copy has all that was added, and goes its own way", "[quality]") {
  for (int n = 1; n < 40; ++n) {
    CAPTURE(n);
    Histogram h;
    for (int i = 0; i < n; ++i) h.add(5ms);
    Histogram copy = h;
    copy.add(1ms);
    h.add(9ms);
    CHECK(copy.count_at_most(2ms) == 1);
    CHECK(copy.count_at_most(20ms) == static_cast<std::uint64_t>(n) + 1);
    CHECK(h.count_at_most(2ms) == 0);
    CHECK(h.count_at_most(20ms) == static_cast<std::uint64_t>(n) + 1);
  }
}

TEST_CASE("quantiles of many values are those of the sorted values within 1 %", "[quality]") {
  constexpr std::uint64_t kSeed = 20'260'101;
  CAPTURE(kSeed);
  Rng rng(kSeed);
  Histogram h;
  std::vector<std::int64_t> sorted;
  for (int i = 0; i < 20'000; ++i) {
    // From microseconds to seconds: the exponent is drawn too.
    const std::int64_t us = 1 + (rng.next_u32() >> (8 + rng.below(20)));
    h.add(std::chrono::microseconds(us));
    sorted.push_back(us);
  }
  std::sort(sorted.begin(), sorted.end());
  for (const std::uint32_t q : {1U, 100U, 5000U, 9500U, 9900U, 9999U, 10'000U}) {
    const std::int64_t exact = sorted[(sorted.size() * q + 9999) / 10'000 - 1];
    const std::int64_t got = to_us(*h.quantile(q));
    CAPTURE(q, exact, got);
    CHECK(std::abs(got - exact) * 100 <= exact);
  }
}

TEST_CASE("negative durations count as 0 and very long ones as 36 minutes", "[quality]") {
  Histogram h;
  h.add(-5ms);
  CHECK(*h.quantile(10'000) == 0us);
  h.add(100h);
  const std::int64_t top = to_us(*h.quantile(10'000));
  CHECK(std::abs(top - (std::int64_t{1} << 31)) * 100 <= std::int64_t{1} << 31);
}

TEST_CASE("merging is adding all values to one histogram", "[quality]") {
  Histogram a, b, all;
  for (int i = 1; i <= 1000; ++i) {
    (i % 3 == 0 ? a : b).add(std::chrono::milliseconds(i));
    all.add(std::chrono::milliseconds(i));
  }
  a.merge(b);
  a.merge(Histogram{});
  CHECK(a.count() == 1000);
  CHECK(a.quantile(9500) == all.quantile(9500));
  CHECK(a.mean() == all.mean());
  CHECK(*a.mean() == 500'500us);
}

TEST_CASE("histograms whose values lie far apart merge as all values in one", "[quality]") {
  for (const bool low_into_high : {false, true}) {
    Histogram low, high, all;
    for (int i = 1; i <= 100; ++i) {
      low.add(std::chrono::microseconds(i));
      high.add(std::chrono::seconds(i));
      all.add(std::chrono::seconds(i));
      all.add(std::chrono::microseconds(i));
    }
    Histogram& sum = low_into_high ? high : low;
    sum.merge(low_into_high ? low : high);
    for (const std::uint32_t q : {100U, 2500U, 5000U, 5100U, 9900U}) {
      CAPTURE(low_into_high, q);
      CHECK(sum.quantile(q) == all.quantile(q));
    }
    CHECK(sum.count_at_most(1s) == all.count_at_most(1s));
    CHECK(sum.mean() == all.mean());
  }
}

TEST_CASE("a cleared histogram is empty again", "[quality]") {
  Histogram h;
  h.add(3ms);
  h.clear();
  CHECK(h.count() == 0);
  CHECK_FALSE(h.quantile(5000));
  h.add(7ms);
  CHECK(to_ms(*h.quantile(5000)) <= 7);
}
