// Does the encoder keep up with the camera? Chooses how hard it may work (what
// nobody sees is given up first; after WebRTC's overuse detector, which watches encode times too).
#pragma once

#include <cstdint>

#include "codecs/layered_encoder.h"
#include "core/units/time.h"

namespace diemcau::node {

// A camera below 20 pictures a second keeps them all. Begins at the bottom, so that the start of a
// meeting, when everything opens at once, is smooth. Leaves half the rate as soon as pictures are
// encoded before the next one; climbs on when they are long before it; goes down when they are not.
// A climb that had to be taken back is tried again after twice the time. Pure: no clock. One thread
// at a time.
class EncodePace {
 public:
  explicit EncodePace(Duration picture_interval);

  // All layers of a picture are encoded; `took` counts from its capture. True when effort changed.
  bool encoded(Timestamp now, Duration took);
  // A picture was dropped because the encoder was still busy. True when effort changed.
  bool left_out(Timestamp now);
  codecs::LayerEffort effort() const { return effort_; }

 private:
  bool count(Timestamp now, bool late, bool early);
  void change(Timestamp now, int step);

  Duration interval_;
  std::uint32_t per_second_;  // pictures
  codecs::LayerEffort lowest_, effort_;
  std::uint32_t pictures_ = 0, late_ = 0;  // of this second
  std::uint32_t seconds_early_ = 0;        // in a row
  std::uint32_t early_ = 0;                // pictures of this second
  std::uint32_t climb_after_s_ = 1;
  Timestamp second_began_, climbed_at_;
  bool running_ = false;
};

}  // namespace diemcau::node
