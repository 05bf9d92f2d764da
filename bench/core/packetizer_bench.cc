// Cutting one hi frame into payloads, once for all peers, and giving one peer's packets their
// headers.
#include "core/send/packetizer.h"

#include <benchmark/benchmark.h>

#include "bench/core/media_bench.h"

namespace {

using namespace diemcau;

void packetize_hi_frame(benchmark::State& state) {
  PacketPool pool;
  send::Packetizer packetizer(pool);
  const bench::HiFrame frame;
  const bool elided = state.range(0) != 0;
  std::uint32_t number = 0;
  std::int64_t packets = 0;
  for (auto _ : state) {
    const auto out = packetizer.video(bench::hi_frame(number++), frame.sizes,
                                      elided ? std::span<const ByteSpan>{} : frame.spans);
    packets += static_cast<std::int64_t>(out.size());
  }
  state.SetItemsProcessed(packets);
}
BENCHMARK(packetize_hi_frame)->ArgName("elided")->Arg(0)->Arg(1);

void write_packet_for_a_peer(benchmark::State& state) {
  PacketPool pool;
  send::Packetizer packetizer(pool);
  const bench::HiFrame frame;
  SecretRng rng(1);
  send::StreamSender sender(Ssrc{1}, rng);
  const auto packets = packetizer.video(bench::hi_frame(1), frame.sizes, frame.spans);
  for (auto _ : state) {
    PacketRef out = pool.take();
    sender.write(packets[1], *out);
    benchmark::DoNotOptimize(out->data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(write_packet_for_a_peer);

}  // namespace
