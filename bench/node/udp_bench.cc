// CPU of one packet from core to core over loopback, against the bare sum of sendto, recvfrom and
// libsrtp that is measured between the same bursts.
#include <benchmark/benchmark.h>

#include <boost/asio/io_context.hpp>
#include <thread>
#include <vector>

#include "bench/mesh/loopback_pair.h"
#include "bench/raw/raw_path.h"
#include "bench/raw/thread_cpu.h"
#include "node/clock.h"
#include "node/udp_port.h"

namespace diemcau::bench {
namespace {

// Bursts come a millisecond apart: caches are as cold as between the frames of a meeting of 32.
constexpr Duration kPause = 1ms;
constexpr int kBursts = 1000;

// Costs of both ways, burst by burst in turn.
struct Costs {
  Duration raw_send{}, raw_receive{}, node_send{}, node_receive{};

  // Whoever comes first after the pause finds the caches cold: they take turns.
  void burst(RawPath& raw, unsigned packets, auto&& send, auto&& receive) {
    raw_first = !raw_first;
    const auto bare = [&] {
      raw_send += cpu_of([&] { raw.send(packets); });
      raw_receive += cpu_of([&] { raw.receive(packets); });
    };
    if (raw_first) bare();
    const Duration sent = cpu_of(send), received = cpu_of(receive);
    if (!raw_first) bare();
    node_send += sent;
    node_receive += received;
    last = sent + received;
  }
  void tell(benchmark::State& state, std::uint64_t packets) const {
    const auto each = [packets](Duration d) { return to_us(d) / static_cast<double>(packets); };
    state.counters["raw_send_us"] = each(raw_send);
    state.counters["raw_receive_us"] = each(raw_receive);
    state.counters["node_send_us"] = each(node_send);
    state.counters["node_receive_us"] = each(node_receive);
    state.counters["ratio"] = each(node_send + node_receive) / each(raw_send + raw_receive);
  }
  Duration last{};
  bool raw_first = false;
};

double seconds(Duration d) { return to_us(d) / 1e6; }

// The port alone: Asio's wait, recvmmsg and sendto against sendto and recvfrom.
void port(benchmark::State& state) {
  const auto packets = static_cast<unsigned>(state.range(0));
  const std::vector<std::uint8_t> datagram(static_cast<std::size_t>(state.range(1)), 0x5A);
  RawPath raw(datagram.size(), false);
  boost::asio::io_context io{1};
  PacketPool pool;
  constexpr std::uint32_t kLoopback = 0x7F00'0001;
  node::UdpPort from(io, pool, Endpoint::v4(kLoopback, 0)),
      to(io, pool, Endpoint::v4(kLoopback, 0));
  std::uint64_t arrived = 0, sent = 0;
  to.start([&arrived](const Endpoint&, Timestamp, PacketRef) { ++arrived; }, [] {});
  const Endpoint address = Endpoint::v4(kLoopback, to.port());
  io.poll();
  Costs costs;
  for (auto _ : state) {
    costs.burst(
        raw, packets,
        [&] {
          for (unsigned i = 0; i < packets; ++i) sent += from.send(address, datagram) ? 1U : 0U;
        },
        [&] { io.poll(); });
    state.SetIterationTime(seconds(costs.last));
    std::this_thread::sleep_for(kPause);
  }
  if (arrived != sent) state.SkipWithError("datagrams were lost on loopback");
  costs.tell(state, sent);
}
BENCHMARK(port)
    ->Name("udp/port")
    ->Args({6, 1172})
    ->Args({1, 120})
    ->UseManualTime()
    ->Iterations(kBursts);

// The whole way of a frame of `packets` NAL units: bridge, pacer, seal, port; port, opening,
// assembly, DecodeFrame. Feedback, checks and timers of both bridges are inside.
void path(benchmark::State& state) {
  const auto packets = static_cast<unsigned>(state.range(0));
  const auto nal_bytes = static_cast<std::size_t>(state.range(1));
  std::uint64_t frames_out = 0;
  LoopbackPair pair([&](const mesh::Output& output) {
    if (const auto* frame = std::get_if<mesh::DecodeFrame>(&output)) {
      ++frames_out;
      pair.receiver.loop().post(
          mesh::FrameDecoded{frame->stream, frame->frame_number, true, Duration::zero()});
    }
  });
  const std::vector<std::uint8_t> nal(nal_bytes, 0x41);
  const std::vector<mesh::NalUnit> nals(packets,
                                        {nal.data(), static_cast<std::uint32_t>(nal_bytes)});
  // RTP header with our extensions: 36 bytes.
  RawPath raw(nal_bytes + 36, true);
  std::uint32_t n = 0;
  Costs costs;
  for (auto _ : state) {
    mesh::VideoEncoded frame;
    frame.captured_at = node::monotonic_now();
    frame.frame_number = n;
    frame.key = n == 0;
    frame.newest_needed = frame.oldest_needed = n == 0 ? 0 : n - 1;
    frame.nals = nals;
    ++n;
    costs.burst(
        raw, packets,
        [&] {
          pair.sender_io.poll();
          pair.sender.loop().step(frame);
        },
        [&] { pair.receiver_io.poll(); });
    state.SetIterationTime(seconds(costs.last));
    std::this_thread::sleep_for(kPause);
  }
  pair.receiver_io.poll();
  if (frames_out + 1 < n) state.SkipWithError("frames were lost on loopback");
  costs.tell(state, std::uint64_t{n} * packets);
}
BENCHMARK(path)
    ->Name("udp/path")
    ->Args({6, 1100})
    ->Args({1, 100})
    ->UseManualTime()
    ->Iterations(kBursts);

}  // namespace
}  // namespace diemcau::bench
