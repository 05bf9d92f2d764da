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
// The wanted wait is the floor and this many bits: 15 ms at 1 Mbit/s. Measured as the least that
// keeps equals equal.
constexpr std::int64_t kQueueShareBits = 15'000;
// From there on a sixth of it: with none, nothing would make small flows equal.
constexpr Duration kMuchWanted = 40ms;
constexpr std::int64_t kBeyondParts = 6;
// A packet and a half at the rate: what bursts of ours differ by.
constexpr std::int64_t kSpreadBits = 14'400;
// On a line that is just full a picture sent at 1.2 times the rate waits a sixth of 33 ms longer at
// its end, and packets that differ by a packet and a half a sixth of that at both ends.
constexpr Duration kSurge = 10ms;
constexpr std::int64_t kSurgeParts = 3;
// When all windows of measurement are behind its begin, and none has been for as long before.
constexpr Duration kSurgeIsNew = 300ms;
// Of an uplink: pictures for all paths leave together, a thirtieth of a second's bits at 1.2 times
// the rate. The last of them waits a sixth of 33 ms longer than the first, they all half of that.
constexpr Duration kSharedSpread = 3ms;
// The zero is the least of half a minute, three deviations below the mean; the least of what leaves
// the uplink in 50 ms is one below, because jitter keeps the order of all paths' packets.
constexpr std::int64_t kSharedNoise = 2;
constexpr Duration kMostNoise = 30ms;
constexpr std::int64_t kNoiseFilter = 16;
// A picture sent faster and the report about it: what growing waits for.
constexpr Duration kBurstLag = 60ms;
constexpr std::int64_t kSettlePercent = 250;
constexpr Duration kLeastSettle = 200ms;
constexpr std::int64_t kDeepestCutPermille = 500;
constexpr std::int64_t kMostAbovePermille = 1'060;
constexpr std::int64_t kBurstPermille = 1'100;
constexpr std::int64_t kSwingsPermille = 900;
// Above the target, what our pictures' bursts try the line with.
constexpr std::int64_t kPacePercent = 120;
constexpr std::int64_t kStartPacePercent = 250;
// With too much in the queue, what the encoders still make too much waits here instead.
constexpr std::int64_t kDrainPacePercent = 104;
constexpr Duration kDrainAbove = 5ms;
// Bursts at the pace wait that long on average when an uplink is little faster than the rate.
constexpr Duration kBurstsWait = 1500us;
// All by as much is a way that has become longer, no burst: in front of a full line they differ by
// more, and by half a step of what arrivals are told in wherever they are.
constexpr Duration kDiffer = 750us;
// Per reaction time, when bursts do not wait. The same step for all lets small flows catch up.
constexpr std::int64_t kGrowPermille = 80;
constexpr Bitrate kGrowStep = Bitrate::kbps(60);
constexpr std::int64_t kGrowBlindPermille = 20;  // when we cannot tell
constexpr std::int64_t kStartGrowPermille = 1'000;
// An idle application's rate is at most this much of what it sends.
constexpr std::int64_t kUnprovenPercent = 150;
constexpr std::int64_t kStartUnprovenPercent = 250;
constexpr std::int64_t kSharedUnprovenPercent = 105;
constexpr Bitrate kUnproven = Bitrate::kbps(80);
constexpr std::int64_t kAllArrivesPermille = 900;
constexpr Duration kUsual = 3s;
// As long as what was sent is counted.
constexpr Duration kToldFor = 300ms;
// Until then it is what the queue held before its line became slower.
constexpr Duration kOverflows = 1s;
// What a line has carried is remembered for minutes, longer than anybody fills it, but not where a
// full queue has turned away a fifth of what was sent for longer than a radio's dip lasts.
constexpr Duration kForgets = 3min, kForgetsFlooded = 1s, kFloods = 2s;
constexpr std::int64_t kFloodedPermille = 800;
}  // namespace

