// This bridge's wall clock as the wire shows it: set once, then carried on by the monotonic time.
#pragma once

#include <optional>

#include "core/units/ntp_time.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// A step of the PC's clock in mid-meeting must not move media: after the first reading the wire's
// clock never steps. Later readings are evidence (their difference is reported), not time.
class WallTime {
 public:
  void read(Timestamp now, NtpTime ntp) {
    if (!set_) {
      base_ = ntp;
      base_at_ = now;
      set_ = true;
    }
    stepped_ = ntp - at(now);
  }
  NtpTime at(Timestamp t) const { return base_ + (t - base_at_); }
  // The local time at which our wire clock shows `ntp`.
  Timestamp local(NtpTime ntp) const { return base_at_ + (ntp - base_); }
  Duration stepped() const { return stepped_; }

 private:
  NtpTime base_;
  Timestamp base_at_;
  bool set_ = false;
  Duration stepped_{};
};

}  // namespace diemcau::mesh
