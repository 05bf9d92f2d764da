// The time of capture: CLOCK_MONOTONIC for sources that run in real time, or a clock that only
// jumps ahead for tests and benches. The one place where codecs reads a clock.
#pragma once

#include <atomic>

#include "core/units/time.h"

namespace diemcau::codecs {

enum class Pacing : std::uint8_t {
  real_time,  // events come when they are captured
  none        // events come at once, with the times that they would have
};

// Nanoseconds of CLOCK_MONOTONIC, 1:1. Any thread.
Timestamp monotonic_now();

class CaptureClock {
 public:
  // With Pacing::none time begins at `start` and moves with wait_until().
  explicit CaptureClock(Pacing pacing, Timestamp start = Timestamp{});
  Timestamp now() const;
  // False when stop() came first. Looks for it at least every 50 ms.
  bool wait_until(Timestamp at);
  // Any thread.
  void stop() { stopped_.store(true, std::memory_order_relaxed); }
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  Pacing pacing() const { return pacing_; }

 private:
  Pacing pacing_;
  Timestamp virtual_now_;
  std::atomic<bool> stopped_{false};
};

}  // namespace diemcau::codecs
