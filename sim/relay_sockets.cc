// epoll over the sockets, a timerfd for absolute deadlines and a signalfd; recvmmsg in batches.
#include "sim/relay_sockets.h"

#include <netinet/in.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/base/check.h"

namespace diemcau::sim {

namespace {

constexpr std::size_t kBatch = 32;
constexpr std::size_t kReady = 64;
constexpr std::size_t kLongestDatagram = 1472;  // what an Ethernet path can carry
// A second of a member's hi towards one other; the kernel may grant less.
constexpr int kSocketBufferBytes = 1 << 20;
constexpr std::uint32_t kTimer = 0xFFFF'FFFF, kSignals = 0xFFFF'FFFE;

std::int64_t monotonic_ns() {
  timespec ts{};
  ::clock_gettime(CLOCK_MONOTONIC, &ts);
  return std::int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}

[[noreturn]] void refuse(const std::string& what, const std::string& remedy) {
  throw std::runtime_error("cannot " + what + " (" + std::strerror(errno) + "); " + remedy);
}

sockaddr_in to_sockaddr(const Endpoint& e) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(e.port);
  std::memcpy(&a.sin_addr, e.ip.data() + 12, 4);
  return a;
}

// Closes at the end.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Descriptor open_socket() {
  Descriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (socket.get() < 0)
    refuse("open a socket for every pair of members", "raise `ulimit -n` or take fewer members");
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kSocketBufferBytes, sizeof kSocketBufferBytes);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  const sockaddr_in any_port = to_sockaddr(Endpoint::v4(INADDR_LOOPBACK, 0));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any_port), sizeof any_port) != 0)
    refuse("bind a port on 127.0.0.1", "is the loopback interface up?");
  return socket;
}

// A mesh of N needs N (N − 1) sockets; the soft limit is often 1,024.
void allow_files(std::size_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count + 64) return;
  limit.rlim_cur = std::min<rlim_t>(count + 64, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

struct RelaySockets::Impl {
  struct Pair {
    std::uint16_t viewer = 0, other = 0;
    std::uint32_t overrun = 0;  // as the kernel counts, modulo 2^32
    Descriptor socket;
  };
  struct Slot {
    std::array<std::uint8_t, kLongestDatagram + 1> bytes;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint32_t))> control;
    sockaddr_in from;
  };

  std::size_t index(std::uint16_t viewer, std::uint16_t other) const {
    return std::size_t{viewer} * members.size() + other;
  }
  void watch(int fd, std::uint32_t tag) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = tag;
    if (::epoll_ctl(poller.get(), EPOLL_CTL_ADD, fd, &event) != 0)
      refuse("watch a socket", "take fewer members");
  }
  std::size_t receive_from(Pair& pair);
  bool usable(Pair& pair, const mmsghdr& message, const Slot& slot);

  std::vector<sockaddr_in> members;
  std::vector<Pair> pairs;  // by viewer and other; those of a member with itself are closed
  Descriptor poller, timer, signals;
  std::int64_t started_ns = 0;
  bool stopped = false;
  std::optional<sigset_t> blocked;  // as it was before stop_on_signals()
  std::array<epoll_event, kReady> ready{};
  std::size_t ready_count = 0, ready_at = 0;
  std::vector<Slot> slots{kBatch};
  std::array<iovec, kBatch> vectors{};
  std::array<mmsghdr, kBatch> messages{};
  std::array<Received, kBatch> received{};
  SocketFigures figures;
};

RelaySockets::RelaySockets(const std::vector<Endpoint>& members) : impl_(std::make_unique<Impl>()) {
  Impl& m = *impl_;
  allow_files(members.size() * members.size());
  m.poller = Descriptor{::epoll_create1(EPOLL_CLOEXEC)};
  m.timer = Descriptor{::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
  if (m.poller.get() < 0 || m.timer.get() < 0) refuse("open a timer", "raise `ulimit -n`");
  m.watch(m.timer.get(), kTimer);
  for (const Endpoint& member : members) {
    DC_CHECK(member.is_v4());
    m.members.push_back(to_sockaddr(member));
  }
  m.pairs.resize(members.size() * members.size());
  for (std::uint16_t viewer = 0; viewer < members.size(); ++viewer) {
    for (std::uint16_t other = 0; other < members.size(); ++other) {
      if (viewer == other) continue;
      const std::size_t at = m.index(viewer, other);
      m.pairs[at] = {viewer, other, 0, open_socket()};
      m.watch(m.pairs[at].socket.get(), static_cast<std::uint32_t>(at));
    }
  }
  // Timers of a normal thread may be 50 µs late for the sake of power; these deadlines are lines.
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  m.started_ns = monotonic_ns();
}

RelaySockets::~RelaySockets() {
  if (impl_->blocked) ::sigprocmask(SIG_SETMASK, &*impl_->blocked, nullptr);
}

Endpoint RelaySockets::stand_in(std::uint16_t other, std::uint16_t viewer) const {
  sockaddr_in a{};
  socklen_t size = sizeof a;
  const int fd = impl_->pairs[impl_->index(viewer, other)].socket.get();
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) != 0)
    refuse("tell a port's number", "try again");
  return Endpoint::v4(ntohl(a.sin_addr.s_addr), ntohs(a.sin_port));
}

