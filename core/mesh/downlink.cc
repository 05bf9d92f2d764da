// Seconds are judged when the first peer reports the next one.
#include "core/mesh/downlink.h"

#include <algorithm>

namespace diemcau::mesh {

using quality::PictureLimit;

namespace {
// Two can mind each other; from three on nobody's restraint is felt.
constexpr std::uint32_t kFewestPeers = 3;
// Three times what our own rate control leaves in a line.
constexpr Duration kWaits = 60ms;
// In one queue all wait equally: seconds' means were 8 ms apart at most. What is beyond is that of
// senders' own lines, 20 to 30 ms when they are full.
constexpr Duration kEqually = 30ms;
// Behind a queue that stands so long one in a hundred is the queue's: senders that carry no earlier
// sound for it lose no more.
constexpr std::uint64_t kLosesPermille = 10;
// One second may be a burst of somebody else's, and what is asked for takes a round trip, a picture
// or two, and the queue's own length to be felt.
constexpr std::uint32_t kCrowdedSeconds = 2;
// Few may each wait in a full queue of the same length while uploads at all their offices make it
// overflow, which lasts a round trip: two seconds of queue.
constexpr std::size_t kFewPeers = 5;
constexpr std::uint32_t kCrowdedSecondsOfFew = 4;
constexpr Duration kSettles = 3s;
// That long without any picture: it is not the pictures.
constexpr Duration kVain = 10s;
constexpr std::uint32_t kVainSeconds = 5;
// A line that is full brings as much as before, whatever is asked for; with half of that a queue of
// two and a half seconds is gone by then.
constexpr std::uint64_t kMuchLessPercent = 50;
constexpr std::uint32_t kDrains = 5;  // seconds
constexpr std::uint32_t kFirstPatienceSeconds = 15;
constexpr std::uint32_t kMostPatienceSeconds = 240;
// A step back that is regretted so soon was too early.
constexpr Duration kRegrets = 30s;

PictureLimit stricter(PictureLimit limit) {
  return limit == PictureLimit::nobodys ? limit
                                        : static_cast<PictureLimit>(static_cast<int>(limit) + 1);
}
PictureLimit looser(PictureLimit limit) {
  return limit == PictureLimit::none ? limit
                                     : static_cast<PictureLimit>(static_cast<int>(limit) - 1);
}
}  // namespace

void Downlink::second_over(Timestamp now, const Second& second) {
  const std::int64_t number = now.time_since_epoch() / Duration{1s};
  if (number != second_) {
    judge(now);
    second_ = number;
    waits_of_peers_.clear();
    received_ = lost_ = bytes_ = 0;
  }
  if (second.received + second.lost == 0) return;
  waits_of_peers_.push_back(second.waited);
  received_ += second.received;
  lost_ += second.lost;
  bytes_ += second.bytes;
}

// Somebody's upload at the other end makes whoever comes from there wait, each for a time of its
// own, and nobody else.
bool Downlink::wait_in_one_queue() {
  const std::size_t peers = waits_of_peers_.size();
  if (peers < kFewestPeers) return false;
  const auto middle = waits_of_peers_.begin() + static_cast<std::ptrdiff_t>(peers / 2);
  std::nth_element(waits_of_peers_.begin(), middle, waits_of_peers_.end());
  const Duration usual = *middle;
  if (usual < kWaits) return false;
  const auto equally = static_cast<std::size_t>(
      std::count_if(waits_of_peers_.begin(), waits_of_peers_.end(), [usual](Duration waited) {
        return waited >= usual - kEqually && waited <= usual + kEqually;
      }));
  return equally * 3 > peers * 2;
}

void Downlink::judge(Timestamp now) {
  waits_ = wait_in_one_queue();
  const bool less =
      limit_ != PictureLimit::none && bytes_ * 100 <= bytes_before_ * kMuchLessPercent;
  waits_with_less_s_ = waits_ && less ? waits_with_less_s_ + 1 : 0;
  calm_s_ = waits_ ? 0 : calm_s_ + 1;
  const bool loses = lost_ * 1'000 > (received_ + lost_) * kLosesPermille;
  crowded_s_ = waits_ && loses ? crowded_s_ + 1 : 0;
  if (not_before_ && now < *not_before_) return;
  if (waits_with_less_s_ >= kDrains) {
    longer_way_ = true;
    return give_up(now);
  }
  const bool few = waits_of_peers_.size() <= kFewPeers;
  if (crowded_s_ >= (few ? kCrowdedSecondsOfFew : kCrowdedSeconds) &&
      now - changed_at_ >= kSettles) {
    if (limit_ != PictureLimit::nobodys) {
      const bool regrets = patience_s_ > 0 && now - changed_at_ < kRegrets;
      if (limit_ == PictureLimit::none || regrets)
        patience_s_ = std::clamp(2 * patience_s_, kFirstPatienceSeconds, kMostPatienceSeconds);
      if (limit_ == PictureLimit::none) bytes_before_ = bytes_;
      return set(now, stricter(limit_));
    }
    if (now - changed_at_ >= kVain && crowded_s_ >= kVainSeconds) return give_up(now);
  }
  if (limit_ != PictureLimit::none && calm_s_ >= patience_s_) set(now, looser(limit_));
  if (limit_ == PictureLimit::none && now - changed_at_ > Duration{5min}) patience_s_ = 0;
}

// What is not of our asking is not asked about for a while.
void Downlink::give_up(Timestamp now) {
  patience_s_ = std::clamp(2 * patience_s_, kFirstPatienceSeconds, kMostPatienceSeconds);
  not_before_ = now + std::chrono::seconds(patience_s_);
  set(now, PictureLimit::none);
}

void Downlink::set(Timestamp now, PictureLimit limit) {
  limit_ = limit;
  changed_ = true;
  changed_at_ = now;
  calm_s_ = 0;
}

}  // namespace diemcau::mesh
