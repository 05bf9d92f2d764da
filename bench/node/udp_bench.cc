// CPU of one packet from core to core over loopback, against the bare sum of sendto, recvfrom and
// libsrtp that is measured between the same bursts, and against that sum in a bare event loop.
#include <benchmark/benchmark.h>

#include <boost/asio/io_context.hpp>
#include <optional>
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
// From bridge to bridge a frame takes as long as the pacer spreads it.
constexpr int kFrames = 150, kFirstFrames = 60;
// A busy machine holds frames up until the pacer drops them: these are not measured.
constexpr int kMostMissed = 300;

// Costs of all ways, burst by burst in turn.
struct Costs {
  Duration raw_send{}, raw_receive{}, node_send{}, node_receive{};
  Duration loop{};  // both ends

  // Whoever comes first after the pause finds the caches cold: they take turns.
  // `carry` gives the CPU of both ends.
  void burst(RawPath& raw, unsigned packets, auto&& carry) {
    raw_first = !raw_first;
    const auto bare = [&] {
      raw_send += cpu_of([&] { raw.send(packets); });
      raw_receive += cpu_of([&] { raw.receive(packets); });
    };
    if (raw_first) bare();
    const LoopbackPair::Cost cost = carry();
    if (!raw_first) bare();
    node_send += cost.sender;
    node_receive += cost.receiver;
    last = cost.sender + cost.receiver;
  }
  void burst(RawLoop& bare, unsigned packets) {
    loop += cpu_of([&] { bare.send(packets); });
    loop += cpu_of([&] { bare.receive(packets); });
  }
  void tell(benchmark::State& state, std::uint64_t packets) const {
    const auto each = [packets](Duration d) { return to_us(d) / static_cast<double>(packets); };
    state.counters["raw_send_us"] = each(raw_send);
    state.counters["raw_receive_us"] = each(raw_receive);
    state.counters["node_send_us"] = each(node_send);
    state.counters["node_receive_us"] = each(node_receive);
    state.counters["ratio"] = each(node_send + node_receive) / each(raw_send + raw_receive);
    if (loop == Duration::zero()) return;
    state.counters["loop_us"] = each(loop);
    state.counters["ratio_to_loop"] = each(node_send + node_receive) / each(loop);
  }
  Duration last{};
  bool raw_first = false;
};

double seconds(Duration d) { return to_us(d) / 1e6; }

// The port alone: Asio's wait, recvmmsg and sendmmsg against sendto and recvfrom.
void port(benchmark::State& state) {
  const auto packets = static_cast<unsigned>(state.range(0));
  const auto bytes = static_cast<std::size_t>(state.range(1));
  RawPath raw(bytes, false);
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
    costs.burst(raw, packets, [&] {
      const Duration send = cpu_of([&] {
        for (unsigned i = 0; i < packets; ++i, ++sent) {
          PacketRef datagram = pool.take();
          datagram->set_size(bytes);
          from.add(address, std::move(datagram));
        }
        from.flush();
      });
      return LoopbackPair::Cost{send, cpu_of([&] { io.poll(); })};
    });
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
class FramePath {
 public:
  FramePath(unsigned packets, std::size_t nal_bytes)
      : nal_(nal_bytes, 0x41),
        nals_(packets, {nal_.data(), static_cast<std::uint32_t>(nal_bytes)}) {}

  // The next frame; one that leans on nothing after one that was lost.
  LoopbackPair::Cost carry() {
    mesh::VideoEncoded frame;
    frame.captured_at = node::monotonic_now();
    frame.frame_number = number_;
    frame.key = number_ == 0 || !came();
    frame.newest_needed = frame.oldest_needed = frame.key ? number_ : number_ - 1;
    frame.nals = nals_;
    sent_ = number_++;
    const Duration step = cpu_of([&] { pair_.sender.loop().step(frame); });
    LoopbackPair::Cost cost = pair_.carry([this] { return came(); });
    cost.sender += step;
    return cost;
  }
  bool came() const { return newest_ == sent_; }

 private:
  void see(const mesh::Output& output) {
    const auto* frame = std::get_if<mesh::DecodeFrame>(&output);
    if (frame == nullptr) return;
    newest_ = frame->frame_number;
    pair_.receiver.loop().post(
        mesh::FrameDecoded{frame->stream, frame->frame_number, true, Duration::zero()});
  }

  std::uint32_t number_ = 0, sent_ = 0;
  std::optional<std::uint32_t> newest_;  // that came out
  LoopbackPair pair_{[this](const mesh::Output& output) { see(output); }};
  std::vector<std::uint8_t> nal_;
  std::vector<mesh::NalUnit> nals_;
};

void path(benchmark::State& state) {
  const auto packets = static_cast<unsigned>(state.range(0));
  const auto nal_bytes = static_cast<std::size_t>(state.range(1));
  FramePath frames(packets, nal_bytes);
  for (int i = 0; i < kFirstFrames; ++i) frames.carry();
  // RTP header with our extensions: 36 bytes.
  RawPath raw(nal_bytes + 36, true);
  RawLoop loop(nal_bytes + 36);
  Costs costs;
  int missed = 0;
  for (auto _ : state) {
    Costs with;
    do {
      with = costs;
      with.burst(raw, packets, [&] { return frames.carry(); });
      std::this_thread::sleep_for(kPause);
      with.burst(loop, packets);
      std::this_thread::sleep_for(kPause);
    } while (!frames.came() && missed++ < kMostMissed);
    costs = with;
    state.SetIterationTime(seconds(costs.last));
  }
  if (missed > kMostMissed) state.SkipWithError("frames did not come through");
  costs.tell(state, std::uint64_t{kFrames} * packets);
}
BENCHMARK(path)
    ->Name("udp/path")
    ->Args({6, 1100})
    ->Args({1, 100})
    ->UseManualTime()
    ->Iterations(kFrames);

}  // namespace
}  // namespace diemcau::bench
