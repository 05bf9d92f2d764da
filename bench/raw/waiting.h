// What a bare event loop waits with.
#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <ctime>

#include "core/base/check.h"

namespace diemcau::bench {

class Epoll {
 public:
  Epoll() : fd_(::epoll_create1(EPOLL_CLOEXEC)) { DC_CHECK(fd_ >= 0); }
  ~Epoll() { ::close(fd_); }
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;
  void add(int watched) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = watched;
    DC_CHECK(::epoll_ctl(fd_, EPOLL_CTL_ADD, watched, &event) == 0);
  }
  // How many are ready now.
  int ready() const {
    std::array<epoll_event, 8> events;
    return ::epoll_wait(fd_, events.data(), events.size(), 0);
  }
  // The descriptors that are ready, within `patience`; none: for ever.
  template <typename Ready>
  void wait(const timespec* patience, Ready&& ready) const {
    std::array<epoll_event, 8> events;
    const int n = ::epoll_pwait2(fd_, events.data(), events.size(), patience, nullptr);
    for (int i = 0; i < n; ++i) ready(events[static_cast<std::size_t>(i)].data.fd);
  }

 private:
  int fd_;
};

// Wakes one thread.
class Bell {
 public:
  explicit Bell(int flags) : fd_(::eventfd(0, EFD_CLOEXEC | flags)) { DC_CHECK(fd_ >= 0); }
  ~Bell() { ::close(fd_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  int fd() const { return fd_; }
  void ring() const {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(fd_, &one, sizeof one));
  }
  void hear() const {
    std::uint64_t rung = 0;
    static_cast<void>(!::read(fd_, &rung, sizeof rung));
  }

 private:
  int fd_;
};

}  // namespace diemcau::bench
