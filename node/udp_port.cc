// recvmmsg and sendmmsg on the native handle of an Asio socket; the kernel writes straight into
// pooled packets and reads straight out of them.
#include "node/udp_port.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>

#include "node/clock.h"

namespace diemcau::node {

namespace asio = boost::asio;

namespace {
constexpr std::size_t kBatch = 32;
// A second of ten 1.5 Mbit/s streams: what may wait while the thread is away for long.
constexpr int kSocketBufferBytes = 2 * 1024 * 1024;
constexpr std::size_t kLongestDatagram = 1472;  // what an Ethernet path can carry; ours are ≤ 1,232

sockaddr_storage to_sockaddr(const Endpoint& e, bool v6_socket, socklen_t& size) {
  sockaddr_storage storage{};
  if (!v6_socket) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(e.port);
    std::memcpy(&v4.sin_addr, e.ip.data() + 12, 4);
    std::memcpy(&storage, &v4, sizeof v4);
    size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(e.port);
    std::memcpy(&v6.sin6_addr, e.ip.data(), 16);
    std::memcpy(&storage, &v6, sizeof v6);
    size = sizeof v6;
  }
  return storage;
}

Endpoint from_sockaddr(const sockaddr_storage& storage) {
  Endpoint e;
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    return Endpoint::v4(ntohl(v4.sin_addr.s_addr), ntohs(v4.sin_port));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &storage, sizeof v6);
  std::memcpy(e.ip.data(), &v6.sin6_addr, 16);
  e.port = ntohs(v6.sin6_port);
  return e;
}

// Datagrams that leave together.
class Departing {
 public:
  bool full() const { return count_ == kBatch; }
  void add(const Endpoint& to, bool v6_socket, PacketRef datagram) {
    PacketRef& packet = packets_[count_] = std::move(datagram);
    vectors_[count_] = {packet->data(), packet->present()};
    mmsghdr& message = messages_[count_];
    message.msg_hdr.msg_name = &addresses_[count_];
    message.msg_hdr.msg_iov = &vectors_[count_];
    message.msg_hdr.msg_iovlen = 1;
    addresses_[count_++] = to_sockaddr(to, v6_socket, message.msg_hdr.msg_namelen);
  }
  // How many the kernel did not take. It stops at each of them, and the rest goes on behind it.
  std::uint64_t leave(int socket) {
    std::uint64_t refused = 0;
    for (std::size_t gone = 0; gone < count_;) {
      const int n =
          ::sendmmsg(socket, &messages_[gone], static_cast<unsigned>(count_ - gone), MSG_DONTWAIT);
      if (n > 0) {
        gone += static_cast<std::size_t>(n);
      } else {
        ++gone;
        ++refused;
      }
    }
    while (count_ > 0) packets_[--count_] = {};
    return refused;
  }

 private:
  std::size_t count_ = 0;
  std::array<PacketRef, kBatch> packets_;
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> messages_{};
  std::array<sockaddr_storage, kBatch> addresses_{};
};
}  // namespace

struct UdpPort::Impl {
  Impl(asio::io_context& io, PacketPool& pool) : packets(pool), socket(io) {}

