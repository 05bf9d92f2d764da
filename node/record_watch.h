// What the operator has to hear of the record before it is too late: how long the disk's room
// lasts, and that frames were lost because it is slow.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "core/units/time.h"

namespace diemcau::node {

// Asked once a second. Pure: no clock; one thread at a time.
class RecordWatch {
 public:
  // By the pace of the last minute; none while nothing is to be said. Said under two hours, at most
  // every ten minutes, at once when it has become half of what was said.
  std::optional<Duration> room_lasts(Timestamp now, std::uint64_t free_bytes,
                                     std::uint64_t written_bytes);
  // Frames that were lost since this was said last; at most once a minute.
  std::optional<std::uint64_t> lost(Timestamp now, std::uint64_t lost_frames);

 private:
  struct Written {
    Timestamp at;
    std::uint64_t bytes = 0;
  };
  std::deque<Written> written_;  // of the last minute
  std::optional<Timestamp> room_said_at_, lost_said_at_;
  Duration said_{};
  std::uint64_t lost_said_ = 0;
};

}  // namespace diemcau::node
