#include "core/receive/delay_histogram.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <vector>

#include "core/base/rng.h"
#include "core/receive/delay_quantile.h"

using namespace diemcau;
using receive::DelayHistogram;

namespace {

// The rule as it is described, over all buckets every time.
class PlainRule {
 public:
  Duration add(Duration delay) {
    // A stall releases what it held with ever shorter delays: all of that is one late packet.
    const bool released = stalled_ && delay < last_;
    stalled_ = released || delay >= 100ms;
    last_ = delay;
    if (released) return target_;
    const auto bucket = static_cast<std::size_t>(
        std::clamp<std::int64_t>(delay / DelayHistogram::kBucket, 0, std::ssize(weights_) - 1));
    std::int64_t sum = 0;
    // What a spike left is forgotten four times as fast behind it.
    for (std::size_t k = 0; k < weights_.size(); ++k) {
      const std::int64_t by =
          k >= 20 && delay < 100ms ? std::min<std::int64_t>(forget_, 16) : forget_;
      sum += weights_[k] -= (weights_[k] + by - 1) / by;
    }
    weights_[bucket] += kOne - sum;
    forget_ = std::min<std::int64_t>(forget_ + 1, 64);
    std::int64_t beyond = 0;
    std::size_t i = weights_.size();
    while (i > 1 && beyond + weights_[i - 1] <= kOne / 200) beyond += weights_[--i];
    target_ =
        std::max(DelayHistogram::kLeast, DelayHistogram::kBucket * static_cast<std::int64_t>(i));
    return target_;
  }

 private:
  static constexpr std::int64_t kOne = std::int64_t{1} << 30;
  std::array<std::int64_t, 80> weights_{};
  std::int64_t forget_ = 1;
  bool stalled_ = false;
  Duration last_{}, target_ = DelayHistogram::kStart;
};

}  // namespace

TEST_CASE("the target is that of the forgetting rule over all buckets, whatever the delays") {
  constexpr std::uint64_t kSeed = 20'261'126;
  CAPTURE(kSeed);
  Rng rng(kSeed);
  DelayHistogram histogram;
  PlainRule plain;
  for (int i = 0; i < 50; ++i) histogram.add(10ms);  // the start, which it does not learn from
  for (int i = 0; i < 20'000; ++i) {
    // Calm, bursts and spikes beyond the cap in turn.
    const std::uint32_t most = i / 500 % 3 == 0 ? 12 : i / 500 % 3 == 1 ? 90 : 600;
    const Duration delay = std::chrono::milliseconds(rng.below(most));
    histogram.add(delay);
    REQUIRE(histogram.target() == plain.add(delay));
  }
}

TEST_CASE("when the zero of delays moves, the target follows it at once") {
  DelayHistogram histogram;
  for (int i = 0; i < 500; ++i) histogram.add(152ms);
  REQUIRE(histogram.target() == 155ms);
  histogram.zero_moved(150ms);
  CHECK(histogram.target() == DelayHistogram::kLeast);
  // And what comes later is learned from as ever.
  histogram.add(62ms);
  CHECK(histogram.target() == 65ms);
}

TEST_CASE("a quantile of recent delays is that of the sorted window") {
  constexpr std::uint64_t kSeed = 20'261'127;
  CAPTURE(kSeed);
  Rng rng(kSeed);
  receive::DelayQuantile<40, 50, 5> quantile;
  std::vector<std::int64_t> window;
  for (int i = 0; i < 5'000; ++i) {
    const std::int64_t bucket = rng.below(i / 100 % 2 == 0 ? 50 : 3);
    quantile.add(bucket * Duration{5ms});
    window.push_back(bucket);
    if (window.size() > 40) window.erase(window.begin());
    std::vector<std::int64_t> sorted = window;
    std::sort(sorted.rbegin(), sorted.rend());
    // All but that many lie below the upper edge of its bucket.
    const std::size_t allowed = window.size() * 50 / 1000;
    REQUIRE(quantile.upper(50) == (sorted[allowed] + 1) * Duration{5ms});
  }
}
