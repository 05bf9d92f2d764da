// From the end of service to the other end: constant or traced delay, jitter that keeps order
// unless told otherwise, spikes, reordering, duplicates and damage.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/units/time.h"
#include "sim/counter_random.h"
#include "sim/wire_loss.h"

namespace diemcau::sim {

struct JitterConfig {
  enum class Kind : std::uint8_t { none, bounded_inorder, bounded_reorder };
  Kind kind = Kind::none;
  // Normal, drawn again when beyond ± cap (RFC 8868 §4.5: non-reordering bounded jitter).
  Duration sigma{}, cap{};
};

struct DelayConfig {
  Duration base{};
  std::shared_ptr<const Trace> trace;  // instead of base
  JitterConfig jitter;
  // Blocks of a length between the two, `every` apart on average: what departs in one waits for its
  // end, and everything behind it.
  struct Spikes {
    Duration every{}, shortest{}, longest{};
  };
  std::optional<Spikes> spikes;
  // Parts of 2^32 of the packets: overtaken by what departs within `reorder_by`, copied, damaged.
  std::uint64_t reorder_parts = 0;
  Duration reorder_by{};
  std::uint64_t duplicate_parts = 0;
  std::uint64_t corrupt_parts = 0;
};

class DelayLine {
 public:
  struct Arrival {
    std::int64_t at_ns = 0;
    std::optional<std::int64_t> copy_at_ns;
    bool corrupt = false;
  };
  // `line` keeps the random streams of lines apart.
  DelayLine(const DelayConfig& config, std::uint64_t seed, std::uint64_t line);
  // In the order of departure.
  Arrival carry(std::int64_t departs_ns);

 private:
  std::int64_t jitter_ns();
  std::int64_t held_until(std::int64_t departs_ns);

  bool plain_;  // nothing but the base, which stands first in the config
  DelayConfig config_;
  CounterRandom jitter_, spike_, damage_;
  std::int64_t last_arrival_ns_ = 0;
  std::int64_t spike_from_ns_ = -1, spike_to_ns_ = -1;
};

}  // namespace diemcau::sim
