// What waits for the disk: of all bridges together, and of one half of that at most, so that who
// sends a lot while the disk stands still leaves room for the others.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "node/bounded_queue.h"
#include "node/bridge_record.h"

namespace diemcau::node {

// Filled by core's thread, emptied by the recorder's.
class RecordQueue {
 public:
  RecordQueue(std::size_t bridges, std::size_t bytes);
  // False, and counted, when it has no room or is closed. What says that a document ended has no
  // bytes, and no share.
  bool leave(RecordItem item);
  std::optional<RecordItem> pop_until(std::chrono::steady_clock::time_point until);
  bool drained() const { return queue_.drained(); }
  void close() { queue_.close(); }
  std::uint64_t dropped() const { return queue_.dropped() + over_share_; }

 private:
  static constexpr std::size_t kItems = 16'384;
  struct Share {
    std::atomic<std::size_t> items = 0, bytes = 0;
  };
  std::size_t bytes_;
  BoundedQueue<RecordItem> queue_;
  std::vector<Share> shares_;  // by PeerId
  std::atomic<std::uint64_t> over_share_ = 0;
};

}  // namespace diemcau::node
