// Plays speech faster or slower at the same pitch by leaving out or repeating one pitch period at a
// time (WSOLA: Verhelst and Roelands, ICASSP 1993).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "codecs/audio_frame.h"

namespace diemcau::codecs {

enum class Stretch : std::uint8_t { none, accelerate, decelerate, most };

// Feed every frame that is played, stretched or not: the joint is made with the sound before it.
// Nothing is held back. Over time at most 15 % is left out or added, so a single call may change
// nothing or up to 15 ms; `most` plays at half the speed, frame for frame as near as whole periods
// come, because the alternative is a gap. One thread at a time.
class TimeStretch {
 public:
  TimeStretch();
  ~TimeStretch();
  TimeStretch(TimeStretch&&) noexcept;
  TimeStretch& operator=(TimeStretch&&) noexcept;

  // Takes 1 … 5760 samples; fewer than 960 are passed as they are. The result's size is what really
  // plays; it is valid until the next call.
  Samples process(Samples frame, Stretch wish);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::codecs
