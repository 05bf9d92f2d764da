// Hashed timing wheel (Varghese and Lauck, 1987); one slot at a time is sorted and read out.
#include "sim/event_queue.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/base/check.h"

namespace diemcau::sim {

namespace {
constexpr auto kLater = [](const SimEvent& a, const SimEvent& b) { return b < a; };
}

EventQueue::EventQueue() { slots_.fill(kNone); }

void EventQueue::push(Timestamp at, EventClass what, std::uint16_t id, std::uint32_t payload) {
  const std::int64_t time_ns = to_ns(at);
  DC_CHECK(time_ns >= last_ns_);
  DC_CHECK(sequence_ < (std::uint64_t{1} << 40));
  put(SimEvent{
      time_ns,
      static_cast<std::uint64_t>(what) << 56 | static_cast<std::uint64_t>(id) << 40 | sequence_++,
      payload});
  ++size_;
}

void EventQueue::put(const SimEvent& event) {
  const std::int64_t slot = slot_of(event.time_ns);
  if (slot == slot_) {
    const auto from = open_.begin() + static_cast<std::ptrdiff_t>(cursor_);
    open_.insert(std::upper_bound(from, open_.end(), event), event);
    ++opened_;
  } else if (slot - slot_ < static_cast<std::int64_t>(kSlots)) {
    if (free_ == kNone) {
      free_ = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
    }
    const auto at = static_cast<std::size_t>(slot) % kSlots;
    const std::uint32_t place = free_;
    Node& node = nodes_[place];
    free_ = std::exchange(node.next, slots_[at]);
    node.event = event;
    slots_[at] = place;
    occupied_[at / 64] |= std::uint64_t{1} << (at % 64);
  } else {
    far_.push_back(event);
    std::push_heap(far_.begin(), far_.end(), kLater);
  }
}

std::optional<std::int64_t> EventQueue::next_occupied() const {
  const auto start = static_cast<std::size_t>(slot_ + 1) % kSlots;
  for (std::size_t step = 0; step <= occupied_.size(); ++step) {
    const std::size_t word = (start / 64 + step) % occupied_.size();
    std::uint64_t bits = occupied_[word];
    if (step == 0) bits &= ~std::uint64_t{0} << (start % 64);
    if (step == occupied_.size()) bits &= (std::uint64_t{1} << (start % 64)) - 1;
    if (bits == 0) continue;
    const std::size_t at = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    return slot_ + 1 + static_cast<std::int64_t>((at + kSlots - start) % kSlots);
  }
  return std::nullopt;
}

bool EventQueue::enter_next_slot() {
  std::optional<std::int64_t> next = next_occupied();
  if (!far_.empty()) {
    const std::int64_t far_slot = slot_of(far_.front().time_ns);
    if (!next || far_slot < *next) next = far_slot;
  }
  if (!next) return false;
  slot_ = *next;
  open_.clear();
  cursor_ = 0;
  const auto at = static_cast<std::size_t>(slot_) % kSlots;
  for (std::uint32_t place = std::exchange(slots_[at], kNone); place != kNone;) {
    Node& node = nodes_[place];
    open_.push_back(node.event);
    const std::uint32_t next_place = std::exchange(node.next, free_);
    free_ = std::exchange(place, next_place);
  }
  occupied_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
  std::sort(open_.begin(), open_.end());
  opened_ = open_.size();
  while (!far_.empty() &&
         slot_of(far_.front().time_ns) - slot_ < static_cast<std::int64_t>(kSlots)) {
    std::pop_heap(far_.begin(), far_.end(), kLater);
    const SimEvent event = far_.back();
    far_.pop_back();
    put(event);
  }
  return true;
}

}  // namespace diemcau::sim
