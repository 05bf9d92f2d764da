// How fast a line serves, over time: constant, in steps, wandering, or by Mahimahi's opportunities.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/units/bitrate.h"
#include "core/units/time.h"
#include "sim/counter_random.h"
#include "sim/outage.h"

namespace diemcau::sim {

// From `at` on; the first step stands at 0.
struct RateStep {
  Duration at{};
  Bitrate rate;
};

struct CapacityConfig {
  enum class Kind : std::uint8_t { constant, steps, wandering, opportunities };
  Kind kind = Kind::constant;
  Bitrate rate;                 // constant, and the mean of wandering
  std::vector<RateStep> steps;  // in order of time
  // Steps and opportunities begin anew after it; nothing: the last step stays.
  std::optional<Duration> period;
  // Wandering: log-normal, first-order autoregressive: rate × exp(x − σ²/2) with x = ρ·x +
  // √(1−ρ²)·σ·n for every `step`.
  std::int64_t sigma_q16 = 0, rho_q16 = 0;
  Duration step = 100ms;
  std::vector<std::uint32_t> opportunities_ms;  // not falling; several may share one instant
};

// What one opportunity carries: Mahimahi's own constant (its README says 1,500).
constexpr std::int64_t kOpportunityBytes = 1504;

// Serves packets one after the other, exactly: inside a busy period nothing is rounded but the
// departure that is told, to the nearest ns, half up. Stalls are times without service. `now` never
// goes back. One thread at a time.
class Server {
 public:
  struct Service {
    std::int64_t begins_ns = 0;
    std::int64_t departs_ns = 0;
  };
  Server(CapacityConfig config, std::vector<OutageSpan> stalls, CounterRandom random);

  // The next packet of `bytes`, waiting since `arrived_ns`.
  Service serve(std::int64_t arrived_ns, std::int64_t bytes);
  // Whatever was under way is gone (a cut): service begins anew, not before `at_ns`.
  void restart(std::int64_t at_ns);
  bool free(std::int64_t now_ns) const {
    return free_ns_ < now_ns || (free_ns_ == now_ns && !rest_);
  }
  bool by_opportunity() const { return config_.kind == CapacityConfig::Kind::opportunities; }
  std::int64_t free_ns() const { return free_ns_; }  // floor of the exact instant
  Bitrate rate_at(std::int64_t ns);
  // Bits that could have been served between two instants.
  std::int64_t bits_between(std::int64_t from_ns, std::int64_t to_ns);

 private:
  struct Segment {
    std::int64_t bps;
    std::int64_t until_ns;  // exclusive; the largest number when it never ends
  };
  Segment segment_at(std::int64_t ns);
  Segment unstalled_segment_at(std::int64_t ns);
  std::int64_t wandering_bps(std::size_t step);
  Service serve_constant(std::int64_t from_ns, std::int64_t work);
  Service serve_varying(std::int64_t from_ns, std::int64_t work);
  Service serve_by_opportunity(std::int64_t arrived_ns, std::int64_t bytes);
  bool next_opportunity(std::int64_t after_ns);

  std::int64_t free_ns_ = 0;
  std::int64_t rest_ = 0;  // work done after free_ns_, in bit·ns/s
  bool plain_ = false;     // constant and never stalled
  CapacityConfig config_;  // whose kind and rate stand first: beside what every packet touches
  std::vector<OutageSpan> stalls_;
  CounterRandom random_;
  std::vector<std::int64_t> wandered_;  // bit/s by step, as far as it was asked for
  std::int64_t wander_q16_ = 0;
  std::int64_t opportunity_ns_ = -1;   // the one in use
  std::int64_t opportunity_left_ = 0;  // bytes
  std::size_t opportunity_index_ = 0;  // the next one
  std::int64_t opportunity_round_ = 0;
};

}  // namespace diemcau::sim
