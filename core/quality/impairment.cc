// Evidence is weighed in a fixed order: what explains everything comes first.
#include "core/quality/impairment.h"

#include <algorithm>

#include "core/units/media_time.h"

namespace diemcau::quality {

namespace {
// A dozen packets of sound in a row. A burst of somebody else's may do that to a line, but then
// sound goes on waiting; thirty are an outage whatever follows.
constexpr Duration kHushed = 250ms;
constexpr Duration kSilent = 600ms;
// Twice what our own rate control leaves in a line.
constexpr Duration kStandingQueue = 40ms;
// A single spike of that size is beyond the buffers' start.
constexpr Duration kSpike = 60ms;
// Capture times of consecutive frames that differ so much from their samples: a clock was set, or
// became known.
constexpr Duration kClockMoved = 50ms;
// Decoding takes 3 ms, a device asks every 10 ms.
constexpr Duration kDecodeLate = 100ms;
constexpr Duration kDeviceLate = 80ms;
// Ten milliseconds of invented sound are heard.
constexpr std::uint64_t kAudible = 480;
}  // namespace

const char* name_of(Cause cause) {
  switch (cause) {
    case Cause::queue: return "queue";
    case Cause::wire: return "wire";
    case Cause::outage: return "outage";
    case Cause::late: return "late";
    case Cause::cpu: return "cpu";
    case Cause::count_: break;
  }
  return "";
}

Duration ImpairmentMeter::Base::add(Timestamp at, Duration delay) {
  const std::int64_t minute = at.time_since_epoch() / Duration{60s};
  if (minute > minute_) {
    for (minute_ = std::max(minute_, minute - kMinutes); minute_ < minute;)
      least_[static_cast<std::size_t>(++minute_ % kMinutes)] = Duration::max();
    overall_ = *std::min_element(least_.begin(), least_.end());
  }
  Duration& own = least_[static_cast<std::size_t>(minute_ % kMinutes)];
  own = std::min(own, delay);
  overall_ = std::min(overall_, delay);
  return delay - overall_;
}

void ImpairmentMeter::packet_arrived(Timestamp at) {
  if (packet_at_) now_.silence = std::max(now_.silence, at - *packet_at_);
  packet_at_ = at;
}

void ImpairmentMeter::sound_arrived(Timestamp at, Timestamp captured_at,
                                    std::uint32_t rtp_timestamp) {
  if (sound_) {
    const auto samples = static_cast<std::int32_t>(rtp_timestamp - sound_->second);
    const Duration moved =
        captured_at - sound_->first - MediaTime(samples, kAudioClockHz).duration();
    if (moved > kClockMoved || moved < -kClockMoved) base_ = Base{};
  }
  sound_ = {captured_at, rtp_timestamp};
  waited_ = base_.add(at, at - captured_at);
  now_.waited_sum += waited_;
  now_.waited_most = std::max(now_.waited_most, waited_);
  ++now_.sounds;
}

void ImpairmentMeter::device_asked(Timestamp at) {
  if (device_at_) now_.device_gap = std::max(now_.device_gap, at - *device_at_);
  device_at_ = at;
}

void ImpairmentMeter::picture_decoded(Duration waited) {
  now_.decode_wait = std::max(now_.decode_wait, waited);
}

ImpairmentMeter::Verdict ImpairmentMeter::close(Timestamp now, const Heard& heard) {
  Verdict verdict;
  if (ends_ != Timestamp{})
    verdict.seconds = static_cast<std::uint32_t>((now - ends_) / Duration{1s}) + 1;
  ends_ = Timestamp{(now.time_since_epoch() / Duration{1s} + 1) * Duration{1s}};
  const bool nothing = packet_at_ && now - *packet_at_ >= kSilent;
  if (nothing) now_.silence = now - *packet_at_;
  now_.lost = heard.packets_lost;
  if (now_.sounds > 0) now_.waited_last = waited_;

  const bool sound_bad = heard.sound_expected && (nothing || heard.samples_concealed >= kAudible);
  const Duration device_gap = std::max(now_.device_gap, before_.device_gap);
  const Duration decode_wait = std::max(now_.decode_wait, before_.decode_wait);
  const auto line = evident();
  if (sound_bad) {
    verdict.sound = line != Cause::outage && device_gap >= kDeviceLate ? Cause::cpu : line;
    if (!verdict.sound) verdict.sound = sound_before_.value_or(Cause::late);
  }
  const auto judge = [&](const Seen& seen, std::optional<Cause>& before) {
    std::optional<Cause> cause;
    if (seen.expected && (nothing || seen.bad())) {
      cause = line != Cause::outage && decode_wait >= kDecodeLate ? Cause::cpu : line;
      if (!cause) cause = before.value_or(Cause::queue);
    }
    return before = cause;
  };
  verdict.face = judge(heard.face, face_before_);
  verdict.page = judge(heard.page, page_before_);
  sound_before_ = verdict.sound;
  before_ = std::exchange(now_, Evidence{});
  return verdict;
}

std::optional<Cause> ImpairmentMeter::evident() const {
  const Duration silence = std::max(now_.silence, before_.silence);
  if (silence >= kSilent || (silence >= kHushed && waited_ < kStandingQueue)) return Cause::outage;
  if (std::max(now_.stood(), before_.stood()) >= kStandingQueue) return Cause::queue;
  if (now_.lost + before_.lost > 0) return Cause::wire;
  if (now_.late + before_.late > 0 || std::max(now_.waited_most, before_.waited_most) >= kSpike)
    return Cause::late;
  return std::nullopt;
}

}  // namespace diemcau::quality
