#include "sim/outage.h"

#include <algorithm>

#include "core/base/check.h"
#include "sim/random_shapes.h"

namespace diemcau::sim {

namespace {

// Beyond that a random outage that keeps coming back is a typing error.
constexpr std::size_t kMostSpans = 1'000'000;

void add_scheduled(const OutageConfig& o, Duration until, std::vector<OutageSpan>& spans) {
  for (Duration at = o.at; at < until && spans.size() < kMostSpans; at += o.every) {
    spans.push_back({at.count(), (at + o.length).count()});
    if (o.every <= Duration::zero()) return;
  }
}

void add_random(const OutageConfig& o, Duration until, CounterRandom random,
                std::vector<OutageSpan>& spans) {
  Duration at{};
  while (spans.size() < kMostSpans) {
    at += exponential_time(random, o.every);
    if (at >= until) return;
    const Duration end = at + exponential_time(random, o.length);
    spans.push_back({at.count(), end.count()});
    at = end;
  }
}

}  // namespace

std::vector<OutageSpan> spans_of(const std::vector<OutageConfig>& outages, OutageKind kind,
                                 Duration until, std::uint64_t seed, std::uint64_t line) {
  std::vector<OutageSpan> all;
  for (std::size_t i = 0; i < outages.size(); ++i) {
    if (outages[i].kind != kind) continue;
    DC_CHECK(outages[i].length > Duration::zero());
    if (outages[i].random) {
      add_random(outages[i], until, CounterRandom{seed, Purpose::outage, line << 8 | i}, all);
    } else {
      add_scheduled(outages[i], until, all);
    }
  }
  std::sort(all.begin(), all.end(),
            [](const OutageSpan& a, const OutageSpan& b) { return a.from_ns < b.from_ns; });
  std::vector<OutageSpan> joined;
  for (const OutageSpan& span : all) {
    if (!joined.empty() && span.from_ns <= joined.back().to_ns) {
      joined.back().to_ns = std::max(joined.back().to_ns, span.to_ns);
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

const OutageSpan* span_from(const std::vector<OutageSpan>& spans, std::int64_t ns) {
  const auto at = std::partition_point(spans.begin(), spans.end(),
                                       [ns](const OutageSpan& s) { return s.to_ns <= ns; });
  return at == spans.end() ? nullptr : &*at;
}

}  // namespace diemcau::sim
