// A node's pacer with one frame and one sound for each of its peers: cost per packet that leaves.
#include "core/send/pacer.h"

#include <benchmark/benchmark.h>

#include "bench/core/media_bench.h"

namespace {

using namespace diemcau;

struct OpenLine final : send::Allowance {
  Bitrate pace() const override { return Bitrate::kbps(1'000'000); }
  Bitrate sound_pace() const override { return Bitrate::kbps(1'000'000); }
  Bitrate pace(PeerId) const override { return Bitrate::kbps(1'000'000); }
  bool window_open(Timestamp, PeerId) const override { return true; }
};

void pace_to_peers(benchmark::State& state) {
  PacketPool pool;
  send::Packetizer pictures(pool), sounds(pool);
  const bench::HiFrame frame;
  const OpenLine line;
  send::Pacer pacer(line);
  const auto peers = static_cast<std::uint16_t>(state.range(0));
  std::int64_t packets = 0;
  Timestamp now = timestamp_from_ns(1'000'000'000);
  for (auto _ : state) {
    const auto video = pictures.video(bench::hi_frame(1), frame.sizes, frame.spans);
    const auto audio = sounds.audio({}, {}, 80);
    for (std::uint16_t peer = 0; peer < peers; ++peer) {
      pacer.enqueue(now, PeerId{peer}, audio);
      pacer.enqueue(now, PeerId{peer}, video);
    }
    while (pacer.queued() > 0) {
      while (auto next = pacer.poll(now)) {
        benchmark::DoNotOptimize(next->packet.payload);
        ++packets;
      }
      if (const auto due = pacer.deadline()) now = std::max(now, *due);
    }
    now += 33ms;
  }
  state.SetItemsProcessed(packets);
}
BENCHMARK(pace_to_peers)->ArgName("peers")->Arg(3)->Arg(10)->Arg(31);

}  // namespace
