#include "sim/wire_loss.h"

#include <algorithm>

#include "core/base/check.h"
#include "sim/random_shapes.h"

namespace diemcau::sim {

bool WireLoss::draws_loss(std::int64_t departs_ns) {
  switch (config_.kind) {
    case LossConfig::Kind::none: return false;
    case LossConfig::Kind::iid: return happens(random_.next_u32(), config_.loss_good);
    case LossConfig::Kind::gilbert_elliott: {
      // Both draws from one number: its halves are independent.
      const std::uint64_t draw = random_.next();
      const auto step = static_cast<std::uint32_t>(draw >> 32);
      if (happens(step, bad_ ? config_.to_good : config_.to_bad)) bad_ = !bad_;
      return happens(static_cast<std::uint32_t>(draw), bad_ ? config_.loss_bad : config_.loss_good);
    }
    case LossConfig::Kind::gilbert_elliott_time: {
      const bool bad = bad_at(departs_ns);
      return happens(random_.next_u32(), bad ? config_.loss_bad : config_.loss_good);
    }
    case LossConfig::Kind::trace: return point_at(*config_.trace, departs_ns).lost;
  }
  return false;
}

bool WireLoss::bad_at(std::int64_t ns) {
  if (changes_at_ns_ < 0) changes_at_ns_ = exponential_time(times_, config_.mean_good).count();
  while (changes_at_ns_ <= ns) {
    bad_ = !bad_;
    const Duration mean = bad_ ? config_.mean_bad : config_.mean_good;
    changes_at_ns_ += std::max<std::int64_t>(1, exponential_time(times_, mean).count());
  }
  return bad_;
}

const TracePoint& point_at(const Trace& trace, std::int64_t ns) {
  DC_CHECK(!trace.empty());
  // The last point lasts as long as the one before it.
  const std::int64_t last = trace.back().at.count();
  const std::int64_t step =
      trace.size() > 1 ? last - trace[trace.size() - 2].at.count() : std::int64_t{1'000'000'000};
  const std::int64_t begin = trace.front().at.count();
  const std::int64_t period = std::max<std::int64_t>(last + step - begin, 1);
  const std::int64_t into = begin + ns % period;
  const auto next =
      std::upper_bound(trace.begin(), trace.end(), into,
                       [](std::int64_t t, const TracePoint& p) { return t < p.at.count(); });
  return next == trace.begin() ? trace.front() : *std::prev(next);
}

}  // namespace diemcau::sim
