// What each choice of earlier frames would have left of the last half minute, and what it costs.
#include "core/rate/sound_loss.h"

#include <algorithm>
#include <bit>

namespace diemcau::rate {

namespace {
// What may stay lost: 0.12 % costs half a point of R (G.107 with Bpl 20), a frame more 35 kbit/s.
constexpr std::size_t kRestPer10000 = 12;
// One loss in a window is no reason.
constexpr std::size_t kFewest = 1;
// A longer run is an outage: no redundancy brings it back.
constexpr std::uint32_t kOutageRun = 10;
// Pictures tell earlier than sound that a path loses: 1 % of the packets of the last second or two.
constexpr std::uint32_t kNoticePercent = 1;
constexpr std::uint32_t kNoticePackets = 3;
// Of the frames that are heard from the next packet instead of the one before, as many come too
// late.
constexpr std::size_t kWaitsForOne = 30;
// Packets for each of sound, where a frame more is worth what may stay lost: 1 Mbit/s.
constexpr std::uint32_t kUsualPackets = 4;
constexpr Duration kHold = 1min;
// The jitter buffer waits 70 ms for repair; a loss shows in 10, a question and its answer take 15
// beside the way.
constexpr Duration kAnswerInTime = 45ms;
constexpr Duration kTwoInTime = 20ms;
// Permille of losses of which one answer, or two, leave less than what may stay lost.
constexpr std::uint32_t kMendedByOne = 40, kMendedByTwo = 120;
}  // namespace

// A frame's fate is known with the packets behind it, and whether it was in an outage.
void SoundLoss::sound_reported(Slot& slot, bool lost) {
  lost_sound_ = lost_sound_ << 1 | (lost ? 1 : 0);
  const std::uint64_t since = lost_sound_ >> kOutageRun;
  if ((since & 1) == 0) return;
  const auto after = static_cast<std::uint32_t>(std::countl_one(lost_sound_ << (64 - kOutageRun)));
  const auto run = static_cast<std::uint32_t>(std::countr_one(since)) + std::min(after, kOutageRun);
  if (run > kOutageRun) return;
  std::size_t with = 0;
  for (std::size_t back = 1; back <= kMostEarlier; ++back) {
    with |= (lost_sound_ >> (kOutageRun - back) & 1) << (back - 1);
  }
  ++slot.lost_with[with];
  lost_sound_in_ = slot.number;
}

void SoundLoss::Slot::add(const Slot& other) {
  packets += other.packets;
  lost += other.lost;
  runs += other.runs;
  sound += other.sound;
  for (std::size_t i = 0; i < lost_with.size(); ++i) lost_with[i] += other.lost_with[i];
}

wire::EarlierFrames SoundLoss::needed(const Slot& all, std::size_t most) const {
  const std::size_t rest =
      std::max(kFewest * kWaitsForOne, all.sound * kWaitsForOne * kRestPer10000 / 10'000);
  // Frames that stay lost, and how long the others wait.
  const auto cost_of = [&](unsigned bits) {
    std::size_t cost = 0;
    for (unsigned with = 0; with < all.lost_with.size(); ++with) {
      const unsigned arrived = bits & ~with;
      cost += all.lost_with[with] *
              (arrived == 0 ? kWaitsForOne : static_cast<std::size_t>(std::countr_zero(arrived)));
    }
    return cost;
  };
  if (cost_of(0) <= rest) return {};
  // A frame more has to be worth what may stay lost, of a path that carries more than sound less.
  const std::size_t frame =
      rest * std::min(kUsualPackets * all.sound, all.packets) / std::max(all.packets, 1U);
  // Everything is heard, and shown, later by what the furthest is waited for, if nothing else is
  // waited for as long: 20 ms cost half a point of R as well.
  const std::size_t later = rest / 2;
  wire::EarlierFrames best;
  std::size_t least = 0;
  for (unsigned bits = 1; bits < all.lost_with.size(); ++bits) {
    const wire::EarlierFrames frames(bits);
    if (frames.count() > most || (!any_distance_ && frames.count() < frames.furthest())) continue;
    const std::size_t cost =
        cost_of(bits) + frames.count() * frame + (frames.furthest() - 1) * later;
    if (!best.empty() && cost >= least) continue;
    best = frames;
    least = cost;
  }
  return best;
}

bool SoundLoss::loses_now(const Slot& slot) {
  const Slot& before = slots_[place_of(slot.number - 1)];
  const bool follows = before.number == slot.number - 1;
  const std::uint32_t packets = slot.packets + (follows ? before.packets : 0);
  const std::uint32_t lost = slot.lost + (follows ? before.lost : 0);
  lost_permille_ = packets > 0 ? lost * 1'000 / packets : 0;
  return lost >= kNoticePackets && lost * 100 >= packets * kNoticePercent;
}

// Single losses, and no more of them than one frame and repair mend.
bool SoundLoss::by_chance(const Slot& all, bool two_answers) {
  const std::uint32_t most = two_answers ? kMendedByTwo : kMendedByOne;
  return all.lost * 1'000 <= all.packets * most && all.lost * 4 <= all.runs * 5;
}

SoundLoss::Slot& SoundLoss::slot_of(std::int64_t number) {
  Slot& slot = slots_[place_of(number)];
  if (slot.number == number) return slot;
  slot = Slot{.number = number};
  before_ = {};
  for (const Slot& s : slots_) {
    if (s.number >= 0 && s.number > number - kSlots) before_.add(s);
  }
  return slot;
}

void SoundLoss::report(Timestamp now, std::span<const ReportedPacket> packets, Duration round_trip,
                       QueueInFront queue, bool others_lose) {
  const std::int64_t last = newest_ = now.time_since_epoch() / kSlot;
  Slot& slot = slot_of(last);
  for (const ReportedPacket& p : packets) {
    const bool lost = !p.received && !queue.full;
    ++slot.packets;
    slot.lost += lost ? 1 : 0;
    slot.runs += lost && !lost_before_;
    lost_before_ = lost;
    if (lost) lost_in_ = last;
    if (p.media != MediaKind::audio) continue;
    ++slot.sound;
    sound_reported(slot, lost);
  }
  wire::EarlierFrames wanted;
  lost_permille_ = 0;
  if (last - lost_in_ < kSlots) {
    const bool noticed = loses_now(slot);
    const bool answers = round_trip <= kAnswerInTime;
    Slot all = before_;
    all.add(slot);
    wanted = needed(all, answers && by_chance(all, round_trip <= kTwoInTime) ? 1 : kMostEarlier);
    if (noticed && wanted.empty()) wanted = wire::EarlierFrames::nearest(1);
  }
  if (others_lose && wanted.empty()) wanted = wire::EarlierFrames::nearest(1);
  if (queue.foreign || queue.deep) {
    ahead_ = queue.foreign ? kAhead : std::max(ahead_, kAheadOfDeep);
    ahead_until_ = now + kComesBack;
  } else if (now >= ahead_until_) {
    ahead_ = 0;
  }
  if (wanted.count() >= earlier_.count() || now - needed_at_ >= kHold) {
    earlier_ = wanted;
    needed_at_ = now;
  }
}

}  // namespace diemcau::rate
