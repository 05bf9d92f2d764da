// One second of sound through the jitter buffer: 50 frames in, 50 out, the target at every packet.
#include "core/receive/audio_buffer.h"

#include <benchmark/benchmark.h>

#include "core/base/rng.h"

namespace {

using namespace diemcau;

void buffer_frames(benchmark::State& state) {
  PacketPool pool;
  receive::AudioBuffer buffer;
  Rng rng(1);
  std::int64_t number = 0;
  Timestamp now = timestamp_from_ns(1'000'000'000);
  for (auto _ : state) {
    receive::AudioFrame frame;
    frame.id = number;
    frame.rtp_timestamp = static_cast<std::uint32_t>(number++ * 960);
    frame.packet = pool.take();
    buffer.insert(now + std::chrono::microseconds(rng.below(10'000)), std::move(frame));
    const auto pull = buffer.pull(now + 10ms, 0);
    benchmark::DoNotOptimize(pull);
    buffer.played(pull.step, pull.frame ? 960 : 480);
    now += 20ms;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(buffer_frames);

}  // namespace
