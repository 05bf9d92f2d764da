// Who speaks, from the audio levels that packets carry (RFC 6464), by activity over a second
// against a room's own noise (after Volfin and Cohen, "Dominant speaker identification", 2012).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// A frame of 20 ms is active when it is clearly louder than the quietest frame of the last seconds,
// so that neither a fan nor a badly set microphone speaks. Who has been active for long enough, and
// by a quarter more than the present speaker, takes over; a cough does not last, and whoever has
// just taken over stays. In silence the last speaker stays. Integers only, bounded. One thread.
class ActiveSpeaker {
 public:
  // Active frames of the last second that make a speaker: a cough or a slammed door has 10 to 15.
  static constexpr std::uint32_t kEnoughFrames = 18;
  static constexpr Duration kLeastHold = 2s;

  explicit ActiveSpeaker(std::size_t bridges) : voices_(bridges) {}

  // A frame of that bridge, our own included; 0 loudest … 127 silence.
  void heard(Timestamp now, PeerId bridge, std::uint8_t level_dbov);
  std::optional<PeerId> speaker() const { return speaker_; }
  std::uint32_t changes() const { return changes_; }
  bool changed() const { return changed_; }
  // The new speaker, once after a change.
  std::optional<PeerId> poll();

 private:
  static constexpr std::size_t kFrames = 50;  // a second
  struct Voice {
    std::array<std::uint8_t, kFrames> above{};  // dB above the room's noise, 0: not active
    std::size_t next = 0;
    std::uint32_t active = 0;  // of these frames
    std::uint32_t score = 0;   // sum of `above`
    // The quietest frame of this epoch and of the one before.
    std::uint8_t quietest = 0, quietest_before = 0;
    Timestamp epoch_began;
    std::optional<Timestamp> heard_at;
  };
  static std::uint8_t above_noise(Timestamp now, Voice& voice, std::uint8_t level_dbov);
  void look(Timestamp now);

  std::vector<Voice> voices_;  // by PeerId
  std::optional<PeerId> speaker_;
  Timestamp took_over_at_, next_look_at_;
  std::uint32_t changes_ = 0;
  bool changed_ = false;
};

}  // namespace diemcau::mesh
