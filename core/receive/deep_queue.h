// The deepest queue that has stood in a path lately: where delay does not matter any more, sound is
// held for it (ITU-T G.107).
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
// is waited for until it has not come back for a quarter of a minute, or has been gone for three
// seconds. A queue has stood when no packet of half a second was faster and it did not drain
// meanwhile: what a stall held up is none. Of `transit`: arrival minus media time. Bounded. One
// thread at a time.
class DeepQueue {
 public:
  static constexpr Duration kDeep = 400ms;

  void add(Timestamp received_at, Duration transit) {
    const std::int64_t number = received_at.time_since_epoch() / kSlot;
    if (!slot_ || slot_->number != number) {
      if (slot_) slot_over(*slot_);
      slot_ = Slot{number, received_at, received_at, transit, transit, transit};
    }
    slot_->ends_at = received_at;
    slot_->last = transit;
    slot_->least = std::min(slot_->least, transit);
  }
  // The transit of the fastest packet behind it; none while no queue that deep has stood.
  std::optional<Duration> deepest() const { return deepest_; }
  void clear() { *this = DeepQueue{}; }

 private:
  static constexpr Duration kSlot = 500ms;
  static constexpr std::size_t kHeldSlots = 30, kFloorSlots = 64;
  // Packets that came in less time came together.
  static constexpr Duration kTogether = 250ms;
  static constexpr Duration kDrains = 100ms;
  static constexpr Duration kGone = 40ms;  // above the floor
  static constexpr std::size_t kGoneSlots = 6;
  struct Slot {
    std::int64_t number = 0;
    Timestamp begins_at, ends_at;
    Duration first{}, last{}, least{};
  };

  void slot_over(const Slot& slot) {
    const bool stood =
        slot.ends_at - slot.begins_at >= kTogether && slot.first - slot.last < kDrains;
    least_[over_ % kFloorSlots] = slot.least;
    stood_[over_ % kHeldSlots] = stood ? slot.least : Duration::min();
    ++over_;
    const auto known = [this](auto& of) {
      return of.begin() + static_cast<std::ptrdiff_t>(std::min(over_, of.size()));
    };
    const Duration floor = *std::min_element(least_.begin(), known(least_));
    gone_ = slot.least < floor + kGone ? gone_ + 1 : 0;
    if (gone_ >= kGoneSlots) stood_.fill(Duration::min());
    const Duration top = *std::max_element(stood_.begin(), known(stood_));
    deepest_ = top >= floor + kDeep ? std::optional(top) : std::nullopt;
  }

  std::optional<Slot> slot_;
  std::array<Duration, kFloorSlots> least_{};
  std::array<Duration, kHeldSlots> stood_{};
  std::size_t over_ = 0;
  std::size_t gone_ = 0;  // slots in a row without a queue
  std::optional<Duration> deepest_;
};

}  // namespace diemcau::receive
