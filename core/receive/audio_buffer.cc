// What to play next follows from how old the next frame is, compared with the target; and while a
// queue grows, from when the one behind it will come.
#include "core/receive/audio_buffer.h"

#include <algorithm>

#include "core/units/media_time.h"

namespace diemcau::receive {

namespace {
constexpr Duration kEpoch = 2s;  // as NetEq's arrival history; at 200 ppm the pace moves by 0.8 ms
// Above the target by that much sound is shortened: more than the 10 ms steps in which devices ask,
// and a sixth of a long target, which is less certain than a short one.
constexpr Duration kAboveAtLeast = 11ms;
constexpr Duration kAboveAtMost = 20ms;
// Beyond that, frames are left out: fast talk for seconds is worse than one skip.
constexpr Duration kFarAbove = 120ms;
constexpr Duration kRepairWorthWaiting = 70ms;
// A loss in ten seconds is one too many; what waits for the next one costs nothing below 100 ms.
constexpr Duration kRepairHeld = 60s;
// In the first second nobody has said much yet, and what queued up while handshakes and encoders
// had the machine would be heard as delay for a second.
constexpr Duration kFarAboveAtStart = 60ms;
constexpr std::uint32_t kStartFrames = 50;
constexpr std::int64_t kJump = 10 * std::int64_t{kAudioClockHz};
constexpr std::uint64_t kStopped = kAudioClockHz;  // one second of concealment, as in NetEq
// Stretching changes at most 15 % of the sound; saved up for one frame's worth of it.
constexpr std::int64_t kStretchPercent = 15;
constexpr std::int64_t kMostCredit = 480;
constexpr std::int64_t kMostDebt = -4'800;
// Five packets in a row on average that much later than the one before: a queue that grows by 25 ms
// a second. Without a queue the rule below does not hold.
constexpr Duration kGrows = 500us;
// A device asks 10 ms before it runs dry, and between other people's packets ours come in pairs:
// the next one may be two frames later than expected, and a clump of theirs.
constexpr Duration kInTime = 60ms;
// Where such a queue has just stood, sound is not shortened down to what the last packets needed:
// by a frame, because they come in pairs when it grows again.
constexpr Duration kGrowsAgain = 20ms;
// At its top, for a frame that one of the next two packets brings: two frames, and what a device
// asks ahead.
constexpr Duration kWithNextTwo = 50ms;
// Beside a deep queue: a frame that the line lost comes with the next packet, and a bit later.
constexpr Duration kForNextPacket = 60ms;

Duration above(Duration target) {
  return target + std::clamp(target / 6, kAboveAtLeast, kAboveAtMost);
}
Duration media_time(std::int64_t samples) { return MediaTime(samples, kAudioClockHz).duration(); }
}  // namespace

void AudioBuffer::clear() {
  entries_.clear();
  next_.reset();
  playing_ = false;
  concealed_ = 0;
}

void AudioBuffer::stop() {
  clear();
  unwrapper_.reset();
  given_ = 0;
  trend_.clear();
  foreign_.clear();
  earlier_comes_ = false;
  fastest_now_.reset();
  fastest_before_.reset();
}

Duration AudioBuffer::fastest() const {
  return fastest_before_ ? std::min(*fastest_now_, *fastest_before_) : *fastest_now_;
}

Duration AudioBuffer::age(Timestamp now, std::int64_t at) const {
  return now.time_since_epoch() - media_time(at) - fastest();
}

void AudioBuffer::measure(Timestamp received_at, std::int64_t at) {
  const Duration transit = received_at.time_since_epoch() - media_time(at);
  if (!fastest_now_) {
    fastest_now_ = transit;
    epoch_began_ = received_at;
  } else if (received_at - epoch_began_ >= kEpoch) {
    const Duration was = fastest();
    fastest_before_ = fastest_now_;
    fastest_now_ = transit;
    epoch_began_ = received_at;
    const Duration later = fastest() - was;
    delays_.zero_moved(later);
    minimum_delay_ = std::max(minimum_delay_ - later, Duration::zero());
  }
  fastest_now_ = std::min(*fastest_now_, transit);
  trend_.add(transit);
  foreign_.add(received_at, transit, trend_.standing());
  delays_.add(transit - fastest());
}

// The quantile forgets a loss in a second or two; a line that loses one packet in fifty loses the
// next one later than that.
void AudioBuffer::learn(Timestamp received_at, std::int64_t at, bool repaired) {
  if (!repaired || !fastest_now_) return measure(received_at, at);
  const Duration needed = age(received_at, at) + DelayHistogram::kBucket;
  if (needed > kRepairWorthWaiting) return;
  held_ = received_at < held_until_ ? std::max(held_, needed) : needed;
  held_until_ = received_at + kRepairHeld;
}

AudioBuffer::Insert AudioBuffer::insert(Timestamp received_at, AudioFrame frame, bool repaired) {
  std::int64_t at = unwrapper_.peek(frame.rtp_timestamp);
  if (fastest_now_ && (at - newest_ > kJump || newest_ - at > kJump)) {
    ++figures_.restarts;
    stop();
    at = unwrapper_.peek(frame.rtp_timestamp);
  }
  if (!fastest_now_ || at > newest_) {
    newest_ = unwrapper_.unwrap(frame.rtp_timestamp);
  }
  if (next_ && at < *next_) {
    learn(received_at, at, repaired);  // just what the target must learn from
    ++figures_.late;
    return Insert::late;
  }
  std::size_t place = entries_.size();
  while (place > 0 && entries_.at(place - 1).at > at) --place;
  if (place > 0 && entries_.at(place - 1).at == at) return Insert::duplicate;
  learn(received_at, at, repaired);
  if (entries_.size() == kCapacity) {  // nobody pulls: the oldest goes
    ++figures_.discarded;
    if (place == 0) return Insert::late;
    next_ = entries_.front().at + entries_.front().frame.samples;
    static_cast<void>(entries_.pop());
    --place;
  }
  entries_.insert(place, Entry{at, std::move(frame)});
  return Insert::fresh;
}

AudioPull AudioBuffer::pull(Timestamp now, std::uint32_t queued_samples) {
  if (now >= held_until_) held_ = Duration::zero();
  if (!playing_) {
    if (entries_.empty() || age(now, entries_.front().at) < target_delay()) return {};
    playing_ = true;
    next_ = entries_.front().at;
  }
  if (entries_.empty()) return conceal();
  const std::int64_t gap = entries_.front().at - *next_;
  if (gap > 0) {
    // The concealment stands for the missing frames as long as they would have played, or until
    // the frame behind them is due itself.
    const bool its_turn = static_cast<std::int64_t>(concealed_) >= gap ||
                          age(now, entries_.front().at) > above(target_delay());
    if (!its_turn) return conceal();
    figures_.missing += static_cast<std::uint64_t>((gap + frame_samples_ - 1) / frame_samples_);
  }
  return play_front(now, queued_samples);
}

AudioPull AudioBuffer::play_front(Timestamp now, std::uint32_t queued_samples) {
  const Duration target = target_delay();
  const Duration far_above = given_ < kStartFrames ? kFarAboveAtStart : kFarAbove;
  given_ += given_ < kStartFrames ? 1 : 0;
  while (entries_.size() > 1 &&
         age(now, entries_.front().at) + media_time(queued_samples) > target + far_above) {
    static_cast<void>(entries_.pop());
    ++figures_.discarded;
  }
  const Duration waited = age(now, entries_.front().at);
  AudioPull pull;
  pull.step = AudioStep::normal;
  if (stretch_credit_ >= 0 && waited > above(target)) pull.step = AudioStep::accelerate;
  if (stretch_credit_ >= 0 && waited < target) pull.step = AudioStep::decelerate;
  const std::int64_t at = entries_.front().at;
  pull.frame = entries_.pop().frame;
  if (entries_.empty() && runs_dry(waited + media_time(queued_samples)))
    pull.step = AudioStep::stretch;
  frame_samples_ = std::max<std::uint32_t>(pull.frame->samples, 1);
  next_ = at + frame_samples_;
  concealed_ = 0;
  return pull;
}

// Whether the next frame will miss its turn: slower speech is understood, holes in it are not.
bool AudioBuffer::runs_dry(Duration waited) const {
  const Duration growth = trend_.growth(), last = trend_.last() - fastest();
  const bool among_latest = last + DelayHistogram::kBucket >= delays_.target();
  return growth >= kGrows && among_latest && last + growth + kInTime > waited;
}

AudioPull AudioBuffer::conceal() {
  if (concealed_ < kStopped) return {AudioStep::expand, std::nullopt};
  playing_ = false;  // the source has stopped; what it sends next waits for the target again
  concealed_ = 0;
  return {};
}

void AudioBuffer::played(AudioStep step, std::uint32_t samples) {
  if (step == AudioStep::silence) return;
  if (step == AudioStep::expand) {
    concealed_ += samples;
    return;
  }
  if (step == AudioStep::stretch) return;  // instead of a gap, not to please an ear
  const std::int64_t changed = std::int64_t{samples} - std::int64_t{frame_samples_};
  stretch_credit_ +=
      std::int64_t{frame_samples_} * kStretchPercent / 100 - (changed < 0 ? -changed : changed);
  stretch_credit_ = std::clamp(stretch_credit_, kMostDebt, kMostCredit);
}

void AudioBuffer::set_minimum_delay(Duration d) {
  minimum_delay_ = std::clamp(d, Duration::zero(), DelayHistogram::kCap);
}

Duration AudioBuffer::target_delay() const {
  Duration target = std::max({delays_.target(), minimum_delay_, held_});
  // What stands is needed by every packet, beyond the histogram's cap too.
  const auto standing = trend_.standing();
  if (standing) target = std::max(target, *standing - fastest());
  if (foreign_.comes_and_goes()) target += kGrowsAgain;
  // What a full queue turned away comes with later packets, which are as late as can be.
  if (standing && earlier_comes_) {
    if (const auto top = foreign_.nearly_full(*standing))
      target = std::max(target, *top - fastest() + kWithNextTwo);
  }
  if (const auto deepest = foreign_.deepest())
    target = std::max(target, *deepest - fastest() + kForNextPacket);
  return std::min(target, kMostTarget);
}

}  // namespace diemcau::receive
