// A bridge's tag is the time its pictures have taken; whoever was idle starts at the tag in
// service.
#include "node/decode_queue.h"

#include <algorithm>
#include <utility>

namespace diemcau::node {

bool DecodeQueue::has_room(PeerId origin, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  const Line& line = lines_[origin];
  const bool room = line.jobs.size() < kJobsOfOne && line.bytes + bytes <= kBytesOfOne;
  if (!room) ++dropped_;
  return room;
}

void DecodeQueue::push(DecodeJob job) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    Line& line = lines_[job.stream.origin];
    if (line.jobs.empty()) line.used = std::max(line.used, served_used_);
    line.bytes += job.bytes.size();
    line.jobs.push_back(std::move(job));
  }
  ready_.notify_one();
}

std::map<PeerId, DecodeQueue::Line>::iterator DecodeQueue::first_in_line() {
  auto first = lines_.end();
  for (auto it = lines_.begin(); it != lines_.end(); ++it) {
    if (it->second.jobs.empty()) continue;
    if (first == lines_.end() || it->second.used < first->second.used) first = it;
  }
  return first;
}

std::optional<DecodeJob> DecodeQueue::pop() {
  std::unique_lock lock(mutex_);
  auto first = lines_.end();
  ready_.wait(lock, [&] { return closed_ || (first = first_in_line()) != lines_.end(); });
  if (closed_) return std::nullopt;
  Line& line = first->second;
  served_ = first->first;
  served_used_ = line.used;
  DecodeJob job = std::move(line.jobs.front());
  line.jobs.pop_front();
  line.bytes -= job.bytes.size();
  return job;
}

void DecodeQueue::took(Duration time) {
  const std::lock_guard lock(mutex_);
  if (served_) lines_[*served_].used += time;
}

void DecodeQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    lines_.clear();
  }
  ready_.notify_all();
}

std::uint64_t DecodeQueue::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace diemcau::node
