// Events in virtual time: a timing wheel of 66 µs slots, sorted on visit, with a heap for what lies
// beyond its horizon.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/units/time.h"

namespace diemcau::sim {

// Of two events at one time the lower class goes first, then the lower id, then the one pushed
// first: a total order that never asks a pointer or a hash.
enum class EventClass : std::uint8_t {
  service,   // the front of an active queue
  crossing,  // a datagram between two lines of its path
  arrival,   // of cross traffic, and where somebody observes
  read,      // a bridge's thread reads what has arrived
  start,
  encoded,
  decoded,
  shown,
  played,
  camera,
  microphone,
  loudspeaker,
  wall_clock,
  timer,
  warmup_over,
  leave,
  cross,   // a flow of cross traffic has something to do
  screen,  // that a document is captured from
  entry,   // a member's own line takes what has come to it
};

struct SimEvent {
  std::int64_t time_ns = 0;
  std::uint64_t order = 0;  // class << 56 | id << 40 | sequence
  std::uint32_t payload = 0;

  EventClass what() const { return static_cast<EventClass>(order >> 56); }
  std::uint16_t id() const { return static_cast<std::uint16_t>(order >> 40); }
  Timestamp time() const { return timestamp_from_ns(time_ns); }
  bool operator<(const SimEvent& o) const {
    // As one number, without a branch that nobody could guess.
    __extension__ using Wide = unsigned __int128;
    const auto number = [](const SimEvent& e) {
      return Wide{static_cast<std::uint64_t>(e.time_ns)} << 64 | e.order;
    };
    return number(*this) < number(o);
  }
};

// Times may not lie before the last event popped (CHECK). One thread at a time.
class EventQueue {
 public:
  EventQueue();
  void push(Timestamp at, EventClass what, std::uint16_t id, std::uint32_t payload = 0);
  // The earliest event, if there is one at or before `until`.
  std::optional<SimEvent> pop(Timestamp until) {
    while (cursor_ == opened_) {
      if (!enter_next_slot()) return std::nullopt;
    }
    const SimEvent& event = open_[cursor_];
    if (event.time() > until) return std::nullopt;
    ++cursor_;
    last_ns_ = event.time_ns;
    --size_;
    return event;
  }
  std::size_t size() const { return size_; }

 private:
  // 65.5 µs: some six events of a mesh of 11. Slots of 16.4 µs cost a quarter more (measured).
  static constexpr unsigned kSlotBits = 16;
  static constexpr std::size_t kSlots = 1024;  // 67 ms: a round trip and a frame interval fit
  static std::int64_t slot_of(std::int64_t time_ns) { return time_ns >> kSlotBits; }
  void put(const SimEvent& event);
  bool enter_next_slot();
  std::optional<std::int64_t> next_occupied() const;

  // An event of a slot that is not being visited, and the next one of that slot; or a free place
  // and the next free one. Those in use are few and stay in the cache.
  struct Node {
    SimEvent event;
    std::uint32_t next = kNone;
  };
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  std::vector<Node> nodes_;
  std::uint32_t free_ = kNone;
  std::array<std::uint32_t, kSlots> slots_;  // the first node of each
  std::array<std::uint64_t, kSlots / 64> occupied_{};
  std::vector<SimEvent> far_;   // min-heap
  std::vector<SimEvent> open_;  // the slot being visited, sorted, from cursor_ on
  std::size_t cursor_ = 0;
  std::size_t opened_ = 0;  // its length, at hand
  std::int64_t slot_ = 0;
  std::int64_t last_ns_ = 0;
  std::uint64_t sequence_ = 0;
  std::size_t size_ = 0;
};

}  // namespace diemcau::sim