Bitrate DelayController::permille(Bitrate r, std::int64_t n) {
  return Bitrate::bps(r.bps() / 1'000 * n + r.bps() % 1'000 * n / 1'000);
}

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
  const Duration wanted = kQueueFloor + noise_ + share;
  return std::min(wanted, kMuchWanted + (wanted - kMuchWanted) / kBeyondParts);
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
  watch_for_surge(o);
  draining_ = o.standing_queue > wanted_queue() + kDrainAbove && !greedy_;
  remember(o, since);
  follow_swing(o);
  remember_carried(o, since);
  losses_.observe(o, o.standing_queue + o.uplink_queue > wanted_queue() + kFarOver);
  watch_for_greedy(o);
  if (greedy_) {
    compete(o, since);
  } else if (o.standing_queue > kIdle + noise_) {
    follow(o, since);
  } else {
    grow(o, since);
  }
  rate_ = bounded(rate_);
  told_[next_told_++ % told_.size()] = {o.now, rate()};
}

// The standing queue is the least of 50 ms and what is carried the mean of 300: both know of a drop
// too late. Waits that always grow so are pictures on a thin line.
void DelayController::watch_for_surge(const Observation& o) {
  const Duration packets{kSpreadBits * 1'000'000'000 / std::max<std::int64_t>(o.carried.bps(), 1)};
  surges_ = false;
  if (o.paths > 1 || o.surge <= kSurge + packets / kSurgeParts + noise_) return;
  if (o.now - surged_at_ > kSurgeIsNew) surging_since_ = o.now;
  surged_at_ = o.now;
  surges_ = o.now - surging_since_ < kSurgeIsNew;
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

void DelayController::remember_carried(const Observation& o, Duration since) {
  const bool full = far_over_since_.has_value();
  const Bitrate carries = std::min(full ? o.delivered : o.carried, o.sent_then);
  const auto keep = [&](Bitrate& most, Duration time) {
    const Bitrate forgotten = Bitrate::bps(most.bps() / to_ms(time) * to_ms(since));
    most = std::max(most - forgotten, carries);
  };
  keep(line_.carried, kSwings);
  const bool floods = full && o.now - *far_over_since_ > kFloods && !greedy_ &&
                      o.delivered < permille(o.sent_then, kFloodedPermille);
  keep(carried_, floods ? kForgetsFlooded : kForgets);
}

// By how much what comes out of a busy line differs from what went in: queues grow and fall by
// that.
void DelayController::follow_swing(const Observation& o) {
  const std::int64_t more = std::max(o.carried, o.sent_then).bps();
  if (o.standing_queue <= kQueueFloor + noise_ || more == 0 || greedy_) return;
  const std::int64_t differ = more - std::min(o.carried, o.sent_then).bps();
  line_.swing_ppm += (differ * 1'000 / more * 1'000 - line_.swing_ppm) / kSwingFilter;
  if (headroom_permille() > 0) line_.swings_until = o.now + kSwings;
}

// On a line that changes faster than we learn of it, what it gives now is too much as often as not.
std::int64_t DelayController::headroom_permille() const {
  const std::int64_t strange =
      std::max<std::int64_t>(line_.swing_ppm / 1'000 - kUsualSwingPermille, 0);
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
  // part of what we had before, once, until those who had taken our place have felt it. Then it is
  // still not what little the encoders have sent so far.
  Bitrate anchor = this->anchor(o, excess);
  const bool all_arrives = o.carried >= permille(o.sent_then, kAllArrivesPermille);
  if (all_arrives && o.sent < permille(rate_, kUnusedPermille)) anchor = std::max(anchor, rate_);
  if (resumed_with_) {
    const bool felt = o.now - resumed_at_ > reaction;
    anchor = std::max({anchor, felt ? o.carried : *resumed_with_,
                       felt ? given_of_told(o).value_or(Bitrate{}) : Bitrate{}});
  }
  Bitrate target = permille(permille(anchor, factor), 1'000 - headroom_permille());
  if (o.paths > 1 && all_arrives && excess <= 0ns) {
    // Less waits than wanted, and what arrives says no more than what was sent: there is room.
    const bool held = careful(o) && rate_ >= line_.given;
    target = std::max(target, held ? rate_ : permille(rate_, factor));
  } else if (o.paths > 1 && excess > 0ns) {
    remember_full(anchor, excess, since);
  }
  if (excess > 0ns) waited_at_ = o.now;
  if (excess <= 0ns && careful(o)) grow_given(o, since);
  if (target < rate_ && excess <= kClearlyOver) {
    // Nothing waits much too long: what says less than before is as likely to be noise, and a small
    // flow that always believed the least would never become a larger one.
    rate_ = rate_ - permille(rate_ - target, part_of(since, reaction));
    return;
  }
  approach(target, since, reaction);
}

// For the packets that have just arrived.
std::optional<Bitrate> DelayController::told_then(Timestamp then) const {
  const Timestamp end = then - kSenderLag;
  std::int64_t sum_bps = 0, count = 0;
  for (const Told& told : told_) {
    if (!told.at || *told.at > end || *told.at < end - kToldFor) continue;
    sum_bps += told.rate.bps();
    ++count;
  }
  if (count == 0) return std::nullopt;
  return Bitrate::bps(sum_bps / count);
}

// The line's part of what was sent, of what the encoders were told to send: what they happened to
// make more or less is not in it.
std::optional<Bitrate> DelayController::given_of_told(const Observation& o) const {
  const auto told = told_then(o.then);
  if (!told || o.sent_then.bps() < 1'000) return std::nullopt;
  const std::int64_t part_permille = o.carried.bps() / (o.sent_then.bps() / 1'000);
  return permille(*told, std::min(part_permille, kBurstPermille));
}

// What the line gives us. While the queue is about what is wanted, an encoder's swings and the few
// packets that tell of the line's speed would move our share at random, and faster than the queue
// moves it back. Not where room is kept for a line's swings: that is a part of the line's speed,
// and taken from what is told it would be taken again each time.
Bitrate DelayController::anchor(const Observation& o, Duration excess) const {
  const Bitrate most = permille(o.carried, kBurstPermille);
  if (o.paths == 1 && excess <= kClearlyOver && headroom_permille() == 0) {
    if (const auto given = given_of_told(o))
      return std::clamp(*given, permille(o.carried, kSwingsPermille), most);
  }
  return std::min(o.busy_rate.value_or(o.carried), most);
}

// What has just arrived with nothing waiting is proven: sound is sent at any rate, and a rate below
// that would keep pictures away. But not what a burst at the pace adds to the rate.
void DelayController::prove(const Observation& o) {
  const Bitrate arrived = std::min(o.carried, o.sent_then);
  const Bitrate without_bursts = Bitrate::bps(arrived.bps() / kPacePercent * 100);
  rate_ = std::max(
      {rate_, without_bursts, line_.seen_full ? std::min(arrived, line_.given) : Bitrate{}});
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
      shared ? permille(rate_, shared_growth_permille(o.now))
             : permille(rate_, kGrowPermille) + Bitrate::bps(kGrowStep.bps() * weight_);
  const bool slowly = careful(o);
  const Bitrate step =
      permille(full_step, 1'000 - (shared ? 0 : kSlowerGrowth * headroom_permille()));
  if (shared) prove(o);
  if (slowly) {
    if (line_.given == Bitrate{}) line_.given = rate_;
    grow_given(o, since);
    if (rate_ >= line_.given) return;
  }
  Bitrate target = starting_ ? permille(rate_, 1'000 + kStartGrowPermille) : rate_ + step;
  target = std::min(target, std::max(proven(o), bounds_.start));
  // An uplink's is what all paths carry, and a line's speed only while more waits than jitter.
  const bool busy = o.busy_rate && !shared;
  const bool differ = o.mean_queue - o.standing_queue > kDiffer;
  if (busy || (differ && o.mean_queue > kBurstsWait + (shared ? 3 : 2) * noise_)) {
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
  if (slowly) target = std::min(target, line_.given);
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

}  // namespace diemcau::rate
