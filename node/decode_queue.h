// Access units that wait for a decoding thread: start-time fair queueing (Goyal, Vin and Cheng,
// 1997) over the time that each bridge's pictures take.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::node {

struct DecodeJob {
  StreamId stream;
  std::uint32_t frame_number = 0;
  Timestamp captured_at;
  std::vector<std::uint8_t> bytes;
};

// A bridge's pictures are decoded in their order. Of several bridges that wait, the one goes next
// whose pictures have taken least: who sends what takes long waits for the others, and not they for
// him. One thread pops, any pushes.
class DecodeQueue {
 public:
  // Whoever sends thousands a second shall not take the others' room. A page's pictures come to a
  // newcomer every 4 ms (core/mesh/page_memory.cc), and what is lost may hold them up for 150 ms.
  static constexpr std::size_t kJobsOfOne = 64;
  static constexpr std::size_t kBytesOfOne = 4U << 20;  // several key frames

  // False, and counted, when that bridge has no room for so many bytes; false when it is closed.
  // Asked before they are copied.
  bool has_room(PeerId origin, std::size_t bytes);
  // What there was room for; only the thread that asked pushes.
  void push(DecodeJob job);
  // Waits for one; nothing once it is closed.
  std::optional<DecodeJob> pop();
  // What the one that was popped last has taken.
  void took(Duration time);
  // Forgets what waits.
  void close();
  std::uint64_t dropped() const;

 private:
  struct Line {
    std::deque<DecodeJob> jobs;
    std::size_t bytes = 0;
    Duration used{};  // at least what had been used by whoever was served when it began to wait
  };
  std::map<PeerId, Line>::iterator first_in_line();

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::map<PeerId, Line> lines_;
  std::optional<PeerId> served_;
  Duration served_used_{};
  std::uint64_t dropped_ = 0;
  bool closed_ = false;
};

}  // namespace diemcau::node
