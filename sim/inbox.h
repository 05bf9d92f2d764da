// What a member's socket holds, or will: datagrams whose arrival is known, until its thread reads
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/units/time.h"

namespace diemcau::sim {

// The first one that arrives wakes the thread, which then reads all that have. In the order of
// arrival; of two at one time the one told first goes first. One thread.
class Inbox {
 public:
  struct Arrived {
    Timestamp at;
    std::uint32_t flight = 0;
  };
  // Gives whether it is the first.
  bool add(Timestamp at, std::uint32_t flight) {
    const bool first = read_ == arrived_.size();
    arrived_.push_back({at, flight});
    if (first) return true;
    std::size_t place = arrived_.size() - 1;
    for (; place > read_ && arrived_[place - 1].at > at; --place)
      std::swap(arrived_[place - 1], arrived_[place]);
    return place == read_;
  }
  const Arrived* first() const { return read_ < arrived_.size() ? &arrived_[read_] : nullptr; }
  std::optional<Arrived> take(Timestamp until) {
    if (read_ == arrived_.size() || arrived_[read_].at > until) return std::nullopt;
    const Arrived first = arrived_[read_++];
    if (read_ == arrived_.size()) {
      arrived_.clear();
      read_ = 0;
    } else if (read_ == kMostRead) {
      arrived_.erase(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(read_));
      read_ = 0;
    }
    return first;
  }

  // How long the thread takes to wake next time, drawn once for each time; when it reads then.
  std::optional<Duration> wakes_after;
  std::optional<Timestamp> read_at;

 private:
  static constexpr std::size_t kMostRead = 256;
  std::vector<Arrived> arrived_;
  std::size_t read_ = 0;  // of them, the first so many
};

}  // namespace diemcau::sim
