// A UDP socket on loopback and nothing else.
#pragma once

#include <netinet/in.h>

#include "core/base/byte_reader.h"

namespace diemcau::bench {

// On a free port of 127.0.0.1; throws std::system_error.
class UdpSocket {
 public:
  UdpSocket();
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  int fd() const { return fd_; }
  const sockaddr_in& address() const { return address_; }
  // A datagram that the kernel does not take ends the bench.
  void send(const sockaddr_in& to, ByteSpan datagram);

 private:
  int fd_ = -1;
  sockaddr_in address_{};
};

}  // namespace diemcau::bench
