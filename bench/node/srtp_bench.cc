// What sealing costs: SRTP through the node's seal against bare libsrtp in the same run, and the
// MAC, control and handshake beside it.
#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

#include "bench/raw/bare_srtp.h"
#include "node/secure/pair_mac.h"
#include "node/secure/transport_security.h"

namespace {

using namespace diemcau;
using namespace diemcau::node;
using namespace diemcau::node::secure;

constexpr PeerId kClient{0}, kServer{1};
constexpr Timestamp kNow = timestamp_from_ns(1'000'000'000);

struct Pair {
  PrivateKey a = PrivateKey::generate(), b = PrivateKey::generate();
  std::vector<RosterBridge> roster = {{"a", "A", mesh::Role::central, {}, a.public_key()},
                                      {"b", "B", mesh::Role::member, {}, b.public_key()}};
  TransportSecurity client{Identity{a}, roster}, server{Identity{b}, roster};
  PacketPool pool;

  void agree() {
    auto one = client.make(kServer, mesh::HandshakeRole::client);
    auto other = server.make(kClient, mesh::HandshakeRole::server);
    one->start();
    for (int flight = 0; flight < 2; ++flight) {
      for (const auto& d : one->poll_flight()) other->handle(d);
      for (const auto& d : other->poll_flight()) one->handle(d);
    }
    DC_CHECK(client.has_keys(kServer) && server.has_keys(kClient));
  }
};

// One packet sealed, classified and opened: bytes of RTP as the argument.
void seal_and_open(benchmark::State& state) {
  Pair pair;
  pair.agree();
  const auto size = static_cast<std::size_t>(state.range(0));
  PacketRef p = pair.pool.take();
  std::memset(p->data(), 0x5A, size);
  std::uint64_t n = 0;
  for (auto _ : state) {
    bench::write_rtp_header(p->data(), n++);
    p->set_size(size);
    DC_CHECK(pair.client.seal(kServer, mesh::PacketKind::rtp, *p));
    DC_CHECK(pair.server.open(kNow, kClient, *p).has_value());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(seal_and_open)->Name("srtp/node")->Arg(120)->Arg(1172);

void bare_libsrtp(benchmark::State& state) {
  bench::BareSrtp bare;
  const auto size = static_cast<std::size_t>(state.range(0));
  PacketPool pool;
  PacketRef p = pool.take();
  std::memset(p->data(), 0x5A, size);
  std::uint64_t n = 0;
  for (auto _ : state) {
    bench::write_rtp_header(p->data(), n++);
    const std::size_t sealed = bare.protect(p->data(), size);
    DC_CHECK(bare.unprotect(p->data(), sealed) == size);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(bare_libsrtp)->Name("srtp/libsrtp")->Arg(120)->Arg(1172);

void control(benchmark::State& state) {
  Pair pair;
  pair.agree();
  PacketRef p = pair.pool.take();
  std::memset(p->data(), 0x5A, 200);
  for (auto _ : state) {
    p->set_size(200);
    DC_CHECK(pair.client.seal(kServer, mesh::PacketKind::control, *p));
    DC_CHECK(pair.server.open(kNow, kClient, *p).has_value());
  }
}
BENCHMARK(control)->Name("dtls/control");

void handshake(benchmark::State& state) {
  Pair pair;
  for (auto _ : state) pair.agree();
}
BENCHMARK(handshake)->Name("dtls/handshake-both-ends");

void pair_mac(benchmark::State& state) {
  Pair pair;
  StaticPairMac mac{pair.a, pair.roster, kClient};
  const std::vector<std::uint8_t> message(100, 7);
  for (auto _ : state) benchmark::DoNotOptimize(mac.mac(kServer, message));
}
BENCHMARK(pair_mac)->Name("stun/pair-mac");

// A stranger's packet with a peer's address: what refusing it costs.
void refuse_forgery(benchmark::State& state) {
  Pair pair;
  pair.agree();
  PacketRef p = pair.pool.take();
  std::uint64_t n = 0;
  for (auto _ : state) {
    bench::write_rtp_header(p->data(), n++);
    p->set_size(1172);
    benchmark::DoNotOptimize(pair.server.open(kNow, kClient, *p).has_value());
  }
}
BENCHMARK(refuse_forgery)->Name("srtp/forgery-refused");

}  // namespace
