#include "bench/raw/socket.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/base/check.h"

namespace diemcau::bench {

UdpSocket::UdpSocket() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  address_.sin_family = AF_INET;
  address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // A datagram that went astray ends the bench instead of hanging it.
  const timeval patience{1, 0};
  socklen_t length = sizeof address_;
  auto* address = reinterpret_cast<sockaddr*>(&address_);
  if (fd_ < 0 || ::bind(fd_, address, length) != 0 || ::getsockname(fd_, address, &length) != 0 ||
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
    throw std::system_error(errno, std::generic_category(), "a UDP socket on loopback");
  }
}

UdpSocket::~UdpSocket() { ::close(fd_); }

void UdpSocket::send(const sockaddr_in& to, ByteSpan datagram) {
  DC_CHECK(::sendto(fd_, datagram.data(), datagram.size(), 0,
                    reinterpret_cast<const sockaddr*>(&to),
                    sizeof to) == static_cast<ssize_t>(datagram.size()));
}

}  // namespace diemcau::bench
