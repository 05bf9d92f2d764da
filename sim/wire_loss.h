// What the wire loses: independently, in bursts (Gilbert 1960, Elliott 1963) by packet or by time,
// or as a measured trace says.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/units/time.h"
#include "sim/counter_random.h"

namespace diemcau::sim {

// Fate of a probe packet: what the line did to whatever crossed it at that time.
struct TracePoint {
  Duration at{};     // on the trace's own clock, growing
  Duration delay{};  // one way
  bool lost = false;
};
using Trace = std::vector<TracePoint>;

// Probabilities are parts of 2^32.
struct LossConfig {
  enum class Kind : std::uint8_t { none, iid, gilbert_elliott, gilbert_elliott_time, trace };
  Kind kind = Kind::none;
  std::uint64_t loss_good = 0;  // iid: the probability itself
  std::uint64_t loss_bad = 0;
  std::uint64_t to_bad = 0, to_good = 0;  // by packet, drawn before the packet's own loss
  Duration mean_good{}, mean_bad{};       // by time, exponential
  std::shared_ptr<const Trace> trace;     // begins anew at its end
};

// One draw per packet served, in the order of departure. One thread at a time.
class WireLoss {
 public:
  WireLoss(const LossConfig& config, CounterRandom random)
      : config_(config), random_(random), times_(random.from(std::uint64_t{1} << 63)) {}
  bool loses(std::int64_t departs_ns) {
    return config_.kind != LossConfig::Kind::none && draws_loss(departs_ns);
  }

 private:
  bool draws_loss(std::int64_t departs_ns);
  bool bad_at(std::int64_t ns);

  LossConfig config_;
  CounterRandom random_;
  CounterRandom times_;  // of states: the weather must not depend on how many packets met it
  bool bad_ = false;
  std::int64_t changes_at_ns_ = -1;
};

// The point of a trace that covers that time; the trace repeats.
const TracePoint& point_at(const Trace& trace, std::int64_t ns);

}  // namespace diemcau::sim
