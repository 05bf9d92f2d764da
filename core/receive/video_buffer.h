// When a decoded picture is shown: a steady distance behind its capture that nearly all pictures
// can keep.
#pragma once

#include <cstdint>
#include <optional>

#include "core/receive/delay_quantile.h"
#include "core/units/time.h"

namespace diemcau::receive {

struct Showing {
  std::int64_t frame_number = 0;
  Timestamp captured_at;
  Timestamp at;  // may have passed: then at once
};

// The target is what 90 % of the pictures of the last 10 s needed from capture to decoded; it grows
// at once and shrinks by 20 to 150 ms a second, faster the farther it is off. While repair now and
// then takes so long that the picture freezes, all pictures are held a little longer for it. Times
// of showing never go back, and a screen that has stood for 100 ms is shown what is there at once.
// One thread at a time.
class VideoBuffer {
 public:
  // A picture is decoded; `mended`: what comes with it waited for repair. None when a newer one has
  // been given already.
  std::optional<Showing> decoded(Timestamp now, std::int64_t frame_number, Timestamp captured_at,
                                 bool mended = false);
  // From the lip sync.
  void set_minimum_delay(Duration d) { minimum_delay_ = d; }
  Duration target_delay() const;
  std::uint64_t stale() const { return stale_; }
  // Another layer: its numbers are its own, everything else goes on.
  void layer_changed() {
    if (last_) last_->frame_number = -1;
  }
  // A new association: numbers and capture times begin anew, and three seconds are a start.
  void restart() {
    last_.reset();
    pictures_ = 0;
  }

 private:
  // 10 s at 30 pictures a second, 5 ms steps to 1 s.
  DelayQuantile<300, 200, 5> lateness_;
  void remember_mended(Timestamp now, Duration lateness);
  Timestamp show_at(Timestamp now, Timestamp captured_at);
  Duration target_{};
  // The latest that was mended, in this epoch and the one before.
  Duration mended_now_{}, mended_before_{};
  Timestamp epoch_began_;
  Duration minimum_delay_{};
  std::optional<Timestamp> updated_at_;
  std::optional<Showing> last_;
  Duration interval_{};         // from picture to picture, on average
  std::uint32_t pictures_ = 0;  // since the start, up to its end
  std::uint64_t stale_ = 0;
};

}  // namespace diemcau::receive
