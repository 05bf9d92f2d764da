// What a datagram costs at the very least: one sendto and one recvfrom on loopback, with libsrtp
// around them or without.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>

#include "bench/raw/bare_srtp.h"

namespace diemcau::bench {

// Two blocking sockets. Send, then receive as many: loopback delivers inside of sendto.
class RawPath {
 public:
  // `size` of the datagram before the seal.
  RawPath(std::size_t size, bool sealed);
  ~RawPath();
  RawPath(const RawPath&) = delete;
  RawPath& operator=(const RawPath&) = delete;

  void send(unsigned packets);
  void receive(unsigned packets);

 private:
  std::size_t size_;
  bool sealed_;
  int from_ = -1;
  int to_ = -1;
  sockaddr_in address_{};
  std::uint64_t next_ = 0;
  BareSrtp srtp_;
  std::array<std::uint8_t, 1536> buffer_{};
};

// Microseconds of CPU for one packet sealed and sent, and received and opened: bursts of `burst`
// with pauses, as a mesh sends.
struct RawCost {
  double send_us = 0;
  double receive_us = 0;
};
RawCost measure_raw(std::size_t size, unsigned burst, unsigned bursts);

}  // namespace diemcau::bench
