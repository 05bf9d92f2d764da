// Two windows: a short one that notices, a long one that knows.
#include "core/rate/sound_loss.h"

#include <algorithm>

namespace diemcau::rate {

namespace {
// What may stay lost: 0.1 % costs half a point of R (G.107 with Bpl 20), a frame more 35 kbit/s.
constexpr std::uint32_t kRestPer1000 = 1;
// Two losses in a window are no reason.
constexpr std::uint32_t kFewest = 2;
// A longer run is an outage: no redundancy brings it back.
constexpr std::uint32_t kOutageRun = 10;
constexpr std::int64_t kShortSlots = 4;
// Pictures tell earlier than sound that a path loses: 1 % of the packets of the last second or two.
constexpr std::uint32_t kNoticePercent = 1;
constexpr std::uint32_t kNoticePackets = 3;
constexpr Duration kHold = 1min;
// The jitter buffer waits 70 ms for repair; a loss shows in 10, a question and its answer take 15
// beside the way.
constexpr Duration kAnswerInTime = 45ms;
constexpr Duration kTwoInTime = 20ms;
// Permille of losses of which one answer, or two, leave less than what may stay lost.
constexpr std::uint32_t kMendedByOne = 40, kMendedByTwo = 120;
}  // namespace

void SoundLoss::run_ended(Slot& slot) {
  if (run_ <= kOutageRun) {
    for (std::uint32_t d = 0; d < kMostEarlier && d < run_; ++d) slot.beyond[d] += run_ - d;
  }
  run_ = 0;
}

std::size_t SoundLoss::needed(std::int64_t last, std::int64_t slots, bool answers) const {
  std::uint32_t sound = 0;
  std::array<std::uint32_t, kMostEarlier> beyond{};
  for (const Slot& slot : slots_) {
    if (slot.number < 0 || slot.number <= last - slots) continue;
    sound += slot.sound;
    for (std::size_t d = 0; d < kMostEarlier; ++d) beyond[d] += slot.beyond[d];
  }
  const std::uint32_t allowed = std::max(kFewest, sound * kRestPer1000 / 1000);
  if (beyond[0] <= allowed) return 0;
  // The path loses sound: where no answer could be in time, what one frame has left is a reason.
  std::size_t d = 1;
  while (d < kMostEarlier && beyond[d] > (answers ? allowed : 0)) ++d;
  return d;
}

bool SoundLoss::loses_now(std::int64_t last) {
  std::uint32_t packets = 0, lost = 0;
  for (const Slot& slot : slots_) {
    if (slot.number < 0 || slot.number < last - 1) continue;
    packets += slot.packets;
    lost += slot.lost;
  }
  lost_permille_ = packets > 0 ? lost * 1'000 / packets : 0;
  return lost >= kNoticePackets && lost * 100 >= packets * kNoticePercent;
}

// Single losses, and no more of them than one frame and repair mend.
bool SoundLoss::by_chance(std::int64_t last, std::uint32_t most_permille) const {
  std::uint32_t packets = 0, lost = 0, runs = 0;
  for (const Slot& slot : slots_) {
    if (slot.number < 0 || slot.number <= last - kSlots) continue;
    packets += slot.packets;
    lost += slot.lost;
    runs += slot.runs;
  }
  return lost * 1'000 <= packets * most_permille && lost * 4 <= runs * 5;
}

void SoundLoss::report(Timestamp now, std::span<const ReportedPacket> packets, Duration round_trip,
                       QueueInFront queue) {
  const std::int64_t last = now.time_since_epoch() / kSlot;
  Slot& slot = slots_[static_cast<std::size_t>(last % kSlots)];
  if (slot.number != last) slot = Slot{last, 0, 0, 0, 0, {}};
  for (const ReportedPacket& p : packets) {
    const bool lost = !p.received && !queue.full;
    ++slot.packets;
    slot.lost += lost ? 1 : 0;
    slot.runs += lost && !lost_before_;
    lost_before_ = lost;
    if (lost || run_ > 0) lost_in_ = last;
    if (p.media != MediaKind::audio) continue;
    ++slot.sound;
    if (lost) {
      ++run_;
    } else {
      run_ended(slot);
    }
  }
  const std::size_t ahead = queue.deep ? 1 : 0;
  std::size_t wanted = ahead;
  lost_permille_ = 0;
  if (last - lost_in_ < kSlots) {
    const std::size_t noticed = loses_now(last) ? 1 : 0;
    const bool answers = round_trip <= kAnswerInTime;
    wanted = std::max(
        {ahead, noticed, needed(last, kShortSlots, answers), needed(last, kSlots, answers)});
    const std::uint32_t mended = round_trip <= kTwoInTime ? kMendedByTwo : kMendedByOne;
    if (answers && by_chance(last, mended)) wanted = std::min<std::size_t>(wanted, 1);
  }
  if (wanted >= earlier_) {
    earlier_ = wanted;
    needed_at_ = now;
  } else if (now - needed_at_ >= kHold) {
    --earlier_;
    needed_at_ = now;
  }
}

}  // namespace diemcau::rate
