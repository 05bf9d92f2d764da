// Which earlier frames a packet of sound has to carry so that what its path loses is still heard
// (RFC 2198).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/rate/sent_log.h"
#include "core/units/time.h"
#include "core/wire/redundancy.h"

namespace diemcau::rate {

// What packets wait behind: a queue that is `full` of our own, one so `deep` that nothing of ours
// explains it, or one that somebody else is known to fill.
struct QueueInFront {
  bool full = false, deep = false, foreign = false;
};

// Counts for each lost frame of sound which of the next three packets were lost as well: a frame is
// heard if one of those that carry it arrived. So what any choice would have left is known without
// a model of the path: of a burst the packet three behind restores as much as all three do, for a
// third of the bytes. Where losses are as chance makes them and repair comes while the frame is
// waited for, one is enough. More within a second, fewer after a minute without need. One thread at
// a time.
class SoundLoss {
 public:
  static constexpr std::size_t kMostEarlier = wire::kMostEarlierFrames;

  // One report, in the order of sending. What it says is lost while our own queue is full, is none
  // of the path's losses: to carry more would only make more of them. A deep or foreign one will be
  // full one day, and that is told a queue later. Where so many of the uplink's paths lose
  // (`others_lose`) that this one will, one earlier frame is carried before it has.
  void report(Timestamp now, std::span<const ReportedPacket> packets, Duration round_trip,
              QueueInFront queue = {}, bool others_lose = false);
  wire::EarlierFrames earlier_frames() const {
    return earlier_.count() < ahead_ ? wire::EarlierFrames::nearest(ahead_) : earlier_;
  }
  // Whether the other end knows earlier frames by their time, and not by their order alone.
  void set_any_distance(bool any) { any_distance_ = any; }
  // Whether a frame of sound was lost in the window, beside outages.
  bool has_lost() const { return newest_ - lost_sound_in_ < kSlots; }
  // Of all packets of the last second or two.
  std::uint32_t lost_permille() const { return lost_permille_; }

 private:
  static constexpr Duration kSlot = 1s;
  // What a full FIFO turns away are one or two packets of sound in a row; a deep one may be a thin
  // line's, which a page fills. TCP empties it at each loss, and it is full again in seconds.
  static constexpr std::size_t kAhead = 2, kAheadOfDeep = 1;
  static constexpr Duration kComesBack = 3s;
  static constexpr std::int64_t kSlots = 32;
  struct Slot {
    std::int64_t number = -1;
    std::uint32_t packets = 0, lost = 0, runs = 0;  // of everything
    std::uint32_t sound = 0;
    // Lost frames of sound, by which of the packets behind were lost as well.
    std::array<std::uint32_t, 1U << kMostEarlier> lost_with{};
    void add(const Slot& other);
  };
  static std::size_t place_of(std::int64_t number) {
    return static_cast<std::size_t>(number + kSlots) % static_cast<std::size_t>(kSlots);
  }
  // The one of the newest second.
  Slot& slot_of(std::int64_t number);
  void sound_reported(Slot& slot, bool lost);
  wire::EarlierFrames needed(const Slot& all, std::size_t most) const;
  bool loses_now(const Slot& slot);
  static bool by_chance(const Slot& all, bool two_answers);

  Slot before_;  // the sum of all but the newest
  std::int64_t newest_ = 0;
  std::int64_t lost_in_ = -kSlots;        // the last slot that knows of a loss
  std::int64_t lost_sound_in_ = -kSlots;  // of sound, beside outages
  std::uint64_t lost_sound_ = 0;          // the last packets of sound, the newest in bit 0
  bool lost_before_ = false;              // the packet before, whatever it was
  bool any_distance_ = true;
  wire::EarlierFrames earlier_;  // for what has been lost
  std::size_t ahead_ = 0;        // for what will be turned away
  Timestamp ahead_until_;
  std::uint32_t lost_permille_ = 0;
  Timestamp needed_at_;  // so many
  // Two of them are read with each report, all of them once a second.
  std::array<Slot, kSlots> slots_{};
};

}  // namespace diemcau::rate
