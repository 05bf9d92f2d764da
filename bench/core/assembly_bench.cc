// From parsed packets to Annex B frames: cost per packet, in order and with neighbours swapped.
#include "core/receive/assembly.h"

#include <benchmark/benchmark.h>
#include <utility>

#include "bench/core/media_bench.h"

namespace {

using namespace diemcau;

void assemble_hi_frames(benchmark::State& state) {
  PacketPool pool;
  FramePool frames;
  send::Packetizer packetizer(pool);
  const bench::HiFrame frame;
  SecretRng rng(1);
  send::StreamSender sender(Ssrc{1}, rng);
  receive::Assembly assembly(frames);
  SeqUnwrapper unwrapper;
  const bool swapped = state.range(0) != 0;
  std::uint32_t number = 0;
  std::int64_t packets = 0, whole = 0;
  std::vector<PacketRef> arriving;
  for (auto _ : state) {
    state.PauseTiming();
    arriving.clear();
    for (const auto& p : packetizer.video(bench::hi_frame(number++), frame.sizes, frame.spans)) {
      arriving.push_back(pool.take());
      sender.write(p, *arriving.back());
    }
    if (swapped) std::swap(arriving[1], arriving[2]);
    const Timestamp now = timestamp_from_ns(1'000'000'000) + number * Duration{33ms};
    state.ResumeTiming();
    for (PacketRef& p : arriving) {
      const auto rtp = wire::parse_rtp(p->bytes());
      assembly.insert(now, unwrapper.unwrap(rtp->header.seq), *rtp, std::move(p));
      ++packets;
    }
    while (assembly.poll()) ++whole;
  }
  if (whole != state.iterations()) state.SkipWithError("not every frame came out");
  state.SetItemsProcessed(packets);
}
BENCHMARK(assemble_hi_frames)->ArgName("swapped")->Arg(0)->Arg(1);

}  // namespace
