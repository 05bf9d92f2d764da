// When a line is dead: `stall` keeps what waits, `cut` loses it and what is on the wire.
#pragma once

#include <cstdint>
#include <vector>

#include "core/units/time.h"
#include "sim/counter_random.h"

namespace diemcau::sim {

enum class OutageKind : std::uint8_t { stall, cut };

struct OutageSpan {
  std::int64_t from_ns = 0, to_ns = 0;  // to is exclusive
  bool operator==(const OutageSpan&) const = default;
};

struct OutageConfig {
  OutageKind kind = OutageKind::cut;
  // Scheduled: `at`, and every `every` after it when given. Random: lasting `length` on average
  // (exponential), `every` after the end of the one before on average; then `random` is set.
  Duration at{}, length{}, every{};
  bool random = false;
};

// All spans of one kind up to `until`, in order, overlapping ones joined.
std::vector<OutageSpan> spans_of(const std::vector<OutageConfig>& outages, OutageKind kind,
                                 Duration until, std::uint64_t seed, std::uint64_t line);

// The first span that ends after `ns`; nullptr when there is none.
const OutageSpan* span_from(const std::vector<OutageSpan>& spans, std::int64_t ns);

}  // namespace diemcau::sim
