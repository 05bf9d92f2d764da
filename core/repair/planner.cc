// Counts in half seconds, a plan from the last four of them and the last sixteen.
#include "core/repair/planner.h"

#include <algorithm>

#include "core/repair/symbol.h"

namespace diemcau::repair {

namespace {
constexpr std::int64_t kSoon = 4;
// Asking again three times fits the budget below this.
constexpr Duration kQuick = 30ms;
// One answer is as quick as coded repair in the next picture below this.
constexpr Duration kSoonEnough = 50ms;
constexpr std::uint64_t kRunsPermille = 2'000;
constexpr std::uint64_t kSinglesPermille = 1'200;
// Less than this is mended by asking, however long that takes.
constexpr std::uint32_t kRarePermille = 3;
constexpr std::uint64_t kMostCodedPermille = 1'000;
// Without room: with what is asked for again, this is the loss and a tenth.
constexpr std::uint32_t kBeyondLossPermille = 70;
// No answer comes in time through such a queue, and it is somebody else's: ours are gone in a
// second and were never as deep as the second. One packet in six hundred is lost there, when it
// overflows, and stops pictures for as long as the queue and its report take: the longer that is,
// the more is coded, a thousandth for each millisecond. With a quarter instead of two fifths behind
// a queue of two seconds pictures stand still a tenth longer (S17); with two fifths behind 200 ms
// they become few (S12).
constexpr Duration kForeignQueue = 150ms;
constexpr Duration kDeepQueue = 400ms;
constexpr Duration kOursLast = 1s;
constexpr std::uint64_t kPictures = kSoon * 15;  // in that time
// Repair is a fifth of such a picture and more. Pictures are shown as late as nine in ten need:
// near by, one answer brings them as early as coded repair would if no more than these need a
// second one; far away, one in eight waits.
constexpr std::uint64_t kFewPackets = 5;
constexpr std::uint64_t kTwicePermille = 50;
constexpr std::uint64_t kFewWaitPermille = 130;
// No answer comes before kRepairLasts is over: what is coded is all the repair there is, and what
// it leaves stands still for a round trip and more. In hundredths of a deviation, which one time in
// 160 is not enough for what leaves at once, and the repair of the next two pictures helps; and at
// least one repair packet for two pictures.
constexpr Duration kNoAnswer = 260ms;
constexpr std::uint64_t kDeviationsAlone = 250;

// Hundredths of a deviation, which leave one picture in ten to wait for an answer. Of few packets
// that lose little, not many more lack something at all.
std::uint64_t deviations_soon(std::uint64_t permille) {
  return 50 + (std::clamp<std::uint64_t>(permille, 40, 50) - 40) * 7;
}
// One in twenty, and at high loss one in ten.
std::uint64_t deviations_later(std::uint64_t permille) {
  return 125 - (std::clamp<std::uint64_t>(permille, 100, 300) - 100) / 8;
}

std::uint64_t square_root(std::uint64_t n) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit > 0; bit >>= 1) {
    const std::uint64_t next = root | bit;
    if (next * next <= n) root = next;
  }
  return root;
}
std::uint32_t of_media(std::uint64_t of_all, std::uint64_t arrives) {
  return static_cast<std::uint32_t>(std::min(of_all * 1'000 / arrives, kMostCodedPermille));
}
}  // namespace

void Planner::packet(Timestamp now, bool lost, MediaKind media) {
  const std::int64_t number = now.time_since_epoch() / kSlot;
  Slot& slot = slots_[static_cast<std::size_t>(number % kSlots)];
  if (slot.number != number) slot = Slot{number};
  ++slot.packets;
  if (lost) {
    ++slot.lost;
    if (!lost_before_) ++slot.runs;
  }
  lost_before_ = lost;
  if (media == MediaKind::audio) {
    ++slot.sound;
    return;
  }
  lacks_ = lacks_ || lost;
  if (++of_picture_ < picture_) return;
  ++slot.pictures;
  slot.lacking += lacks_ ? 1 : 0;
  of_picture_ = 0;
  lacks_ = false;
}

Planner::Slot Planner::sum(std::int64_t last, std::int64_t slots) const {
  Slot s;
  for (const Slot& slot : slots_) {
    if (slot.number > last || slot.number <= last - slots) continue;
    s.packets += slot.packets;
    s.lost += slot.lost;
    s.runs += slot.runs;
    s.sound += slot.sound;
    s.pictures += slot.pictures;
    s.lacking += slot.lacking;
  }
  return s;
}

void Planner::plan(Timestamp now, std::optional<Duration> round_trip,
                   std::uint32_t inherent_permille, Duration queue) {
  plan_against_losses(now, round_trip, inherent_permille);
  if (queue < kForeignQueue) {
    foreign_since_.reset();
    return;
  }
  if (!foreign_since_) foreign_since_ = now;
  if (queue < kDeepQueue && now - *foreign_since_ < kOursLast) return;
  const auto permille = static_cast<std::uint32_t>(std::min(queue, kDeepQueue) / 1ms);
  wanted_permille_ = std::max(wanted_permille_, permille);
  coded_permille_ = std::max(coded_permille_, permille);
}

void Planner::plan_against_losses(Timestamp now, std::optional<Duration> round_trip,
                                  std::uint32_t inherent_permille) {
  const std::int64_t last = now.time_since_epoch() / kSlot;
  const Slot all = sum(last, kSlots);
  const Slot soon = sum(last, kSoon);
  // Coded repair comes beside the packets of a picture.
  const std::uint64_t of_pictures =
      std::uint64_t{soon.packets - soon.sound} * 1'000 / (1'000 + coded_permille_);
  picture_ = std::max(of_pictures / kPictures, kLeastPackets);
  wanted_permille_ = coded_permille_ = loss_permille_ = own_permille_ = 0;
  lost_singly_ = false;
  if (all.packets == 0 || all.lost == 0) return;
  // A line that has become worse is believed at once, but for what chance would give as well.
  const std::uint32_t mean = all.lost * 1'000 / all.packets;
  const std::uint32_t now_lost = soon.lost - std::min(soon.lost, 2 + soon.lost / 5);
  const std::uint32_t lately = soon.packets > 0 ? now_lost * 1'000 / soon.packets : 0;
  loss_permille_ = std::min(std::max(mean, lately), 900U);
  const Duration rtt = round_trip.value_or(kUnknownRoundTrip);
  own_permille_ = std::min(loss_permille_, inherent_permille + inherent_permille / 2);
  const std::uint64_t p = own_permille_;
  const std::uint64_t q = 1'000 - p;
  // How long runs are, of the length that chance makes them.
  const std::uint64_t run_permille =
      std::max<std::uint64_t>(std::uint64_t{all.lost} * q / std::max(all.runs, 1U), 1'000);
  lost_singly_ = run_permille <= kSinglesPermille;
  if (rtt > kNoAnswer) return plan_without_answers(p, run_permille, soon.packets);
  if (p < kRarePermille || rtt <= kQuick) return;
  // Nothing that is affordable brings whole runs back; asking does.
  if (run_permille > kRunsPermille) return;
  const bool near = rtt <= kSoonEnough, few = picture_ <= kFewPackets;
  const std::uint64_t lacking = std::uint64_t{all.lacking} * 1'000 / std::max(all.pictures, 1U);
  if (few && (near ? lacking * p <= kTwicePermille * 1'000 : lacking <= kFewWaitPermille)) return;
  const std::uint64_t at_once = std::max(std::uint64_t{soon.packets} / kPictures, kLeastPackets);
  const std::uint64_t deviation = square_root(p * q / at_once);
  const std::uint64_t hundredths = near || few ? deviations_soon(p) : deviations_later(p);
  wanted_permille_ = of_media(p + deviation * hundredths / 100, q);
  const std::uint32_t near_loss = static_cast<std::uint32_t>(p) + kBeyondLossPermille;
  coded_permille_ = room_ ? wanted_permille_ : std::min(of_media(p + deviation / 2, q), near_loss);
}

// Runs make what is lost of a picture vary the more, by the root of their length.
void Planner::plan_without_answers(std::uint64_t p, std::uint64_t run_permille,
                                   std::uint64_t soon_packets) {
  if (p == 0) return;
  const std::uint64_t q = 1'000 - p;
  const std::uint64_t at_once = std::max(soon_packets / kPictures, kLeastPackets);
  const std::uint64_t deviation = square_root(p * q * run_permille / 1'000 / at_once);
  const std::uint64_t least = 500 / at_once;
  wanted_permille_ = of_media(std::max(p + deviation * kDeviationsAlone / 100, least), q);
  coded_permille_ = wanted_permille_;
}

}  // namespace diemcau::repair
