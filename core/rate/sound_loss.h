// How many earlier frames a packet of sound has to carry so that what its path loses is still heard
// (RFC 2198).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/rate/sent_log.h"
#include "core/units/time.h"

namespace diemcau::rate {

// What packets wait behind: a queue that is `full` of our own, or one so `deep` that nothing of
// ours explains it.
struct QueueInFront {
  bool full = false, deep = false;
};

// Counts runs of lost sound: of a run of n packets, d earlier frames in the next restore d. So no
// model of the path is needed. Where losses are as chance makes them and an answer comes while the
// frame is waited for, one is enough: repair brings what it leaves. Deeper within a second, a frame
// less after each minute without need. One thread at a time.
class SoundLoss {
 public:
  static constexpr std::size_t kMostEarlier = 3;

  // One report, in the order of sending. What it says is lost while our own queue is full, is none
  // of the path's losses: to carry more would only make more of them. A deep one will be full one
  // day, and that is told a queue later.
  void report(Timestamp now, std::span<const ReportedPacket> packets, Duration round_trip,
              QueueInFront queue = {});
  std::size_t earlier_frames() const { return earlier_; }
  // Of all packets of the last second or two.
  std::uint32_t lost_permille() const { return lost_permille_; }

 private:
  static constexpr Duration kSlot = 1s;
  static constexpr std::int64_t kSlots = 32;
  struct Slot {
    std::int64_t number = -1;
    std::uint32_t packets = 0, lost = 0, runs = 0;  // of everything
    std::uint32_t sound = 0;
    // Lost frames of sound that so many earlier frames would not have brought back.
    std::array<std::uint32_t, kMostEarlier> beyond{};
  };
  void run_ended(Slot& slot);
  std::size_t needed(std::int64_t last, std::int64_t slots, bool answers) const;
  bool loses_now(std::int64_t last);
  bool by_chance(std::int64_t last, std::uint32_t most_permille) const;

  std::array<Slot, kSlots> slots_{};
  std::int64_t lost_in_ = -kSlots;  // the last slot that knows of a loss
  std::uint32_t run_ = 0;
  bool lost_before_ = false;  // the packet before, whatever it was
  std::size_t earlier_ = 0;
  std::uint32_t lost_permille_ = 0;
  Timestamp needed_at_;  // so many, or since when one less
};

}  // namespace diemcau::rate
