// Somebody else in the queue: how he is told from our own doing, and how one's own is held against
// him.
#include <algorithm>

#include "core/rate/delay_controller.h"

namespace diemcau::rate {

namespace {
// A queue that much above what is wanted, which does not become a quarter shorter although we send
// less than arrives, is somebody else's.
constexpr std::int64_t kProgressPercent = 75;
constexpr std::int64_t kOwnDoingPermille = 1'100;
constexpr Duration kCalmAgain = 10ms;
constexpr std::int64_t kGreedyCutPermille = 800;
// Whether it still is, is tried: when we send a third less and as much arrives as before, twice in
// a row, the line is ours alone. A try costs a third of our rate, so where one found him the next
// waits longer.
constexpr Duration kTryEvery = 4s;
constexpr std::uint32_t kMostDoublings = 2;
constexpr std::int64_t kTryPermille = 700;
constexpr std::int64_t kTriedPermille = 900;
constexpr std::int64_t kAlonePermille = 880;
// With a rate of nearly nothing much is wanted: that much of it does not hide a neighbour.
constexpr Duration kMostHidden = 30ms;
// TCP that backs off leaves the queue empty for a moment: whoever gave way then would lose a part
// of his rate each time.
constexpr Duration kComesBack = 15s;
// Before he is found, too: slow start fills a queue, loses, and fills it again, and each time takes
// a part of what was left.
constexpr Duration kOverAgain = 3s;
// A thin line's own queue goes on like that for minutes, and the rate from before is another
// line's.
constexpr Duration kOneAfterAnother = 30s;
constexpr std::int64_t kPacketBits = 9'600;
// Two seconds of sound: 3 σ of 1 % are 4 %.
constexpr std::uint32_t kFloodPackets = 100;
constexpr std::uint32_t kFloodPermille = 50;
// Of an uplink's paths together: they are many flows, and lose more beside him. A second of that is
// three measurements.
constexpr std::int64_t kSharedFloodPermille = 200;
constexpr Duration kSharedFlood = 1s;
constexpr Duration kModestFor = 10s;
}  // namespace

Duration DelayController::far_over() const {
  return std::min(wanted_queue(), noise_ + kMostHidden) + kFarOver;
}

void DelayController::watch_for_greedy(const Observation& o) {
  const Duration wanted = far_over() - kFarOver;
  if (greedy_) {
    if (o.standing_queue > wanted + kCalmAgain) {
      greedy_->short_since.reset();
    } else if (!greedy_->short_since) {
      greedy_->short_since = o.now;
    } else if (o.now - *greedy_->short_since > o.round_trip + kSenderLag) {
      // Behind a queue of seconds a trial takes longer than he does.
      if (greedy_->tries > 0 || o.now - greedy_->began_at > kTryEvery)
        neighbour_ = Neighbour{o.now, rate_};
      part();
    }
    return;
  }
  if (neighbour_ && o.now - neighbour_->left_at > kComesBack) neighbour_.reset();
  if (o.standing_queue <= wanted + kFarOver || o.now < flooded_until_) {
    if (over_) was_over_ = WasOver{o.now, over_->first_at, over_->before};
    over_.reset();
    return;
  }
  if (neighbour_) {
    const Bitrate with = neighbour_->rate;
    meet_neighbour(o, with);
    greedy_->tries = 1;
    return;
  }
  // What the rate had grown to while little was sent is no part of the line.
  if (!over_) {
    const Bitrate before = std::min(rate_, std::max(usual_, proven(o)));
    over_ = Over{o.now, o.now, o.standing_queue, before, o.standing_queue, o.now};
    if (was_over_ && o.now - was_over_->ended_at < kOverAgain &&
        o.now - was_over_->first_at < kOneAfterAnother) {
      over_->first_at = was_over_->first_at;
      over_->before = std::max(over_->before, was_over_->before);
    }
  }
  if (o.standing_queue - wanted < (over_->queue - wanted) * kProgressPercent / 100)
    over_ = Over{o.now, over_->first_at, o.standing_queue, over_->before, o.standing_queue, o.now};
  // While we send more than arrives, as on a line that becomes slower, it is our own.
  if (o.sent_then > permille(o.carried, kOwnDoingPermille)) over_->since = o.now;
  // A cut is felt when what waits has left; then our own would fall by a factor e in each settling
  // time, by a quarter in a third of it.
  const Duration reaction = o.round_trip + kSenderLag;
  if (o.now - over_->since < 2 * reaction + over_->queue + settling(reaction)) {
    if (o.standing_queue > over_->queue) over_->queue = over_->shortest = o.standing_queue;
    return;
  }
  // A line that has stopped becoming slower: our own queue falls, it only has not yet by a quarter.
  if (o.standing_queue < over_->shortest) {
    over_->shortest = o.standing_queue;
    over_->falls_at = o.now;
  }
  if (o.now - over_->falls_at < reaction) return;
  meet_neighbour(o, permille(over_->before, kGreedyCutPermille));
}

// What he leaves of the line is not its speed, nor does it swing as the line does.
void DelayController::meet_neighbour(const Observation& o, Bitrate with) {
  greedy_ = Greedy{};
  greedy_->began_at = greedy_->tried_at = greedy_->floods_since = o.now;
  neighbour_.reset();
  line_ = Line{};
  rate_ = with;
}

void DelayController::part() {
  greedy_.reset();
  over_.reset();
}

// A greedy flow or two lose little, since they mind their losses. Where a twentieth is lost, many
// flows that have no room compete with each other.
bool DelayController::floods(Greedy& g, const Observation& o) const {
  if (o.paths > 1) {
    if (o.delivered >= permille(o.sent_then, 1'000 - kSharedFloodPermille)) g.floods_since = o.now;
    return o.now - g.floods_since > kSharedFlood;
  }
  g.packets += o.packets_received + o.packets_lost;
  g.lost += o.packets_lost;
  if (g.packets < kFloodPackets) return false;
  const std::uint32_t permille = g.lost * 1'000 / g.packets;
  g.packets = g.lost = 0;
  return permille > 2 * inherent_loss_permille() + kFloodPermille;
}

Duration DelayController::until_next_try(const Greedy& g, Duration round_trip) {
  if (g.seems_alone) return round_trip;
  return kTryEvery * (1 << std::min(g.tries, kMostDoublings)) + 4 * round_trip;
}

// As TCP does: one packet more per round trip, a part less per loss.
void DelayController::compete(const Observation& o, Duration since) {
  const Duration round_trip = o.round_trip + o.standing_queue;
  Greedy& g = *greedy_;
  if (floods(g, o)) {
    flooded_until_ = o.now + kModestFor;
    part();
    return;
  }
  if (g.try_began_at) {
    if (o.now - *g.try_began_at < round_trip + 3 * kSenderLag) return;
    const Bitrate arrives = o.busy_rate.value_or(o.delivered);
    rate_ = g.before;
    // Sound alone may be more than the try allows: then nothing was tried.
    const bool tried = o.sent_then <= permille(g.sent_before, kTriedPermille);
    const bool alone = tried && arrives >= permille(g.arrived_before, kAlonePermille);
    // Once he may have backed off just then.
    if (alone && g.seems_alone) return part();
    g.seems_alone = alone;
    g.try_began_at.reset();
    g.tried_at = o.now;
    if (!alone) ++g.tries;
  } else if (o.now - g.tried_at > until_next_try(g, round_trip)) {
    g.try_began_at = o.now;
    g.before = rate_;
    g.sent_before = o.sent_then;
    g.arrived_before = o.busy_rate.value_or(o.delivered);
    rate_ = permille(std::min(rate_, g.arrived_before), kTryPermille);
    return;
  }
  if (o.packets_lost > 0 && (!g.cut_at || o.now - *g.cut_at > round_trip)) {
    g.cut_at = o.now;
    rate_ = permille(rate_, kGreedyCutPermille);
    return;
  }
  const std::int64_t ms = std::max<std::int64_t>(to_ms(round_trip), 1);
  const Bitrate more = Bitrate::bps(kPacketBits * weight_ * 1'000 / ms * to_ms(since) / ms);
  rate_ = std::max(rate_, std::min(rate_ + more, proven(o)));
}

}  // namespace diemcau::rate
