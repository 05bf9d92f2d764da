// What other threads hand to the core thread: a list without a lock, and an eventfd that wakes it.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "core/base/check.h"

namespace diemcau::node {

// asio::post holds the mutex of its io_context while it wakes the other thread. A decoder that is
// preempted right there holds up sound and packets until the processor comes back to it: 4 to 10
// ms, ten times a second, with four bridges on two processors. Here a writer can be stopped
// anywhere and nobody waits for it.
//
// push() and leave() from any thread; everything else from the thread of `io`. Items of one writer
// come in order. Its length is bounded by its writers: devices and codecs of this node, each of
// which paces itself or waits for an answer.
template <typename T>
class Inbox {
 public:
  Inbox(boost::asio::io_context& io, std::function<void(T)> take)
      : take_(std::move(take)), wake_(io, make_eventfd()) {
    wait();
  }
  ~Inbox() { clear(last_.exchange(nullptr)); }
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  void push(T item) {
    leave(std::move(item));
    if (!rung_.exchange(true, std::memory_order_acq_rel)) ring();
  }
  // Wakes nobody: it is taken with what is pushed next, or at the next look().
  void leave(T item) {
    auto owned = std::make_unique<Node>(Node{std::move(item), nullptr});
    Node* const node = owned.release();
    Node* before = last_.load(std::memory_order_relaxed);
    do {
      node->before = before;
    } while (!last_.compare_exchange_weak(before, node, std::memory_order_release,
                                          std::memory_order_relaxed));
  }
  // Takes what lies there. Not from inside of `take`.
  void look() {
    Node* newest_first = last_.exchange(nullptr, std::memory_order_acquire);
    Node* oldest_first = nullptr;
    while (newest_first != nullptr) {
      Node* node = std::exchange(newest_first, newest_first->before);
      node->before = oldest_first;
      oldest_first = node;
    }
    while (oldest_first != nullptr) {
      const std::unique_ptr<Node> node{std::exchange(oldest_first, oldest_first->before)};
      take_(std::move(node->item));
    }
  }

 private:
  struct Node {
    T item;
    Node* before;
  };

  static int make_eventfd() {
    const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    DC_CHECK(fd >= 0);
    return fd;
  }
  void ring() {
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then it is readable anyway.
    static_cast<void>(!::write(wake_.native_handle(), &one, sizeof one));
  }
  void wait() {
    wake_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (error) return;
                       answer();
                       wait();
                     });
  }
  void answer() {
    std::uint64_t rung = 0;
    static_cast<void>(!::read(wake_.native_handle(), &rung, sizeof rung));
    // First, so that whoever pushes behind our look rings again.
    rung_.exchange(false, std::memory_order_acq_rel);
    look();
  }
  static void clear(Node* node) {
    while (node != nullptr) std::unique_ptr<Node>{std::exchange(node, node->before)}.reset();
  }

  std::function<void(T)> take_;
  std::atomic<Node*> last_{nullptr};
  std::atomic<bool> rung_{false};  // and not yet answered
  boost::asio::posix::stream_descriptor wake_;
};

}  // namespace diemcau::node