void RelaySockets::take_precedence() {
  // The little that a relay computes must not wait for the slices of encoders. The kernel keeps a
  // share of every processor from such threads (sched(7)), so that nothing is starved by a flood.
  const sched_param first{1};
  if (::sched_setscheduler(0, SCHED_RR, &first) == 0) return;
  // Without the privilege: with EEVDF (Linux 6.12 and later) a short slice interrupts a long one.
  // sched_setattr(2) has no header in glibc 2.36; this is the first of its versions.
  const struct {
    std::uint32_t size = 48, policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = ::getpriority(PRIO_PROCESS, 0);
    std::uint32_t priority = 0;
    std::uint64_t slice_ns = 200'000, deadline = 0, period = 0;
  } attributes;
  static_cast<void>(::syscall(SYS_sched_setattr, 0, &attributes, 0U));
}

void RelaySockets::stop_on_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  impl_->blocked.emplace();
  ::sigprocmask(SIG_BLOCK, &set, &*impl_->blocked);
  impl_->signals = Descriptor{::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)};
  if (impl_->signals.get() < 0) refuse("watch for signals", "raise `ulimit -n`");
  impl_->watch(impl_->signals.get(), kSignals);
}

bool RelaySockets::stopped() const { return impl_->stopped; }
SocketFigures RelaySockets::figures() const { return impl_->figures; }

Timestamp RelaySockets::now() const {
  return timestamp_from_ns(monotonic_ns() - impl_->started_ns);
}

void RelaySockets::wait(Timestamp until) {
  Impl& m = *impl_;
  const std::int64_t at = std::max<std::int64_t>(m.started_ns + to_ns(until), 1);
  const itimerspec when{{}, {at / 1'000'000'000, at % 1'000'000'000}};
  ::timerfd_settime(m.timer.get(), TFD_TIMER_ABSTIME, &when, nullptr);
  const int count =
      ::epoll_wait(m.poller.get(), m.ready.data(), static_cast<int>(m.ready.size()), -1);
  m.ready_count = count > 0 ? static_cast<std::size_t>(count) : 0;  // else: a signal of no concern
  m.ready_at = 0;
}

std::span<const RelaySockets::Received> RelaySockets::receive() {
  Impl& m = *impl_;
  while (m.ready_at < m.ready_count) {
    const std::uint32_t tag = m.ready[m.ready_at++].data.u32;
    if (tag == kTimer) continue;  // the next settime() makes it silent
    if (tag == kSignals) {
      m.stopped = true;
      continue;
    }
    const std::size_t count = m.receive_from(m.pairs[tag]);
    if (count > 0) return {m.received.data(), count};
  }
  return {};
}

std::size_t RelaySockets::Impl::receive_from(Pair& pair) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    vectors[i] = {slots[i].bytes.data(), slots[i].bytes.size()};
    messages[i] = {};
    msghdr& head = messages[i].msg_hdr;
    head.msg_name = &slots[i].from;
    head.msg_namelen = sizeof slots[i].from;
    head.msg_iov = &vectors[i];
    head.msg_iovlen = 1;
    head.msg_control = slots[i].control.data();
    head.msg_controllen = slots[i].control.size();
  }
  const int n = ::recvmmsg(pair.socket.get(), messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  std::size_t count = 0;
  for (int i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (!usable(pair, messages[at], slots[at])) continue;
    received[count++] = {pair.viewer, pair.other,
                         ByteSpan{slots[at].bytes.data(), messages[at].msg_len}};
  }
  return count;
}

bool RelaySockets::Impl::usable(Pair& pair, const mmsghdr& message, const Slot& slot) {
  msghdr head = message.msg_hdr;
  for (cmsghdr* c = CMSG_FIRSTHDR(&head); c != nullptr; c = CMSG_NXTHDR(&head, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL) continue;
    std::uint32_t overrun = 0;
    std::memcpy(&overrun, CMSG_DATA(c), sizeof overrun);
    figures.overrun += overrun - pair.overrun;
    pair.overrun = overrun;
  }
  const sockaddr_in& member = members[pair.viewer];
  if (slot.from.sin_port != member.sin_port ||
      slot.from.sin_addr.s_addr != member.sin_addr.s_addr) {
    ++figures.foreign;
    return false;
  }
  if (message.msg_len > kLongestDatagram) {
    ++figures.oversized;
    return false;
  }
  return true;
}

void RelaySockets::send(std::uint16_t from, std::uint16_t to, ByteSpan datagram) {
  Impl& m = *impl_;
  const sockaddr_in& address = m.members[to];
  const int fd = m.pairs[m.index(to, from)].socket.get();
  if (::sendto(fd, datagram.data(), datagram.size(), MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    ++m.figures.send_failed;
}

}  // namespace diemcau::sim
