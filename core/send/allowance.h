// What the pacer asks before it sends: how fast everything together, how fast one path, and
// whether its window is open.
#pragma once

#include "core/units/bitrate.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::send {

class Allowance {
 public:
  virtual Bitrate pace() const = 0;
  virtual Bitrate sound_pace() const = 0;  // no less: sound is never asked
  virtual Bitrate pace(PeerId peer) const = 0;
  virtual bool window_open(Timestamp now, PeerId peer) const = 0;

 protected:
  ~Allowance() = default;
};

}  // namespace diemcau::send
