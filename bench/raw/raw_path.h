// What a datagram costs at the very least: one sendto and one recvfrom on loopback, with libsrtp
// around them or without; and what it costs a program that waits for more than one thing.
#pragma once

#include <array>
#include <cstdint>

#include "bench/raw/bare_srtp.h"
#include "bench/raw/socket.h"
#include "bench/raw/waiting.h"

namespace diemcau::bench {

// Two blocking sockets. Send, then receive as many: loopback delivers inside of sendto.
class RawPath {
 public:
  // `size` of the datagram before the seal.
  RawPath(std::size_t size, bool sealed);

  void send(unsigned packets);
  void receive(unsigned packets);
  int receiving_socket() const { return to_.fd(); }

 private:
  std::size_t size_;
  bool sealed_;
  UdpSocket from_, to_;
  std::uint64_t next_ = 0;
  BareSrtp srtp_;
  std::array<std::uint8_t, 1536> buffer_{};
};

// The same with the least that an event loop adds to each burst. After sending: an epoll_wait that
// finds nothing more to do. Receiving: the epoll_wait that tells of it, recvfrom, an eventfd that
// tells another thread's result (a picture that was decoded) with the epoll_wait and the read that
// take it, and an epoll_wait that finds nothing more.
class RawLoop {
 public:
  // `size` as of RawPath; sealed.
  explicit RawLoop(std::size_t size);

  void send(unsigned packets);
  void receive(unsigned packets);

 private:
  RawPath path_;
  Bell done_;
  Epoll sender_, receiver_;
};

// Microseconds of CPU for one packet sealed and sent, and received and opened: bursts of `burst`
// with pauses, as a mesh sends.
struct RawCost {
  double send_us = 0;
  double receive_us = 0;
};
RawCost measure_raw(std::size_t size, unsigned burst, unsigned bursts);

}  // namespace diemcau::bench
