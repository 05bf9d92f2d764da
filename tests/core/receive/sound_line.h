// A source of sound, a line and a sound device around one AudioBuffer, in virtual time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "core/base/packet_pool.h"
#include "core/receive/audio_buffer.h"

namespace diemcau::receive_test {

using namespace diemcau;
using receive::AudioBuffer;
using receive::AudioFrame;
using receive::AudioStep;

// Frame k is captured at k × 20 ms of the source's clock; the device takes 10 ms every 10 ms and
// asks when it holds less, as a real one does.
class SoundLine {
 public:
  struct Played {
    Timestamp asked_at;
    Timestamp heard_at;
    AudioStep step = AudioStep::silence;
    std::uint32_t samples = 0;
    std::optional<std::int64_t> frame;
    Duration delay{};  // capture → heard
  };
  // How long frame k is on its way; none: lost. More than one: duplicates.
  std::function<std::vector<Duration>(std::int64_t)> way = [](std::int64_t) {
    return std::vector<Duration>{20ms};
  };
  std::int64_t source_ppm = 0;        // the source's clock against ours
  std::uint32_t first_timestamp = 0;  // where the RTP clock starts
  std::function<bool(std::int64_t)> speaks = [](std::int64_t) { return true; };

  PacketPool pool;  // outlives what the buffer holds
  AudioBuffer buffer;
  std::vector<Played> played;
  std::size_t most_packets = 0;

  void run_for(Duration d) {
    for (const Timestamp end = now_ + d; now_ < end; now_ += 1ms) {
      while (captured_at(next_frame_) <= now_) leave(next_frame_++);
      while (!on_the_way_.empty() && on_the_way_.begin()->first <= now_) {
        arrive(on_the_way_.begin()->second, on_the_way_.begin()->first);
        on_the_way_.erase(on_the_way_.begin());
      }
      most_packets = std::max(most_packets, pool.in_use());
      if (to_ms(now_.time_since_epoch()) % 10 == 0) tick();
    }
  }
  Timestamp captured_at(std::int64_t frame) const {
    const std::int64_t ns = frame * 20'000'000;
    return Timestamp{} + Duration{ns - ns / 1'000'000 * source_ppm};
  }
  std::size_t count(AudioStep step, std::size_t from = 0) const {
    std::size_t n = 0;
    for (std::size_t i = from; i < played.size(); ++i) n += played[i].step == step ? 1U : 0U;
    return n;
  }
  Timestamp now() const { return now_; }

 private:
  void leave(std::int64_t frame) {
    if (!speaks(frame)) return;
    for (const Duration d : way(frame)) on_the_way_.emplace(captured_at(frame) + d, frame);
  }
  void arrive(std::int64_t number, Timestamp at) {
    AudioFrame frame;
    frame.id = number;
    frame.rtp_timestamp = first_timestamp + static_cast<std::uint32_t>(number * 960);
    frame.captured_at = captured_at(number);
    frame.packet = pool.take();
    frame.packet->set_size(100);
    frame.payload_size = 100;
    buffer.insert(at, std::move(frame));
  }
  void tick() {
    queued_ -= std::min<std::uint32_t>(queued_, 480);
    if (queued_ >= 480) return;
    auto pull = buffer.pull(now_, queued_);
    Played p;
    p.asked_at = now_;
    p.heard_at = now_ + Duration{std::int64_t{queued_} * 1'000'000 / 48};
    p.step = pull.step;
    switch (pull.step) {
      case AudioStep::normal: p.samples = 960; break;
      case AudioStep::accelerate: p.samples = 720; break;
      case AudioStep::decelerate: p.samples = 1200; break;
      case AudioStep::stretch: p.samples = 1920; break;
      case AudioStep::expand:
      case AudioStep::silence: p.samples = 480; break;
    }
    if (pull.frame) {
      p.frame = pull.frame->id;
      p.delay = p.heard_at - pull.frame->captured_at;
    }
    buffer.played(pull.step, p.samples);
    queued_ += p.samples;
    played.push_back(p);
  }

  Timestamp now_;
  std::int64_t next_frame_ = 0;
  std::multimap<Timestamp, std::int64_t> on_the_way_;
  std::uint32_t queued_ = 0;
};

}  // namespace diemcau::receive_test
