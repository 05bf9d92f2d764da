// Three states of mind: follow a busy line, grow on an idle one, hold one's own against greedy
// traffic.
#include "core/rate/delay_controller.h"

#include <algorithm>

namespace diemcau::rate {

namespace {
// Steady lines have 3 %, flows of our kind in one queue 5 %, a cell's line 15 %: by about a
// standard deviation of which it may be slower when what we send now gets there.
constexpr std::int64_t kSwingFilter = 64;  // reports: 2.5 s
constexpr std::int64_t kUsualSwingPermille = 90;
constexpr std::int64_t kHeadroomPercent = 350;
constexpr std::int64_t kMostHeadroomPermille = 250;
// And grows slower there: half as fast at the most headroom.
constexpr std::int64_t kSlowerGrowth = 2;
// Arrivals are told in 1/1,024 s: less is not a queue.
constexpr Duration kQueueFloor = 4ms;
constexpr Duration kIdle = 3ms;
// The wanted wait is the floor and this many bits: 16 ms at 1 Mbit/s. Measured as the least that
// keeps equals equal.
constexpr std::int64_t kQueueShareBits = 16'000;
constexpr Duration kMostWanted = 50ms;
constexpr Duration kClearlyOver = 5ms;
// A packet and a half at the rate: what bursts of ours differ by.
constexpr std::int64_t kSpreadBits = 14'400;
// Of an uplink: pictures for all paths leave together, a thirtieth of a second's bits at 1.2 times
// the rate. The last of them waits a sixth of 33 ms longer than the first, they all half of that.
constexpr Duration kSharedSpread = 3ms;
// The zero is the least of half a minute, three deviations below the mean; the least of what leaves
// the uplink in 50 ms is one below, because jitter keeps the order of all paths' packets.
constexpr std::int64_t kSharedNoise = 2;
constexpr Duration kMostNoise = 30ms;
constexpr std::int64_t kNoiseFilter = 16;
// From a decision to its effect at the bottleneck's entrance: an encoder's three pictures, and half
// a report's interval.
constexpr Duration kSenderLag = 120ms;
// A picture sent faster and the report about it: what growing waits for.
constexpr Duration kBurstLag = 60ms;
constexpr std::int64_t kSettlePercent = 250;
constexpr Duration kLeastSettle = 200ms;
constexpr std::int64_t kDeepestCutPermille = 500;
constexpr std::int64_t kMostAbovePermille = 1'060;
constexpr std::int64_t kBurstPermille = 1'100;
// Above the target, what our pictures' bursts try the line with.
constexpr std::int64_t kPacePercent = 120;
constexpr std::int64_t kStartPacePercent = 250;
// With too much in the queue, what the encoders still make too much waits here instead.
constexpr std::int64_t kDrainPacePercent = 104;
constexpr Duration kDrainAbove = 5ms;
// Bursts at the pace wait that long on average when an uplink is little faster than the rate.
constexpr Duration kBurstsWait = 1500us;
// Per reaction time, when bursts do not wait. The same step for all lets small flows catch up.
constexpr std::int64_t kGrowPermille = 80;
constexpr Bitrate kGrowStep = Bitrate::kbps(60);
constexpr std::int64_t kSharedGrowPermille = 60;
constexpr std::int64_t kGrowBlindPermille = 20;  // when we cannot tell
constexpr std::int64_t kStartGrowPermille = 1'000;
// An idle application's rate is at most this much of what it sends.
constexpr std::int64_t kUnprovenPercent = 150;
constexpr std::int64_t kStartUnprovenPercent = 250;
constexpr std::int64_t kSharedUnprovenPercent = 105;
constexpr Bitrate kUnproven = Bitrate::kbps(80);
constexpr std::int64_t kAllArrivesPermille = 900;
constexpr std::int64_t kUnusedPermille = 850;
constexpr Duration kUsual = 3s;
// What a full uplink gives, on average over so much time of being full; of a line that has swung
// within a minute it grows by so much a second, and by more where it has not been seen full.
constexpr Duration kGiven = 2s;
constexpr std::int64_t kGivenGrowPermille = 10, kUnseenGrowPermille = 50;
constexpr Duration kSwings = 60s;
constexpr Duration kRadioNoise = 2ms;
// A queue that much above what is wanted, which does not become a quarter shorter although we send
// less than arrives, is somebody else's.
constexpr Duration kFarOver = 25ms;
constexpr std::int64_t kProgressPercent = 75;
constexpr std::int64_t kOwnDoingPermille = 1'100;
constexpr Duration kCalmAgain = 10ms;
constexpr std::int64_t kGreedyCutPermille = 800;
// Whether it still is, is tried: when we send a third less and as much arrives as before, the line
// is ours alone.
constexpr Duration kTryEvery = 4s;
constexpr std::int64_t kTryPermille = 700;
constexpr std::int64_t kAlonePermille = 880;
constexpr std::int64_t kPacketBits = 9'600;
// Two seconds of sound: 3 σ of 1 % are 4 %.
constexpr std::uint32_t kFloodPackets = 100;
constexpr std::uint32_t kFloodPermille = 50;
constexpr Duration kModestFor = 10s;
// Until then it is what the queue held before its line became slower.
constexpr Duration kOverflows = 1s;

Bitrate permille(Bitrate r, std::int64_t n) {
  return Bitrate::bps(r.bps() / 1'000 * n + r.bps() % 1'000 * n / 1'000);
}
}  // namespace

DelayController::DelayController(RateBounds bounds, std::uint32_t weight)
    : bounds_(bounds), weight_(weight), rate_(bounds.start) {}

Bitrate DelayController::bounded(Bitrate r) const {
  return std::clamp(r, bounds_.least, bounds_.most);
}

Bitrate DelayController::rate() const {
  const auto limit = losses_.limit();
  return bounded(limit ? std::min(rate_, *limit) : rate_);
}

Bitrate DelayController::pace() const {
  return Bitrate::bps(rate().bps() / 100 *
                      (starting_   ? kStartPacePercent
                       : draining_ ? kDrainPacePercent
                                   : kPacePercent));
}

Duration DelayController::wanted_queue() const {
  const Duration share{kQueueShareBits * weight_ * 1'000'000'000 /
                       std::max<std::int64_t>(rate_.bps(), 1)};
  return std::min(kQueueFloor + noise_ + share, kMostWanted);
}

// What the waits of packets sent together differ by, beyond what their own length explains, is the
// line's jitter: the least of a few lies as far above the least of half a minute.
void DelayController::follow_noise(const Observation& o) {
  const bool shared = o.paths > 1;
  const Duration packets{kSpreadBits * 1'000'000'000 / std::max<std::int64_t>(rate_.bps(), 1)};
  const Duration own = shared ? kSharedSpread : packets;
  const Duration unexplained =
      std::clamp<Duration>((o.spread - own) * (shared ? kSharedNoise : 1), 0ns, kMostNoise);
  noise_ += (unexplained - noise_) / kNoiseFilter;
}

void DelayController::observe(const Observation& told) {
  const Duration since =
      observed_at_ ? std::clamp<Duration>(told.now - *observed_at_, 0ns, 200ms) : Duration::zero();
  observed_at_ = told.now;
  const Observation o = without_overflow(told);
  follow_noise(o);
  draining_ = o.standing_queue > wanted_queue() + kDrainAbove && !greedy_;
  remember(o, since);
  follow_swing(o);
  losses_.observe(o, o.standing_queue > wanted_queue() + kFarOver);
  watch_for_greedy(o);
  if (greedy_) {
    compete(o, since);
  } else if (o.standing_queue > kIdle + noise_) {
    follow(o, since);
  } else {
    grow(o, since);
  }
  rate_ = bounded(rate_);
}

// The line has carried what it lost itself. What a full queue turned away it has not, and ten who
// counted that as theirs would keep it full.
Observation DelayController::without_overflow(Observation o) {
  if (o.standing_queue <= wanted_queue() + kFarOver) {
    far_over_since_.reset();
    return o;
  }
  if (!far_over_since_) far_over_since_ = o.now;
  if (o.now - *far_over_since_ < kOverflows) return o;
  const std::int64_t arrives_permille = std::max<std::int64_t>(1'000 - inherent_loss_permille(), 1);
  o.carried = std::min(o.carried, Bitrate::bps(o.delivered.bps() * 1'000 / arrives_permille));
  return o;
}

// By how much what comes out of a busy line differs from what went in: queues grow and fall by
// that.
void DelayController::follow_swing(const Observation& o) {
  const std::int64_t more = std::max(o.carried, o.sent_then).bps();
  if (o.standing_queue <= kQueueFloor + noise_ || more == 0) return;
  const std::int64_t differ = more - std::min(o.carried, o.sent_then).bps();
  swing_ppm_ += (differ * 1'000 / more * 1'000 - swing_ppm_) / kSwingFilter;
  if (headroom_permille() > 0) swings_until_ = o.now + kSwings;
}

// On a line that changes faster than we learn of it, what it gives now is too much as often as not.
std::int64_t DelayController::headroom_permille() const {
  const std::int64_t strange = std::max<std::int64_t>(swing_ppm_ / 1'000 - kUsualSwingPermille, 0);
  return std::min(strange * kHeadroomPercent / 100, kMostHeadroomPermille);
}

// Rates in a queue swing by a fifth: a pause begins at the low end as often as at the high one.
void DelayController::remember(const Observation& o, Duration since) {
  if (o.resuming) {
    if (!resumed_with_) resumed_with_ = rate_ = std::max(rate_, usual_);
    resumed_at_ = o.now;
    return;
  }
  if (o.now - resumed_at_ > settling(o.round_trip + kSenderLag)) resumed_with_.reset();
  const std::int64_t part = part_of(since, kUsual);
  usual_ = permille(usual_, 1'000 - part) + permille(std::min(rate_, proven(o)), part);
}

std::int64_t DelayController::part_of(Duration since, Duration reaction) {
  return std::min<std::int64_t>(since.count() * 1'000 / reaction.count(), 1'000);
}

Duration DelayController::settling(Duration reaction) {
  return std::max(kLeastSettle, reaction * kSettlePercent / 100);
}

void DelayController::follow(const Observation& o, Duration since) {
  starting_ = false;
  const Duration reaction = o.round_trip + kSenderLag;
  const Duration settle = settling(reaction);
  const Duration excess = o.standing_queue - wanted_queue();
  const std::int64_t factor = std::clamp<std::int64_t>(
      1'000 - excess.count() * 1'000 / settle.count(), kDeepestCutPermille, kMostAbovePermille);
  // What arrives is what the line can carry, but not when we do not send what we may and all of it
  // arrives: then it says only what we sent. After a pause of the pictures, their queue takes its
  // part of what we had before, once.
  Bitrate anchor = std::min(o.busy_rate.value_or(o.carried), permille(o.carried, kBurstPermille));
  const bool all_arrives = o.carried >= permille(o.sent_then, kAllArrivesPermille);
  if (all_arrives && o.sent < permille(rate_, kUnusedPermille)) anchor = std::max(anchor, rate_);
  if (resumed_with_) anchor = std::max(anchor, o.resuming ? *resumed_with_ : o.carried);
  Bitrate target = permille(permille(anchor, factor), 1'000 - headroom_permille());
  if (o.paths > 1 && all_arrives && excess <= 0ns) {
    // Less waits than wanted, and what arrives says no more than what was sent: there is room.
    const bool held = careful(o) && rate_ >= given_;
    target = std::max(target, held ? rate_ : permille(rate_, factor));
  } else if (o.paths > 1) {
    remember_full(anchor, excess, since);
  }
  if (target < rate_ && excess <= kClearlyOver) {
    // Nothing waits much too long: what says less than before is as likely to be noise, and a small
    // flow that always believed the least would never become a larger one.
    rate_ = rate_ - permille(rate_ - target, part_of(since, reaction));
    return;
  }
  approach(target, since, reaction);
}

void DelayController::remember_full(Bitrate anchor, Duration excess, Duration since) {
  if (seen_full_) {
    const std::int64_t part = part_of(since, kGiven);
    given_ = permille(given_, 1'000 - part) + permille(anchor, part);
  } else if (excess > kClearlyOver) {
    seen_full_ = true;
    given_ = anchor;
  }
}

// A radio's line carries half of what it carried a second ago, and we learn of it a quarter of a
// second later: the queue of that is every path's. Up to what such a line gives when it is full the
// rate grows as fast as on any; beyond that, and where nobody has seen it full, slowly.
bool DelayController::careful(const Observation& o) const {
  if (o.paths <= 1 || starting_) return false;
  return o.now < swings_until_ || (!seen_full_ && noise_ >= kRadioNoise);
}

// What has just arrived with nothing waiting is proven: sound is sent at any rate, and a rate below
// that would keep pictures away. But not what a burst at the pace adds to the rate.
void DelayController::prove(const Observation& o) {
  const Bitrate arrived = std::min(o.carried, o.sent_then);
  const Bitrate without_bursts = Bitrate::bps(arrived.bps() / kPacePercent * 100);
  rate_ = std::max({rate_, without_bursts, seen_full_ ? std::min(arrived, given_) : Bitrate{}});
}

// What was not sent proves nothing. Of an uplink with many paths little more than what was sent is
// needed for one of them to have a better layer.
Bitrate DelayController::proven(const Observation& o) const {
  const std::int64_t percent = starting_     ? kStartUnprovenPercent
                               : o.paths > 1 ? kSharedUnprovenPercent
                                             : kUnprovenPercent;
  return Bitrate::bps(o.sent.bps() / 100 * percent + kUnproven.bps() * o.paths);
}

void DelayController::grow(const Observation& o, Duration since) {
  const Duration reaction = o.round_trip + kBurstLag;
  const bool shared = o.paths > 1;
  const Bitrate full_step =
      shared ? permille(rate_, kSharedGrowPermille)
             : permille(rate_, kGrowPermille) + Bitrate::bps(kGrowStep.bps() * weight_);
  const bool slowly = careful(o);
  const Bitrate step =
      permille(full_step, 1'000 - (shared ? 0 : kSlowerGrowth * headroom_permille()));
  if (shared) prove(o);
  if (slowly) {
    if (given_ == Bitrate{}) given_ = rate_;
    const std::int64_t permille_a_second = seen_full_ ? kGivenGrowPermille : kUnseenGrowPermille;
    if (rate_ >= permille(given_, kUnusedPermille))
      given_ += Bitrate::bps(given_.bps() / 1'000'000 * permille_a_second * to_ms(since));
    if (rate_ >= given_) return;
  }
  Bitrate target = starting_ ? permille(rate_, 1'000 + kStartGrowPermille) : rate_ + step;
  target = std::min(target, std::max(proven(o), bounds_.start));
  // An uplink's is what all paths carry, and a line's speed only while more waits than jitter.
  const bool busy = o.busy_rate && !shared;
  if (busy || o.mean_queue > kBurstsWait + (shared ? 3 : 2) * noise_) {
    starting_ = false;
    target = std::min(target, permille(rate_, 1'000 + kGrowBlindPermille));
    // An uplink whose bursts wait has no room for a better layer of everybody.
    if (shared)
      target = std::min(
          target, Bitrate::bps(o.sent.bps() / 100 * kSharedUnprovenPercent + kUnproven.bps()));
    if (busy) {
      // Of a queue that others use too, bursts see more than a share: no faster than blindfold.
      target = std::max(target, std::min(permille(*o.busy_rate, kMostAbovePermille), rate_ + step));
    }
  }
  if (slowly) target = std::min(target, given_);
  if (target > rate_) approach(target, since, reaction);
}

// Down at once; up within a reaction time, so that what is decided is felt before more is.
void DelayController::approach(Bitrate target, Duration since, Duration reaction) {
  if (target <= rate_) {
    rate_ = target;
    return;
  }
  rate_ += permille(target - rate_, part_of(since, reaction));
}

void DelayController::watch_for_greedy(const Observation& o) {
  const Duration wanted = wanted_queue();
  if (greedy_) {
    if (o.standing_queue > wanted + kCalmAgain) {
      greedy_->short_since.reset();
    } else if (!greedy_->short_since) {
      greedy_->short_since = o.now;
    } else if (o.now - *greedy_->short_since > o.round_trip + kSenderLag) {
      greedy_.reset();
      over_.reset();
    }
    return;
  }
  if (o.standing_queue <= wanted + kFarOver || o.now < flooded_until_) {
    over_.reset();
    return;
  }
  if (!over_) over_ = Over{o.now, o.standing_queue, rate_};
  if (o.standing_queue - wanted < (over_->queue - wanted) * kProgressPercent / 100)
    over_ = Over{o.now, o.standing_queue, over_->before};
  // While we send more than arrives, as on a line that becomes slower, it is our own.
  if (o.sent_then > permille(o.carried, kOwnDoingPermille)) over_->since = o.now;
  // A cut is felt when what waits has left; then our own would fall by a factor e in each settling
  // time, by a quarter in a third of it.
  const Duration reaction = o.round_trip + kSenderLag;
  if (o.now - over_->since < 2 * reaction + over_->queue + settling(reaction)) {
    over_->queue = std::max(over_->queue, o.standing_queue);
    return;
  }
  greedy_ = Greedy{o.now, {}, {}, {}, {}, {}, 0, 0};
  rate_ = permille(over_->before, kGreedyCutPermille);
}

// A greedy flow or two lose little, since they mind their losses. Where a twentieth is lost, many
// flows that have no room compete with each other.
bool DelayController::floods(Greedy& g, const Observation& o) const {
  g.packets += o.packets_received + o.packets_lost;
  g.lost += o.packets_lost;
  if (g.packets < kFloodPackets) return false;
  const std::uint32_t permille = g.lost * 1'000 / g.packets;
  g.packets = g.lost = 0;
  return permille > 2 * inherent_loss_permille() + kFloodPermille;
}

// As TCP does: one packet more per round trip, a part less per loss.
void DelayController::compete(const Observation& o, Duration since) {
  const Duration round_trip = o.round_trip + o.standing_queue;
  Greedy& g = *greedy_;
  if (floods(g, o)) {
    flooded_until_ = o.now + kModestFor;
    greedy_.reset();
    over_.reset();
    return;
  }
  if (g.try_began_at) {
    if (o.now - *g.try_began_at < round_trip + 2 * kSenderLag) return;
    const Bitrate arrives = o.busy_rate.value_or(o.delivered);
    rate_ = g.before;
    if (arrives >= permille(g.arrived_before, kAlonePermille)) {
      greedy_.reset();
      over_.reset();
      return;
    }
    g.try_began_at.reset();
    g.tried_at = o.now;
  } else if (o.now - g.tried_at > kTryEvery + 4 * round_trip) {
    g.try_began_at = o.now;
    g.before = rate_;
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
