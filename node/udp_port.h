// The one UDP port of a bridge: waits with Asio, drains with recvmmsg into pooled packets, sends
// what leaves together with one sendmmsg.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/packet_pool.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace boost::asio {
class io_context;
}

namespace diemcau::node {

// One thread: that of the io_context. Measured choice: async_wait + recvmmsg is the cheapest clean
// receive; a plain sendto beats Asio's send by 10 %, and six datagrams at once half of six sendto
// (bench/node/udp_bench.cc).
class UdpPort {
 public:
  // Called once per datagram of a batch; all of a batch share the time at which they were read.
  using Arrival = std::function<void(Endpoint from, Timestamp received_at, PacketRef packet)>;
  // After the whole batch: the moment to poll outputs.
  using BatchDone = std::function<void()>;

  // Binds `listen`; throws std::system_error (port in use, address not ours).
  UdpPort(boost::asio::io_context& io, PacketPool& packets, Endpoint listen);
  ~UdpPort();
  UdpPort(const UdpPort&) = delete;
  UdpPort& operator=(const UdpPort&) = delete;

  void start(Arrival arrival, BatchDone batch_done);
  void close();
  // Leaves with the next flush(), or before when many are waiting.
  void add(const Endpoint& to, PacketRef datagram);
  void flush();
  // At once.
  void send(const Endpoint& to, ByteSpan datagram);
  std::uint16_t port() const;
  // Refused by the kernel (buffer full, unreachable), or for an IPv6 address that an IPv4 port
  // cannot reach: lost, as on any line.
  std::uint64_t send_failures() const;
  std::uint64_t oversized() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::node
