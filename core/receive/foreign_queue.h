// The queue in which other people's packets stand: its depth where delay does not matter any more
// (ITU-T G.107), and the top of a shallower one, where frames are turned away.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/units/time.h"

namespace diemcau::receive {

// TCP that fills a FIFO empties it at each loss and is back within some seconds. Beyond 400 ms a
// whole second more costs a conversation less than one frame in fifty that is not heard: what stood
// is waited for until it has not come back for 20 s, or has been gone for three seconds. A queue
// has stood when no packet of half a second was faster and it did not drain meanwhile: what a stall
// held up is none. Of `transit`: arrival minus media time. Bounded. One thread at a time.
class ForeignQueue {
 public:
  static constexpr Duration kDeep = 400ms;

  // `needed`: by each of the last packets, if that is known.
  void add(Timestamp received_at, Duration transit, std::optional<Duration> needed) {
    const std::int64_t number = received_at.time_since_epoch() / kSlot;
    if (!slot_ || slot_->number != number) {
      if (slot_) slot_over(*slot_);
      slot_ = Slot{number, received_at, received_at, transit, transit, transit};
    }
    slot_->ends_at = received_at;
    slot_->last = transit;
    slot_->least = std::min(slot_->least, transit);
    if (needed) slot_->top = std::max(slot_->top, *needed);
  }
  // The transit of the fastest packet behind it; none while no queue that deep has stood.
  std::optional<Duration> deepest() const { return deepest_; }
  // What the last packets of a shallower one needed at most, while these need nearly as much: it is
  // full any moment. None of one that is no longer than our own become.
  std::optional<Duration> nearly_full(Duration needed) const {
    return top_ && needed + kNearTop >= *top_ ? top_ : std::nullopt;
  }
  // It has stood for half a second within the last three: it grows again any moment.
  bool comes_and_goes() const { return stood_ago_ < kGoneSlots; }
  void clear() { *this = ForeignQueue{}; }

 private:
  static constexpr Duration kSlot = 500ms;
  static constexpr std::size_t kHeldSlots = 40, kFloorSlots = 64;
  // Packets that came in less time came together.
  static constexpr Duration kTogether = 250ms;
  static constexpr Duration kDrains = 100ms;
  // Above the floor: it is gone; it stands; its top is not one of our own.
  static constexpr Duration kGone = 40ms, kStands = 60ms, kNotOurs = 100ms;
  // TCP's clumps in front of two packets of ours: to be there in time we must not come from below.
  static constexpr Duration kNearTop = 50ms;
  static constexpr std::size_t kGoneSlots = 6;
  struct Slot {
    std::int64_t number = 0;
    Timestamp begins_at, ends_at;
    Duration first{}, last{}, least{}, top = Duration::min();
  };

  void slot_over(const Slot& slot) {
    const bool stood =
        slot.ends_at - slot.begins_at >= kTogether && slot.first - slot.last < kDrains;
    least_[over_ % kFloorSlots] = slot.least;
    stood_[over_ % kHeldSlots] = stood ? slot.least : Duration::min();
    tops_[over_ % kHeldSlots] = slot.top;
    ++over_;
    const auto known = [this](auto& of) {
      return of.begin() + static_cast<std::ptrdiff_t>(std::min(over_, of.size()));
    };
    const auto highest = [&known](auto& of) { return *std::max_element(of.begin(), known(of)); };
    const Duration floor = *std::min_element(least_.begin(), known(least_));
    gone_ = slot.least < floor + kGone ? gone_ + 1 : 0;
    stood_ago_ = stood && slot.least >= floor + kStands ? 0 : stood_ago_ + 1;
    if (gone_ >= kGoneSlots) stood_.fill(Duration::min());
    const Duration deep = highest(stood_), top = highest(tops_);
    deepest_ = deep >= floor + kDeep ? std::optional(deep) : std::nullopt;
    top_ = top >= floor + kNotOurs && top < floor + kDeep ? std::optional(top) : std::nullopt;
  }

  std::optional<Slot> slot_;
  std::array<Duration, kFloorSlots> least_{};
  std::array<Duration, kHeldSlots> stood_{}, tops_{};
  std::size_t over_ = 0;
  std::size_t gone_ = 0;  // slots in a row without a queue
  std::size_t stood_ago_ = kGoneSlots;
  std::optional<Duration> deepest_, top_;
};

}  // namespace diemcau::receive
