#include "sim/delay_line.h"

#include <algorithm>

#include "sim/random_shapes.h"

namespace diemcau::sim {

namespace {
// A draw beyond the cap is drawn again; with σ above the cap that could take for ever.
constexpr int kDraws = 16;
}  // namespace

DelayLine::DelayLine(const DelayConfig& config, std::uint64_t seed, std::uint64_t line)
    : plain_(!config.trace && config.jitter.kind == JitterConfig::Kind::none && !config.spikes &&
             config.reorder_parts == 0 && config.duplicate_parts == 0 && config.corrupt_parts == 0),
      config_(config),
      jitter_(seed, Purpose::jitter, line),
      spike_(seed, Purpose::spike, line),
      damage_(seed, Purpose::damage, line) {}

DelayLine::Arrival DelayLine::carry(std::int64_t departs_ns) {
  if (plain_) return {departs_ns + config_.base.count(), std::nullopt, false};
  const std::int64_t held = config_.spikes ? held_until(departs_ns) : departs_ns;
  const Duration base = config_.trace ? point_at(*config_.trace, departs_ns).delay : config_.base;
  std::int64_t at = std::max(held + base.count() + jitter_ns(), departs_ns);
  Arrival arrival;
  if (config_.reorder_parts != 0 && happens(damage_.next_u32(), config_.reorder_parts)) {
    arrival.at_ns = std::max(at, last_arrival_ns_) + config_.reorder_by.count();
  } else {
    if (config_.jitter.kind != JitterConfig::Kind::bounded_reorder)
      at = std::max(at, last_arrival_ns_);
    last_arrival_ns_ = std::max(at, last_arrival_ns_);
    arrival.at_ns = at;
  }
  if (config_.duplicate_parts != 0 && happens(damage_.next_u32(), config_.duplicate_parts))
    arrival.copy_at_ns = arrival.at_ns;
  arrival.corrupt =
      config_.corrupt_parts != 0 && happens(damage_.next_u32(), config_.corrupt_parts);
  return arrival;
}

std::int64_t DelayLine::jitter_ns() {
  const JitterConfig& j = config_.jitter;
  if (j.kind == JitterConfig::Kind::none) return 0;
  const std::int64_t sigma = j.sigma.count();
  const std::int64_t cap = j.cap.count();
  std::int64_t ns = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    const std::int64_t n = normal_q16(jitter_);
    ns = (sigma >> 16) * n + ((sigma & 0xFFFF) * n >> 16);
    if (ns >= -cap && ns <= cap) return ns;
  }
  return std::clamp(ns, -cap, cap);
}

std::int64_t DelayLine::held_until(std::int64_t departs_ns) {
  const auto& s = *config_.spikes;
  while (spike_to_ns_ <= departs_ns) {
    spike_from_ns_ =
        std::max<std::int64_t>(spike_to_ns_, 0) + exponential_time(spike_, s.every).count();
    const std::int64_t room = (s.longest - s.shortest).count() + 1;
    const auto part = static_cast<std::int64_t>(spike_.next() >> 1) % room;
    spike_to_ns_ = spike_from_ns_ + std::max<std::int64_t>(1, s.shortest.count() + part);
  }
  return spike_from_ns_ <= departs_ns ? spike_to_ns_ : departs_ns;
}

}  // namespace diemcau::sim
