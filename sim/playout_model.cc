// What a sound device and the audio actions do to the queue of samples, without the samples.
#include "sim/playout_model.h"

#include <algorithm>

namespace diemcau::sim {

std::uint32_t PlayoutModel::queued(Timestamp now) {
  if (now >= next_period_) {
    const std::int64_t begun = (now - next_period_) / kDeviceTick + 1;
    const std::int64_t wanted = begun * kSamplesPerTick;
    const auto taken = static_cast<std::uint32_t>(std::min<std::int64_t>(wanted, queued_));
    if (heard_) underrun_ += static_cast<std::uint64_t>(wanted - taken);
    queued_ -= taken;
    next_period_ += begun * kDeviceTick;
  }
  return queued_;
}

mesh::AudioPlayed PlayoutModel::perform(Timestamp now, const mesh::PlayAudio& play) {
  mesh::AudioPlayed played;
  played.origin = play.origin;
  played.action = play.action;
  const Duration ahead{static_cast<std::int64_t>(queued(now)) * 1'000'000'000 / 48'000};
  played.plays_at = next_period_ + ahead;
  switch (play.action) {
    case mesh::AudioAction::normal: played.samples = kSamplesPerFrame; break;
    case mesh::AudioAction::accelerate: played.samples = kSamplesPerFrame - kPitchSamples; break;
    case mesh::AudioAction::decelerate: played.samples = kSamplesPerFrame + kPitchSamples; break;
    case mesh::AudioAction::stretch: played.samples = kSamplesPerFrame + kMostStretch; break;
    case mesh::AudioAction::expand:
    case mesh::AudioAction::silence: played.samples = kSamplesPerTick; break;
  }
  const bool from_a_frame =
      play.action != mesh::AudioAction::expand && play.action != mesh::AudioAction::silence;
  if (from_a_frame) {
    heard_ = true;
    played.captured_at = play.captured_at;
    played.plays_at += kOpusLookAhead;
  }
  queued_ += played.samples;
  return played;
}

}  // namespace diemcau::sim
