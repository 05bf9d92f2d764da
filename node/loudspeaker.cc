// Actions as core asks for them; lengths as they really come out.
#include "node/loudspeaker.h"

#include <algorithm>
#include <array>

namespace diemcau::node {

namespace {

// Concealment and silence come in the device's own step, so that a frame that arrives meanwhile is
// heard 10 ms later at most.
constexpr std::array<std::int16_t, kTickSamples> kSilence{};
// Five seconds: nobody asks for so much; a bound all the same.
constexpr std::uint32_t kMostQueued = 240'000;
constexpr std::size_t kMostMarkers = 512;

Duration duration_of(std::uint64_t samples) {
  return Duration{static_cast<std::int64_t>(samples) * 1'000'000'000 / 48'000};
}

codecs::Stretch stretch_of(mesh::AudioAction action) {
  if (action == mesh::AudioAction::accelerate) return codecs::Stretch::accelerate;
  if (action == mesh::AudioAction::decelerate) return codecs::Stretch::decelerate;
  if (action == mesh::AudioAction::stretch) return codecs::Stretch::most;
  return codecs::Stretch::none;
}

}  // namespace

mesh::AudioPlayed Loudspeaker::perform(PeerId origin, mesh::AudioAction action,
                                       std::optional<Timestamp> captured_at, ByteSpan packet,
                                       Timestamp next_tick) {
  mesh::AudioPlayed played;
  played.origin = origin;
  const std::uint64_t position = played_ + queued();
  played.plays_at = next_tick + duration_of(queued());
  codecs::Samples samples{kSilence};
  bool from_packet = false;
  if (action != mesh::AudioAction::silence && action != mesh::AudioAction::expand) {
    const auto decoded = decoder_.decode(packet);
    if (decoded) {
      samples = *decoded;
      from_packet = true;
    } else {
      ++decode_errors_;
      action = mesh::AudioAction::expand;
    }
  }
  if (action == mesh::AudioAction::expand) samples = decoder_.conceal(kTickSamples);
  if (action != mesh::AudioAction::silence) samples = stretch_.process(samples, stretch_of(action));
  if (queued() + samples.size() > kMostQueued) samples = {};
  played.action = action;
  played.samples = static_cast<std::uint32_t>(samples.size());
  Marker marker{position, {0, action, std::nullopt}};
  if (from_packet) {
    // The sound of the capture time comes out of the decoder only after the codec's lookahead.
    marker.position += codecs::kOpusPreSkip;
    marker.frame.captured_at = played.captured_at = captured_at;
    played.plays_at += duration_of(codecs::kOpusPreSkip);
  }
  append(samples);
  if (markers_.size() < kMostMarkers && !samples.empty()) markers_.push_back(marker);
  return played;
}

void Loudspeaker::append(codecs::Samples samples) {
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
  waiting_.insert(waiting_.end(), samples.begin(), samples.end());
}

Loudspeaker::Tick Loudspeaker::take() {
  const std::size_t real = std::min<std::size_t>(queued(), kTickSamples);
  const auto from = waiting_.begin() + static_cast<std::ptrdiff_t>(taken_);
  std::copy_n(from, real, tick_.begin());
  std::fill(tick_.begin() + static_cast<std::ptrdiff_t>(real), tick_.end(), std::int16_t{0});
  taken_ += real;
  tick_frames_.clear();
  while (!markers_.empty() && markers_.front().position < played_ + kTickSamples) {
    PlayedFrame frame = markers_.front().frame;
    const std::uint64_t at = markers_.front().position;
    frame.offset = static_cast<std::uint32_t>(at > played_ ? at - played_ : 0);
    tick_frames_.push_back(frame);
    markers_.pop_front();
  }
  played_ += kTickSamples;
  return {tick_, tick_frames_, kTickSamples - static_cast<std::uint32_t>(real)};
}

}  // namespace diemcau::node
