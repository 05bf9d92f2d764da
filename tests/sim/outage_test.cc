// Spans of dead time: as scheduled, by chance with their means, joined where they touch.
#include "sim/outage.h"

#include <catch2/catch.hpp>

namespace diemcau::sim {
namespace {

constexpr std::int64_t kMs = 1'000'000;

OutageConfig at(OutageKind kind, Duration from, Duration length, Duration every = {}) {
  return {kind, from, length, every, false};
}

std::vector<OutageSpan> cuts(const std::vector<OutageConfig>& outages, Duration until = 10s,
                             std::uint64_t seed = 1) {
  return spans_of(outages, OutageKind::cut, until, seed, 0);
}

}  // namespace

TEST_CASE("a scheduled outage happens once, or every so often until the end", "[sim]") {
  CHECK(cuts({at(OutageKind::cut, 1s, 200ms)}) ==
        std::vector<OutageSpan>{{1'000 * kMs, 1'200 * kMs}});
  const auto often = cuts({at(OutageKind::cut, 1s, 200ms, 3s)});
  CHECK(often == std::vector<OutageSpan>{{1'000 * kMs, 1'200 * kMs},
                                         {4'000 * kMs, 4'200 * kMs},
                                         {7'000 * kMs, 7'200 * kMs}});
  CHECK(cuts({at(OutageKind::cut, 10s, 200ms)}).empty());
}

TEST_CASE("stalls and cuts are kept apart", "[sim]") {
  const std::vector<OutageConfig> both{at(OutageKind::cut, 1s, 1s), at(OutageKind::stall, 5s, 1s)};
  CHECK(cuts(both) == std::vector<OutageSpan>{{1'000 * kMs, 2'000 * kMs}});
  CHECK(spans_of(both, OutageKind::stall, 10s, 1, 0) ==
        std::vector<OutageSpan>{{5'000 * kMs, 6'000 * kMs}});
}

TEST_CASE("outages that overlap or touch are one, in whatever order they were named", "[sim]") {
  const auto spans = cuts({at(OutageKind::cut, 5s, 1s), at(OutageKind::cut, 1s, 2s),
                           at(OutageKind::cut, 2s, 500ms), at(OutageKind::cut, 6s, 1s)});
  CHECK(spans == std::vector<OutageSpan>{{1'000 * kMs, 3'000 * kMs}, {5'000 * kMs, 7'000 * kMs}});
}

TEST_CASE("random outages last and come as often as was asked for", "[sim]") {
  OutageConfig random{OutageKind::cut, {}, 2s, 18s, true};
  const Duration until = 1'000'000s;
  const auto spans = cuts({random}, until);
  double dead = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    REQUIRE(spans[i].from_ns < spans[i].to_ns);
    if (i > 0) REQUIRE(spans[i - 1].to_ns < spans[i].from_ns);
    dead += static_cast<double>(spans[i].to_ns - spans[i].from_ns) / 1e9;
  }
  // 50,000 of them: one standard deviation of a mean is 1/√50,000 = 0.45 % of it.
  CHECK(static_cast<double>(spans.size()) == Approx(50'000).epsilon(5 * 0.0045));
  CHECK(dead / static_cast<double>(spans.size()) == Approx(2.0).epsilon(5 * 0.0045));
}

TEST_CASE("random outages are the same for a seed and line, and others for another", "[sim]") {
  const std::vector<OutageConfig> random{{OutageKind::cut, {}, 2s, 18s, true}};
  CHECK(cuts(random, 1h, 1) == cuts(random, 1h, 1));
  CHECK(cuts(random, 1h, 1) != cuts(random, 1h, 2));
  CHECK(spans_of(random, OutageKind::cut, 1h, 1, 0) != spans_of(random, OutageKind::cut, 1h, 1, 1));
}

TEST_CASE("one more outage does not move a random one", "[sim]") {
  const std::vector<OutageConfig> one{{OutageKind::cut, {}, 100ms, 18s, true}};
  std::vector<OutageConfig> two = one;
  two.push_back(at(OutageKind::stall, 1s, 1s));
  CHECK(cuts(one, 1h) == cuts(two, 1h));
}

TEST_CASE("the span that matters is the first that ends later", "[sim]") {
  const std::vector<OutageSpan> spans{{10, 20}, {30, 40}};
  CHECK(span_from(spans, 0) == &spans[0]);
  CHECK(span_from(spans, 19) == &spans[0]);
  CHECK(span_from(spans, 20) == &spans[1]);
  CHECK(span_from(spans, 40) == nullptr);
  CHECK(span_from({}, 0) == nullptr);
}

}  // namespace diemcau::sim
