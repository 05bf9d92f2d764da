// Lip sync: holds back whichever of an origin's sound and picture is ahead (after WebRTC's stream
// synchronisation).
#pragma once

#include <optional>

#include "core/units/time.h"

namespace diemcau::receive {

// Fed with the whole delay from capture to play and to show. Acts where, filtered, sound is 20 ms
// earlier than the picture or 40 ms later, by half of that and at most 80 ms a step. Sound does not
// wait for pictures that are later than a conversation bears, and nothing waits for what has
// stopped. One thread at a time.
class AvSync {
 public:
  void sound_played(Timestamp now, Duration since_capture) { sound_ = {now, since_capture}; }
  void picture_shown(Timestamp now, Duration since_capture) { picture_ = {now, since_capture}; }
  // What the buffer holds sound back by now; it takes some back by itself.
  void sound_held(Duration minimum) { audio_minimum_ = minimum; }
  // Moves the minimum delays, at most once a second; true when one changed.
  bool update(Timestamp now, Duration audio_target, Duration video_target);

  Duration audio_minimum() const { return audio_minimum_; }
  Duration video_minimum() const { return video_minimum_; }
  // Sound (+) later or (−) earlier than the picture, filtered; none before both were measured.
  std::optional<Duration> skew() const { return filtered_; }
  void reset() { *this = AvSync{}; }

 private:
  struct Seen {
    Timestamp at;
    Duration delay{};
  };
  bool release();
  bool loosen();

  std::optional<Seen> sound_, picture_;
  std::optional<Duration> filtered_;
  Duration audio_minimum_{}, video_minimum_{};
  std::optional<Timestamp> since_, updated_at_;
};

}  // namespace diemcau::receive
