// Audio frames for the record: in order, each once; a missing one is waited for half a second.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/receive/audio_frame.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"

namespace diemcau::receive {

// The record can wait longer than the ear: what comes after the play-out deadline is still kept.
// Bounded: kCapacity frames. One thread at a time.
class RecordTap {
 public:
  static constexpr std::size_t kCapacity = 64;  // 1.28 s of sound
  static constexpr Duration kWait = 500ms;

  void insert(Timestamp now, const AudioFrame& frame);
  // The next frame in order; poll until none after insert() and when the deadline has passed.
  std::optional<AudioFrame> poll(Timestamp now);
  std::optional<Timestamp> deadline() const;

  std::uint64_t missing() const { return missing_; }    // given up
  std::uint64_t too_late() const { return too_late_; }  // came after that
  std::uint64_t repeated() const { return repeated_; }

 private:
  struct Slot {
    bool used = false;
    Timestamp since;
    AudioFrame frame;
  };
  Slot& slot(PacketId id) { return slots_[static_cast<std::size_t>(id) % kCapacity]; }
  const Slot& slot(PacketId id) const { return slots_[static_cast<std::size_t>(id) % kCapacity]; }
  bool holds(PacketId id) const { return slot(id).used && slot(id).frame.id == id; }
  std::optional<PacketId> first_waiting() const;

  std::array<Slot, kCapacity> slots_;
  std::optional<PacketId> next_;
  PacketId highest_ = -1;
  std::size_t waiting_ = 0;
  bool given_ = false;  // a frame has been given: what lies before it is too late
  std::uint64_t missing_ = 0, too_late_ = 0, repeated_ = 0;
};

}  // namespace diemcau::receive
