// A queue between two threads that drops instead of waiting: whoever pushes is never held up.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace diemcau::node {

// Bounded in items and in weight (bytes, where items differ). A full queue refuses the newest and
// counts it. Any thread may push, pop and close; the lock is held for a move, never for work.
template <typename T>
class BoundedQueue {
 public:
  using Clock = std::chrono::steady_clock;

  explicit BoundedQueue(std::size_t max_items, std::size_t max_weight = SIZE_MAX)
      : max_items_(max_items), max_weight_(max_weight) {}

  // False when the item was dropped: the queue is full or closed.
  bool push(T item, std::size_t weight = 0) {
    if (!leave(std::move(item), weight)) return false;
    ready_.notify_one();
    return true;
  }
  // As push, but wakes nobody: for a reader that looks by itself.
  bool leave(T item, std::size_t weight = 0) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    if (items_.size() >= max_items_ || weight > max_weight_ - weight_) {
      ++dropped_;
      return false;
    }
    items_.emplace_back(std::move(item), weight);
    weight_ += weight;
    return true;
  }

  // Waits for an item; nothing once the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return closed_ || !items_.empty(); });
    return take();
  }
  // As pop, but gives up at `deadline`; ask drained() to tell the two kinds of nothing apart.
  std::optional<T> pop_until(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    ready_.wait_until(lock, deadline, [this] { return closed_ || !items_.empty(); });
    return take();
  }
  std::optional<T> try_pop() {
    const std::lock_guard lock(mutex_);
    return take();
  }

  // What is in the queue can still be popped; nothing more goes in.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }
  bool drained() const {
    const std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }
  std::uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  std::optional<T> take() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item{std::move(items_.front().first)};
    weight_ -= items_.front().second;
    items_.pop_front();
    return item;
  }

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::pair<T, std::size_t>> items_;
  const std::size_t max_items_;
  const std::size_t max_weight_;
  std::size_t weight_ = 0;
  std::uint64_t dropped_ = 0;
  bool closed_ = false;
};

}  // namespace diemcau::node
