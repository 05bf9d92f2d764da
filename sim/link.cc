// Everything a packet meets on a line is decided when it arrives, because nothing overtakes.
#include "sim/link.h"

#include <algorithm>

#include "core/base/check.h"

namespace diemcau::sim {

Link::Result Link::send(Timestamp now, ByteCount size) {
  const std::int64_t now_ns = to_ns(now);
  DC_CHECK(now_ns >= last_now_ns_);
  last_now_ns_ = now_ns;
  leave_queue(now_ns);
  ++figures_.offered;

  const std::int64_t bytes = size.count() + config_.overhead;
  // The server is busy until the exact end of service, not until its floor.
  const bool busy = free_at_ns_ > now_ns || (free_at_ns_ == now_ns && free_at_rest_ > 0);
  if (busy && waiting_bytes_ + bytes > config_.queue.count()) {
    ++figures_.dropped_queue;
    return {Passage::dropped_queue, {}};
  }
  const std::int64_t begins_ns = busy ? free_at_ns_ + (free_at_rest_ > 0 ? 1 : 0) : now_ns;
  if (busy) enter_queue({begins_ns, static_cast<std::uint32_t>(bytes)});
  figures_.waited.add(Duration{begins_ns - now_ns});
  figures_.bits_served += bytes * 8;

  const std::int64_t rate = config_.rate.bps();
  const std::int64_t work = bytes * 8 * 1'000'000'000 + (busy ? free_at_rest_ : 0);
  free_at_ns_ = (busy ? free_at_ns_ : now_ns) + work / rate;
  free_at_rest_ = work % rate;
  const std::int64_t departs_ns = free_at_ns_ + (free_at_rest_ * 2 >= rate ? 1 : 0);

  if (config_.loss_parts != 0 && loss_.next_u32() < config_.loss_parts) {
    ++figures_.lost_wire;
    return {Passage::lost_wire, {}};
  }
  ++figures_.carried;
  return {Passage::carried, timestamp_from_ns(departs_ns) + config_.delay};
}

void Link::leave_queue(std::int64_t now_ns) {
  while (size_ > 0 && ring_[head_].begins_ns <= now_ns) {
    waiting_bytes_ -= ring_[head_].bytes;
    head_ = (head_ + 1) & (ring_.size() - 1);
    --size_;
  }
}

void Link::enter_queue(Waiting w) {
  if (size_ == ring_.size()) {
    std::vector<Waiting> larger(std::max<std::size_t>(16, ring_.size() * 2));
    for (std::size_t i = 0; i < size_; ++i) larger[i] = ring_[(head_ + i) & (ring_.size() - 1)];
    ring_ = std::move(larger);
    head_ = 0;
  }
  ring_[(head_ + size_) & (ring_.size() - 1)] = w;
  ++size_;
  waiting_bytes_ += w.bytes;
}

}  // namespace diemcau::sim
