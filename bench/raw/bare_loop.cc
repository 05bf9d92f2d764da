#include "bench/raw/bare_loop.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <thread>

#include "bench/raw/bare_srtp.h"
#include "bench/raw/socket.h"
#include "bench/raw/thread_cpu.h"
#include "bench/raw/waiting.h"
#include "core/base/check.h"
#include "node/clock.h"
#include "node/thread_rank.h"

namespace diemcau::bench {

namespace {

constexpr std::size_t kBatch = 32;  // of recvmmsg, as the node's port
constexpr std::size_t kHeader = 12, kSeal = 16;
constexpr std::uint8_t kMarker = 0x80;  // in the second byte of RTP: the last packet of a picture
using Buffer = std::array<std::uint8_t, 1536>;

std::size_t fitting(std::uint32_t bytes) {
  return std::clamp<std::size_t>(bytes, kHeader, Buffer{}.size() - kSeal);
}

timespec spec_of(Duration d) {
  const auto ns = std::max<std::int64_t>(d.count(), 1);
  return {ns / 1'000'000'000, ns % 1'000'000'000};
}

// The keys of a pair, at both ends.
struct Ways {
  BareSrtp node, peer;
  std::uint64_t sent_by_node = 0, sent_by_peer = 0;
};

struct Meeting {
  explicit Meeting(unsigned peers) {
    for (unsigned i = 0; i < peers; ++i) {
      sockets.push_back(std::make_unique<UdpSocket>());
      by_port[sockets.back()->address().sin_port] = i;
      ways.push_back(std::make_unique<Ways>());
    }
  }
  UdpSocket node;
  std::vector<std::unique_ptr<UdpSocket>> sockets;
  std::map<std::uint16_t, unsigned> by_port;
  std::vector<std::unique_ptr<Ways>> ways;
};

// What has come due of one direction, in its order.
class Departures {
 public:
  Departures(const std::vector<Datagram>& traffic, bool to_node, Duration later)
      : traffic_(traffic), to_node_(to_node), later_(later) {
    skip();
  }
  bool over() const { return next_ == traffic_.size(); }
  Timestamp due() const { return traffic_[next_].at + later_; }
  template <typename Send>
  void leave(Timestamp now, Send&& send) {
    while (!over() && due() <= now) {
      send(traffic_[next_++]);
      skip();
    }
  }

 private:
  void skip() {
    while (next_ < traffic_.size() && traffic_[next_].to_node != to_node_) ++next_;
  }
  const std::vector<Datagram>& traffic_;
  bool to_node_;
  Duration later_;
  std::size_t next_ = 0;
};

class NodeSide {
 public:
  NodeSide(Meeting& meeting, Departures departures)
      : meeting_(meeting),
        departures_(departures),
        timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    DC_CHECK(timer_ >= 0);
    epoll_.add(meeting_.node.fd());
    epoll_.add(timer_);
    epoll_.add(decoded_.fd());
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors_[i] = {buffers_[i].data(), buffers_[i].size()};
      messages_[i].msg_hdr.msg_name = &addresses_[i];
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  ~NodeSide() {
    decoding_ = false;
    picture_.ring();
    decoder_.join();
    ::close(timer_);
  }
  NodeSide(const NodeSide&) = delete;
  NodeSide& operator=(const NodeSide&) = delete;

  void run(Timestamp end) {
    arm(end);
    while (node::monotonic_now() < end) {
      epoll_.wait(nullptr, [this, end](int ready) {
        if (ready == meeting_.node.fd()) return receive();
        if (ready == decoded_.fd()) return decoded_.hear();
        std::uint64_t fired = 0;
        static_cast<void>(!::read(timer_, &fired, sizeof fired));
        send();
        arm(end);
      });
    }
  }

 private:
  void arm(Timestamp end) {
    itimerspec at{};
    const Timestamp next = departures_.over() ? end : std::min(end, departures_.due());
    at.it_value = spec_of(next.time_since_epoch());
    DC_CHECK(::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &at, nullptr) == 0);
  }
  void receive() {
    for (mmsghdr& message : messages_) message.msg_hdr.msg_namelen = sizeof(sockaddr_in);
    const int n = ::recvmmsg(meeting_.node.fd(), messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(i);
      Ways& way = *meeting_.ways[meeting_.by_port.at(addresses_[at].sin_port)];
      way.node.unprotect(buffers_[at].data(), messages_[at].msg_len);
      if ((buffers_[at][1] & kMarker) != 0) picture_.ring();
    }
  }
  void send() {
    departures_.leave(node::monotonic_now(), [this](const Datagram& datagram) {
      Ways& way = *meeting_.ways[datagram.peer];
      write_rtp_header(out_.data(), way.sent_by_node++);
      const std::size_t size = way.node.protect(out_.data(), fitting(datagram.bytes));
      meeting_.node.send(meeting_.sockets[datagram.peer]->address(), {out_.data(), size});
    });
  }

  Meeting& meeting_;
  Departures departures_;
  int timer_;
  Epoll epoll_;
  std::array<Buffer, kBatch> buffers_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> messages_{};
  std::array<sockaddr_in, kBatch> addresses_{};
  Buffer out_{};
  Bell picture_{0}, decoded_{EFD_NONBLOCK};
  std::atomic<bool> decoding_{true};
  std::thread decoder_{[this] {
    node::take_rank(node::ThreadRank::picture, "bare decoder");
    for (picture_.hear(); decoding_; picture_.hear()) decoded_.ring();
  }};
};

// The peers: send when it is time, and throw away what they get.
void run_peers(Meeting& meeting, Departures departures, Timestamp end) {
  const Epoll epoll;
  for (const auto& socket : meeting.sockets) epoll.add(socket->fd());
  Buffer out{}, in{};
  while (true) {
    const Timestamp now = node::monotonic_now();
    if (now >= end) return;
    departures.leave(now, [&](const Datagram& datagram) {
      Ways& way = *meeting.ways[datagram.peer];
      write_rtp_header(out.data(), way.sent_by_peer++);
      if (datagram.ends_picture) out[1] |= kMarker;
      const std::size_t size = way.peer.protect(out.data(), fitting(datagram.bytes));
      meeting.sockets[datagram.peer]->send(meeting.node.address(), {out.data(), size});
    });
    const Timestamp next = departures.over() ? end : std::min(end, departures.due());
    const timespec patience = spec_of(next - node::monotonic_now());
    epoll.wait(&patience, [&in](int ready) { ::recv(ready, in.data(), in.size(), MSG_DONTWAIT); });
  }
}

}  // namespace

Duration carry_bare(const std::vector<Datagram>& traffic, unsigned peers) {
  if (traffic.empty()) return Duration::zero();
  Meeting meeting(peers);
  const Duration later = node::monotonic_now() + 100ms - traffic.front().at;
  const Timestamp end = traffic.back().at + later + 10ms;
  Duration cpu{};
  std::thread node_thread([&] {
    node::take_rank(node::ThreadRank::sound, "bare loop");
    NodeSide side(meeting, {traffic, false, later});
    const Duration before = thread_cpu();
    side.run(end);
    cpu = thread_cpu() - before;
  });
  run_peers(meeting, {traffic, true, later}, end);
  node_thread.join();
  return cpu;
}

}  // namespace diemcau::bench
