// A share is given back when its frame is taken out.
#include "node/record_queue.h"

#include <utility>

namespace diemcau::node {

RecordQueue::RecordQueue(std::size_t bridges, std::size_t bytes)
    : bytes_(bytes), queue_(kItems, bytes), shares_(bridges) {}

bool RecordQueue::leave(RecordItem item) {
  const std::size_t bytes = item.bytes.size();
  if (item.ends) return queue_.leave(std::move(item));
  Share& share = shares_[item.stream.origin.value];
  if (share.items >= kItems / 2 || share.bytes + bytes > bytes_ / 2) {
    ++over_share_;
    return false;
  }
  ++share.items;
  share.bytes += bytes;
  if (queue_.leave(std::move(item), bytes)) return true;
  --share.items;
  share.bytes -= bytes;
  return false;
}

std::optional<RecordItem> RecordQueue::pop_until(std::chrono::steady_clock::time_point until) {
  auto item = queue_.pop_until(until);
  if (item && !item->ends) {
    Share& share = shares_[item->stream.origin.value];
    --share.items;
    share.bytes -= item->bytes.size();
  }
  return item;
}

}  // namespace diemcau::node
