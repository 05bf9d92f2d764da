// Real sockets on loopback.
#include "node/udp_port.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <system_error>
#include <vector>

#include "node/clock.h"

namespace diemcau::node {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct Heard {
  Endpoint from;
  Timestamp at;
  Bytes bytes;
};

struct End {
  explicit End(boost::asio::io_context& io, Endpoint listen = Endpoint::v4(0x7F00'0001, 0))
      : port(io, packets, listen) {
    port.start(
        [this](Endpoint from, Timestamp at, PacketRef packet) {
          heard.push_back({from, at, Bytes(packet->bytes().begin(), packet->bytes().end())});
        },
        [this] { ++batches; });
  }
  ~End() { port.close(); }
  Endpoint address() const { return Endpoint::v4(0x7F00'0001, port.port()); }
  PacketPool packets;
  UdpPort port;
  std::vector<Heard> heard;
  std::size_t batches = 0;
};

template <typename Condition>
bool run_until(boost::asio::io_context& io, Condition condition) {
  const Timestamp limit = monotonic_now() + 5s;
  while (!condition() && monotonic_now() < limit) io.run_one_for(std::chrono::milliseconds(100));
  return condition();
}

Bytes datagram(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(size + 7 * i);
  return bytes;
}

}  // namespace

TEST_CASE(
    "datagrams of every length up to our own largest arrive whole, in order, with their sender",
    "[udp]") {
  boost::asio::io_context io{1};
  End a(io), b(io);
  const Timestamp before = monotonic_now();
  for (std::size_t size = 0; size <= 1232; ++size) {
    a.port.send(b.address(), datagram(size));
    if (size % 64 == 0) REQUIRE(run_until(io, [&] { return b.heard.size() == size + 1; }));
  }
  REQUIRE(run_until(io, [&] { return b.heard.size() == 1233; }));
  for (std::size_t size = 0; size <= 1232; ++size) {
    CAPTURE(size);
    REQUIRE(b.heard[size].bytes == datagram(size));
    REQUIRE(b.heard[size].from == a.address());
    REQUIRE(b.heard[size].at >= before);
    REQUIRE(b.heard[size].at <= monotonic_now());
  }
  CHECK(b.batches > 0);
  CHECK(b.port.oversized() == 0);
  CHECK(a.heard.empty());
}

TEST_CASE("datagrams that no path of ours carries are counted and not handed on", "[udp]") {
  boost::asio::io_context io{1};
  End a(io), b(io);
  // An Ethernet frame holds 1,472 bytes of UDP payload; the pool's buffers hold 1,536.
  for (const std::size_t size : {1472U, 1473U, 1536U, 1537U, 9000U, 65507U}) {
    a.port.send(b.address(), datagram(size));
  }
  a.port.send(b.address(), datagram(3));
  REQUIRE(run_until(io, [&] { return b.heard.size() == 2; }));
  CHECK(b.heard[0].bytes == datagram(1472));
  CHECK(b.heard[1].bytes == datagram(3));
  CHECK(b.port.oversized() == 5);
}

TEST_CASE("buffers of datagrams come back to the pool", "[udp]") {
  boost::asio::io_context io{1};
  End a(io), b(io);
  for (std::size_t n = 1; n <= 2000; ++n) {
    a.port.send(b.address(), datagram(100));
    if (n % 50 == 0) REQUIRE(run_until(io, [&] { return b.heard.size() == n; }));
  }
  // Those that the next batch is read into.
  CHECK(b.packets.in_use() <= 32);
  CHECK(b.packets.total() <= 128);
}

TEST_CASE("what the kernel refuses to send is counted", "[udp]") {
  boost::asio::io_context io{1};
  End a(io);
  a.port.send(a.address(), datagram(65'508));
  CHECK(a.port.send_failures() == 1);
}

TEST_CASE("datagrams that leave together arrive whole and in order, each at its own address",
          "[udp]") {
  boost::asio::io_context io{1};
  End a(io), b(io), c(io);
  constexpr std::size_t kMany = 70;  // more than two batches
  for (std::size_t size = 0; size < kMany; ++size) {
    PacketRef packet = a.packets.take();
    const Bytes bytes = datagram(size);
    std::copy(bytes.begin(), bytes.end(), packet->data());
    packet->set_size(size);
    a.port.add(size % 3 == 0 ? c.address() : b.address(), std::move(packet));
  }
  a.port.flush();
  REQUIRE(run_until(io, [&] { return b.heard.size() + c.heard.size() == kMany; }));
  for (std::size_t size = 0, at_b = 0, at_c = 0; size < kMany; ++size) {
    CAPTURE(size);
    REQUIRE((size % 3 == 0 ? c.heard.at(at_c++) : b.heard.at(at_b++)).bytes == datagram(size));
  }
  CHECK(a.port.send_failures() == 0);
  // Only what it would read into is still out.
  CHECK(a.packets.in_use() <= 32);
}

TEST_CASE("a datagram that the kernel refuses costs none of those that leave with it", "[udp]") {
  boost::asio::io_context io{1};
  End a(io), b(io);
  const auto add = [&](const Endpoint& to, std::size_t size) {
    PacketRef packet = a.packets.take();
    packet->set_size(size);
    a.port.add(to, std::move(packet));
  };
  Endpoint nowhere = b.address();
  nowhere.port = 0;
  for (const std::size_t size : {10U, 20U, 30U}) {
    add(nowhere, size);
    add(b.address(), size);
  }
  add(nowhere, 40);
  a.port.flush();
  REQUIRE(run_until(io, [&] { return b.heard.size() == 3; }));
  CHECK(b.heard[2].bytes.size() == 30);
  CHECK(a.port.send_failures() == 4);
}

TEST_CASE("an IPv4 port sends nothing to an IPv6 address, and counts it", "[udp]") {
  boost::asio::io_context io{1};
  End a(io), b(io);
  Endpoint v6 = b.address();
  v6.ip[10] = v6.ip[11] = 0;  // ::127.0.0.1
  PacketRef packet = a.packets.take();
  packet->set_size(10);
  a.port.add(v6, std::move(packet));
  a.port.send(v6, datagram(10));
  a.port.flush();
  a.port.send(b.address(), datagram(11));
  REQUIRE(run_until(io, [&] { return b.heard.size() == 1; }));
  CHECK(b.heard[0].bytes == datagram(11));
  CHECK(a.port.send_failures() == 2);
}

TEST_CASE("a port in use is an error that says so", "[udp]") {
  boost::asio::io_context io{1};
  End a(io);
  PacketPool packets;
  try {
    UdpPort second(io, packets, a.address());
    FAIL("two sockets on one port");
  } catch (const std::system_error& error) {
    CHECK(error.code() == std::errc::address_in_use);
  }
}

TEST_CASE("a port on all IPv6 addresses talks to IPv4 as well", "[udp]") {
  boost::asio::io_context io{1};
  End v4(io);
  Endpoint any;  // ::, port 0
  End both(io, any);
  v4.port.send(both.address(), datagram(10));
  REQUIRE(run_until(io, [&] { return both.heard.size() == 1; }));
  CHECK(both.heard[0].from == v4.address());
  both.port.send(v4.address(), datagram(11));
  REQUIRE(run_until(io, [&] { return v4.heard.size() == 1; }));
  CHECK(v4.heard[0].from == both.address());
}

}  // namespace diemcau::node
