#include "sim/active_queue.h"

#include <algorithm>

#include "core/base/check.h"

namespace diemcau::sim {

namespace {

constexpr std::int64_t kMtuBytes = 1514;  // RFC 8289 §4.4: MAXPACKET; RFC 8290 §5.2.3: quantum
constexpr std::size_t kFlows = 1024;      // RFC 8290 §5.2.1

// ⌊√x⌋, bit by bit.
std::int64_t root(std::uint64_t x) {
  std::uint64_t r = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
    if ((r + bit) * (r + bit) <= x) r += bit;
  }
  return static_cast<std::int64_t>(r);
}

}  // namespace

CoDelQueue::CoDelQueue(CoDelConfig config) : config_(config) {
  DC_CHECK(config_.interval_ns > 0 && config_.interval_ns < std::int64_t{1} << 32);
}

void CoDelQueue::push(const Parcel& p) {
  packets_.push_back(p);
  bytes_ += p.bytes;
}

std::optional<Parcel> CoDelQueue::drop_front() {
  if (packets_.empty()) return std::nullopt;
  const Parcel p = packets_.front();
  packets_.pop_front();
  bytes_ -= p.bytes;
  return p;
}

void CoDelQueue::clear(std::vector<Parcel>& out) {
  out.insert(out.end(), packets_.begin(), packets_.end());
  *this = CoDelQueue{config_};
}

// RFC 8289 §5.6, dodequeue().
CoDelQueue::Front CoDelQueue::take_front(std::int64_t now_ns) {
  Front front;
  front.packet = drop_front();
  if (!front.packet) {
    first_above_ns_ = 0;
    return front;
  }
  const std::int64_t sojourn = now_ns - front.packet->arrived_ns;
  if (sojourn < config_.target_ns || bytes_ <= kMtuBytes) {
    first_above_ns_ = 0;
  } else if (first_above_ns_ == 0) {
    first_above_ns_ = now_ns + config_.interval_ns;
  } else if (now_ns >= first_above_ns_) {
    front.ok_to_drop = true;
  }
  return front;
}

// interval / √count to the nanosecond, as √(interval² / count): what a coarser root is off by adds
// up from drop to drop and ends with other packets dropped than RFC 8289 says.
std::int64_t CoDelQueue::control_law(std::int64_t t_ns) const {
  const auto interval = static_cast<std::uint64_t>(config_.interval_ns);
  return t_ns + root(interval * interval / std::max(count_, 1U));
}

// RFC 8289 §5.5, dequeue().
std::optional<Parcel> CoDelQueue::pop(std::int64_t now_ns, std::vector<Parcel>& dropped) {
  Front front = take_front(now_ns);
  if (dropping_) {
    if (!front.ok_to_drop) dropping_ = false;
    while (front.packet && dropping_ && now_ns >= drop_next_ns_) {
      dropped.push_back(*front.packet);
      ++count_;
      front = take_front(now_ns);
      if (!front.ok_to_drop) {
        dropping_ = false;
      } else {
        drop_next_ns_ = control_law(drop_next_ns_);
      }
    }
  } else if (front.ok_to_drop && front.packet) {
    dropped.push_back(*front.packet);
    front = take_front(now_ns);
    dropping_ = true;
    // Resuming soon after the last drops begins at their rate.
    const std::uint32_t delta = count_ - last_count_;
    const bool recent = now_ns - drop_next_ns_ < 16 * config_.interval_ns;
    count_ = delta > 1 && recent ? delta : 1;
    drop_next_ns_ = control_law(now_ns);
    last_count_ = count_;
  }
  return front.packet;
}

ActiveQueue::ActiveQueue(Kind kind, CoDelConfig config) : kind_(kind) {
  flows_.assign(kind == Kind::codel ? 1 : kFlows, Flow{CoDelQueue{config}, 0, false});
}

void ActiveQueue::forget(const std::vector<Parcel>& gone, std::size_t from) {
  for (std::size_t i = from; i < gone.size(); ++i) bytes_ -= gone[i].bytes;
}

void ActiveQueue::push(const Parcel& p, std::int64_t limit_bytes, std::vector<Parcel>& dropped) {
  if (kind_ == Kind::codel && bytes_ + p.bytes > limit_bytes) {
    dropped.push_back(p);
    return;
  }
  // Knuth's multiplicative hash spreads consecutive flow numbers.
  const auto index = static_cast<std::uint32_t>(
      flows_.size() == 1 ? 0 : (p.flow * 2'654'435'761U >> 22) % flows_.size());
  Flow& flow = flows_[index];
  flow.queue.push(p);
  bytes_ += p.bytes;
  if (!flow.listed) {
    flow.listed = true;
    flow.deficit = kMtuBytes;
    new_flows_.push_back(index);
  }
  // RFC 8290 §4.1: over the limit, the longest queue pays at its front.
  while (bytes_ > limit_bytes) {
    const auto fattest = std::max_element(
        flows_.begin(), flows_.end(),
        [](const Flow& a, const Flow& b) { return a.queue.bytes() < b.queue.bytes(); });
    const auto gone = fattest->queue.drop_front();
    if (!gone) return;
    bytes_ -= gone->bytes;
    dropped.push_back(*gone);
  }
}

// RFC 8290 §4.2: new flows first, deficit round robin, CoDel in each.
std::optional<Parcel> ActiveQueue::pop(std::int64_t now_ns, std::vector<Parcel>& dropped) {
  while (!new_flows_.empty() || !old_flows_.empty()) {
    const bool is_new = !new_flows_.empty();
    std::deque<std::uint32_t>& list = is_new ? new_flows_ : old_flows_;
    const std::uint32_t index = list.front();
    Flow& flow = flows_[index];
    if (flow.deficit <= 0 && kind_ == Kind::fq_codel) {
      flow.deficit += kMtuBytes;
      list.pop_front();
      old_flows_.push_back(index);
      continue;
    }
    const std::size_t before = dropped.size();
    const auto packet = flow.queue.pop(now_ns, dropped);
    forget(dropped, before);
    if (packet) {
      flow.deficit -= packet->bytes;
      bytes_ -= packet->bytes;
      return packet;
    }
    list.pop_front();
    if (is_new && !old_flows_.empty()) {
      old_flows_.push_back(index);  // a new flow that ran empty must not come back as new at once
    } else {
      flow.listed = false;
    }
  }
  return std::nullopt;
}

void ActiveQueue::clear(std::vector<Parcel>& out) {
  for (Flow& flow : flows_) {
    flow.queue.clear(out);
    flow.listed = false;
  }
  new_flows_.clear();
  old_flows_.clear();
  bytes_ = 0;
}

}  // namespace diemcau::sim
