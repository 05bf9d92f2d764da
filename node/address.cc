// Text and bytes of an address (RFC 4291 §2.2, RFC 5952).
#include "node/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace diemcau::node {

std::optional<Endpoint> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view port = text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  Endpoint endpoint;
  const auto read = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (port.empty() || read.ec != std::errc{} || read.ptr != port.data() + port.size())
    return std::nullopt;
  if (host.front() == '[') {
    if (host.back() != ']') return std::nullopt;
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, std::string{host}.c_str(), endpoint.ip.data()) != 1)
      return std::nullopt;
    return endpoint;
  }
  in_addr v4{};
  if (inet_pton(AF_INET, std::string{host}.c_str(), &v4) != 1) return std::nullopt;
  return Endpoint::v4(ntohl(v4.s_addr), endpoint.port);
}

std::string text_of(const Endpoint& endpoint) {
  char host[INET6_ADDRSTRLEN] = {};
  if (endpoint.is_v4()) {
    inet_ntop(AF_INET, endpoint.ip.data() + 12, host, sizeof host);
    return fmt::format("{}:{}", host, endpoint.port);
  }
  inet_ntop(AF_INET6, endpoint.ip.data(), host, sizeof host);
  return fmt::format("[{}]:{}", host, endpoint.port);
}

}  // namespace diemcau::node
