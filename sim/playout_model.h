// A loudspeaker without sound: pulls, performs audio actions by their lengths, and tells when a
// frame is heard.
#pragma once

#include <cstdint>

#include "core/mesh/boundary.h"
#include "core/units/time.h"

namespace diemcau::sim {

constexpr Duration kDeviceTick = 10ms;           // a device period of 480 samples
constexpr std::uint32_t kSamplesPerTick = 480;   // at 48 kHz
constexpr std::uint32_t kSamplesPerFrame = 960;  // one Opus frame of 20 ms
// Opus' look-ahead: a sample leaves the decoder 6.5 ms after its place in the frame (RFC 7845 §4.2,
// 312 samples).
constexpr Duration kOpusLookAhead = 6500us;
// One pitch period of 6 ms, the middle of 2.5–12.5 ms, is what a time-stretch cuts out or puts in.
constexpr std::uint32_t kPitchSamples = 288;
// Half the speed, over a few frames.
constexpr std::uint32_t kMostStretch = kSamplesPerFrame;

// The play-out of one origin at one bridge: at the begin of a period the device takes what that
// plays. Times are of the device's own clock. One thread at a time.
class PlayoutModel {
 public:
  // When the first period begins.
  void start(Timestamp first) { next_period_ = first; }
  // What is left for the periods to come: what AudioWanted tells.
  std::uint32_t queued(Timestamp now);
  mesh::AudioPlayed perform(Timestamp now, const mesh::PlayAudio& play);
  // The link is down: what periods find missing until the next frame is nobody's fault.
  void silent() { heard_ = false; }
  // What periods have found missing.
  std::uint64_t underrun_samples() const { return underrun_; }

 private:
  Timestamp next_period_;
  std::uint32_t queued_ = 0;
  bool heard_ = false;
  std::uint64_t underrun_ = 0;
};

}  // namespace diemcau::sim
