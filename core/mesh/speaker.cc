// Counts, a sliding second and one comparison ten times a second.
#include "core/mesh/speaker.h"

#include <algorithm>
#include <utility>

namespace diemcau::mesh {

namespace {
constexpr Duration kLookEvery = 100ms;
// Speech pauses between phrases, so that within two epochs the room alone is heard.
constexpr Duration kEpoch = 5s;
// Stationary noise moves by 2 to 3 dB from frame to frame of 20 ms.
constexpr std::uint8_t kClearlyAbove = 5;
// Louder is not more of a speaker: what counts is who speaks, not who shouts.
constexpr std::uint8_t kMostAbove = 20;
// Speech is about -26 dBov, in the back of a hall 20 dB less.
constexpr std::uint8_t kFaintest = 55;
// Nothing heard for so long: its line is down or its microphone off.
constexpr Duration kGone = 500ms;
}  // namespace

std::uint8_t ActiveSpeaker::above_noise(Timestamp now, Voice& voice, std::uint8_t level_dbov) {
  if (!voice.heard_at) {
    voice.quietest = voice.quietest_before = level_dbov;
    voice.epoch_began = now;
  } else if (now - voice.epoch_began >= kEpoch) {
    voice.quietest_before = std::exchange(voice.quietest, level_dbov);
    voice.epoch_began = now;
  }
  voice.quietest = std::max(voice.quietest, level_dbov);
  const std::uint8_t noise = std::max(voice.quietest, voice.quietest_before);
  if (level_dbov > kFaintest || noise < level_dbov + kClearlyAbove) return 0;
  return std::min<std::uint8_t>(static_cast<std::uint8_t>(noise - level_dbov), kMostAbove);
}

void ActiveSpeaker::heard(Timestamp now, PeerId bridge, std::uint8_t level_dbov) {
  Voice& voice = voices_[bridge.value];
  const std::uint8_t above = above_noise(now, voice, std::min<std::uint8_t>(level_dbov, 127));
  voice.heard_at = now;
  const std::uint8_t oldest = std::exchange(voice.above[voice.next], above);
  voice.next = (voice.next + 1) % kFrames;
  voice.active += (above > 0 ? 1U : 0U) - (oldest > 0 ? 1U : 0U);
  voice.score += std::uint32_t{above} - oldest;
  if (now >= next_look_at_) look(now);
}

void ActiveSpeaker::look(Timestamp now) {
  next_look_at_ = now + kLookEvery;
  std::optional<PeerId> best;
  std::uint32_t best_score = 0, present_score = 0;
  for (std::size_t i = 0; i < voices_.size(); ++i) {
    Voice& voice = voices_[i];
    if (!voice.heard_at) continue;
    if (now - *voice.heard_at > kGone) {
      voice = Voice{};
      continue;
    }
    const PeerId bridge{static_cast<std::uint16_t>(i)};
    if (bridge == speaker_) {
      present_score = voice.score;
    } else if (voice.active >= kEnoughFrames && voice.score > best_score) {
      best = bridge;
      best_score = voice.score;
    }
  }
  if (!best || best_score * 4 <= present_score * 5) return;
  if (speaker_ && now - took_over_at_ < kLeastHold) return;
  speaker_ = best;
  took_over_at_ = now;
  ++changes_;
  changed_ = true;
}

std::optional<PeerId> ActiveSpeaker::poll() {
  return std::exchange(changed_, false) ? speaker_ : std::nullopt;
}

}  // namespace diemcau::mesh
