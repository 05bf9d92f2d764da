// What a sound device and the audio actions do to the queue of samples, without the samples.
#include "sim/playout_model.h"

namespace diemcau::sim {

std::uint32_t PlayoutModel::tick() {
  if (!running_) {
    running_ = true;  // the first period begins now; nothing has been taken yet
    return queued_;
  }
  const std::uint32_t taken = queued_ < kSamplesPerTick ? queued_ : kSamplesPerTick;
  underrun_ += kSamplesPerTick - taken;
  queued_ -= taken;
  return queued_;
}

mesh::AudioPlayed PlayoutModel::perform(Timestamp now, const mesh::PlayAudio& play) {
  mesh::AudioPlayed played;
  played.origin = play.origin;
  played.action = play.action;
  const Duration ahead{static_cast<std::int64_t>(queued_) * 1'000'000'000 / 48'000};
  played.plays_at = now + ahead;
  switch (play.action) {
    case mesh::AudioAction::normal:
    case mesh::AudioAction::redundant: played.samples = kSamplesPerFrame; break;
    case mesh::AudioAction::accelerate: played.samples = kSamplesPerFrame - kPitchSamples; break;
    case mesh::AudioAction::decelerate: played.samples = kSamplesPerFrame + kPitchSamples; break;
    case mesh::AudioAction::stretch: played.samples = kSamplesPerFrame + kMostStretch; break;
    case mesh::AudioAction::expand:
    case mesh::AudioAction::silence: played.samples = kSamplesPerTick; break;
  }
  const bool from_a_frame =
      play.action != mesh::AudioAction::expand && play.action != mesh::AudioAction::silence;
  if (from_a_frame) {
    played.captured_at = play.captured_at;
    played.plays_at += kOpusLookAhead;
  }
  queued_ += played.samples;
  return played;
}

}  // namespace diemcau::sim
