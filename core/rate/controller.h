// What may be sent on one path, or on one uplink: the interface that every congestion controller
// here has.
#pragma once

#include <cstdint>

#include "core/rate/observation.h"
#include "core/units/bitrate.h"

namespace diemcau::rate {

// The default, and the one that it is compared with.
enum class ControllerKind : std::uint8_t { delay, nada };

struct RateBounds {
  Bitrate least = Bitrate::kbps(80);  // sound, its headers, and feedback
  Bitrate most = Bitrate::kbps(100'000);
  Bitrate start = Bitrate::kbps(500);
};

// Sans-I/O, deterministic, integers only. One thread at a time.
class Controller {
 public:
  virtual ~Controller() = default;
  virtual void observe(const Observation& o) = 0;
  // Always within the bounds.
  virtual Bitrate rate() const = 0;
  // The rate at which what waits is sent: above the target, so that a backlog ends and every
  // picture tries a little more than the line is known to carry.
  virtual Bitrate pace() const = 0;
  // What the line loses whatever is sent, as far as that is known.
  virtual std::uint32_t inherent_loss_permille() const { return 0; }
  // Whether the queue has just begun to grow by more than bursts explain: the line has become
  // slower, and by how much is not known yet.
  virtual bool surges() const { return false; }
  // Whether somebody greedy is taken to fill the queue.
  virtual bool competes() const { return false; }
  // Whether the line has carried clearly more than that lately; true where nobody remembers.
  virtual bool has_carried(Bitrate) const { return true; }
};

}  // namespace diemcau::rate