  void wait() {
    socket.async_wait(asio::ip::udp::socket::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error) return;  // closed
                        drain();
                        if (socket.is_open()) wait();
                      });
  }

  // At most a few batches per wake-up, so that timers get their turn under a flood.
  void drain() {
    for (int round = 0; round < 4; ++round) {
      while (used > 0) make_room(--used);
      const int n =
          recvmmsg(socket.native_handle(), messages.data(), kBatch, MSG_DONTWAIT, nullptr);
      if (n <= 0) break;
      used = static_cast<std::size_t>(n);
      const Timestamp now = monotonic_now();
      for (std::size_t i = 0; i < used; ++i) {
        PacketRef packet = std::move(slots[i]);
        if (messages[i].msg_len > kLongestDatagram ||
            (messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
          ++oversized;
          continue;
        }
        packet->set_size(messages[i].msg_len);
        arrival(from_sockaddr(addresses[i]), now, std::move(packet));
      }
      if (used < kBatch) break;
    }
    batch_done();
  }

  void make_room(std::size_t i) {
    if (!slots[i]) slots[i] = packets.take();
    vectors[i] = {slots[i]->data(), slots[i]->capacity()};
    messages[i].msg_hdr = {};
    messages[i].msg_hdr.msg_name = &addresses[i];
    messages[i].msg_hdr.msg_namelen = sizeof addresses[i];
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }

  // The end of an IPv6 address would be somebody's IPv4 address.
  bool reaches(const Endpoint& to) {
    if (v6 || to.is_v4()) return true;
    ++send_failures;
    return false;
  }

  PacketPool& packets;
  asio::ip::udp::socket socket;
  bool v6 = false;
  Arrival arrival;
  BatchDone batch_done;
  // Of the slots, the first that have been used and need a new packet: a lone datagram touches no
  // others, of which most would have left the caches.
  std::size_t used = kBatch;
  std::array<PacketRef, kBatch> slots;
  std::array<iovec, kBatch> vectors{};
  std::array<mmsghdr, kBatch> messages{};
  std::array<sockaddr_storage, kBatch> addresses{};
  std::uint64_t send_failures = 0;
  std::uint64_t oversized = 0;
  Departing departing;
};

UdpPort::UdpPort(asio::io_context& io, PacketPool& packets, Endpoint listen)
    : impl_(std::make_unique<Impl>(io, packets)) {
  impl_->v6 = !listen.is_v4();
  boost::system::error_code failed;
  impl_->socket.open(impl_->v6 ? asio::ip::udp::v6() : asio::ip::udp::v4(), failed);
  if (impl_->v6 && !failed) impl_->socket.set_option(asio::ip::v6_only(false), failed);
  if (failed) throw std::system_error(failed.value(), std::generic_category());
  boost::system::error_code ignored;  // a smaller buffer than asked for is no reason not to start
  impl_->socket.set_option(asio::socket_base::receive_buffer_size(kSocketBufferBytes), ignored);
  impl_->socket.set_option(asio::socket_base::send_buffer_size(kSocketBufferBytes), ignored);
  socklen_t size = 0;
  const sockaddr_storage address = to_sockaddr(listen, impl_->v6, size);
  if (::bind(impl_->socket.native_handle(), reinterpret_cast<const sockaddr*>(&address), size) !=
      0) {
    throw std::system_error(errno, std::generic_category());
  }
  impl_->socket.native_non_blocking(true);
}

UdpPort::~UdpPort() { close(); }

void UdpPort::start(Arrival arrival, BatchDone batch_done) {
  impl_->arrival = std::move(arrival);
  impl_->batch_done = std::move(batch_done);
  impl_->wait();
}

void UdpPort::close() {
  boost::system::error_code ignored;
  impl_->socket.close(ignored);
}

void UdpPort::add(const Endpoint& to, PacketRef datagram) {
  if (!impl_->reaches(to)) return;
  if (impl_->departing.full()) flush();
  impl_->departing.add(to, impl_->v6, std::move(datagram));
}

void UdpPort::flush() {
  impl_->send_failures += impl_->departing.leave(impl_->socket.native_handle());
}

void UdpPort::send(const Endpoint& to, ByteSpan datagram) {
  if (!impl_->reaches(to)) return;
  socklen_t size = 0;
  const sockaddr_storage address = to_sockaddr(to, impl_->v6, size);
  if (::sendto(impl_->socket.native_handle(), datagram.data(), datagram.size(), MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&address), size) < 0) {
    ++impl_->send_failures;
  }
}

std::uint16_t UdpPort::port() const { return impl_->socket.local_endpoint().port(); }
std::uint64_t UdpPort::send_failures() const { return impl_->send_failures; }
std::uint64_t UdpPort::oversized() const { return impl_->oversized; }

}  // namespace diemcau::node
