// A packet that was in the queue before its predecessor had left tells the line's speed: the time
// between their arrivals is its own.
#include "core/rate/path_meter.h"

#include <algorithm>
#include <utility>

namespace diemcau::rate {

namespace {
// Two pictures at 30 a second, and some packets of sound: the least of their waits is what no burst
// explains, and what jitter adds to single packets is gone.
constexpr Duration kStanding = 50ms;
// Arrivals are told in 1/1,024 s.
constexpr Duration kClearlyWaited = 1ms;
// Of what the line's speed is made: not less than this, and no older than half a second.
constexpr std::int64_t kBusyNs = 60'000'000;
constexpr std::uint32_t kBusyPackets = 5;
constexpr std::int64_t kBusySlots = 20;
constexpr Duration kRateWindow = 300ms;
// No window of ours stays closed that long: the application has no pictures.
constexpr Duration kPause = 1s;
// A third of the window without an arrival.
constexpr Duration kOutage = kRateWindow / 3;
// In the time of so many packets a limit would have let one through, and chance loses no three.
constexpr std::int64_t kBlackoutBytes = 5'000;
constexpr std::uint32_t kBlackoutPackets = 3;
constexpr Duration kLeastBlackout = 15ms;
// Behind such a queue it may be one that is full.
constexpr Duration kNearlyFull = 40ms;
// A delay that is shorter by more is a lie or a clock that jumped.
constexpr Duration kAbsurd = 60s;
// What the least delay and the clocks' drift may be wrong by.
constexpr Duration kClockError = 50ms;
}  // namespace

void PathMeter::Least::add(Timestamp now, Duration value) {
  const std::int64_t number = now.time_since_epoch() / part_;
  Part& part = parts_[static_cast<std::size_t>(number) % parts_.size()];
  const bool begins = part.number != number;
  if (begins || value < part.least) part = Part{number, value};
  if (!begins) {
    least_ = std::min(*least_, value);
    return;
  }
  newest_ = number;
  least_.reset();
  for (const Part& p : parts_) {
    if (p.number >= 0 && newest_ - p.number < static_cast<std::int64_t>(parts_.size()))
      least_ = std::min(least_.value_or(p.least), p.least);
  }
}

PathMeter::Rates PathMeter::rates(const Series<Carried>& of, Duration window, Timestamp end) {
  std::int64_t bytes = 0, lost_bytes = 0;
  of.backwards(end - kSlot, window / kSlot, [&](const Carried& slot) {
    bytes += slot.bytes;
    lost_bytes += slot.lost_bytes;
    return true;
  });
  const auto rate_of = [&](std::int64_t n) { return Bitrate::bps(n * 8 * 1'000 / to_ms(window)); };
  return {rate_of(bytes), rate_of(bytes + lost_bytes)};
}

std::optional<Bitrate> PathMeter::busy_rate() const {
  // Mostly the line was not: twenty slots need not be read for that.
  if (!newest_busy_ || newest_arrival_ - *newest_busy_ > kBusySlots * kSlot) return std::nullopt;
  std::int64_t bytes = 0, ns = 0;
  std::uint32_t packets = 0;
  std::optional<Bitrate> rate;
  busy_.backwards(newest_arrival_, kBusySlots, [&](const Busy& slot) {
    bytes += slot.bytes;
    ns += slot.ns;
    packets += slot.packets;
    if (ns >= kBusyNs && packets >= kBusyPackets)
      rate = Bitrate::bps(bytes * 8 * 1'000'000 / (ns / 1'000));
    return !rate;
  });
  return rate;
}

void PathMeter::sent(Timestamp now, std::uint16_t size_bytes, bool picture) {
  if (picture) {
    if (picture_sent_at_ && now - *picture_sent_at_ > kPause) resumed_at_ = now;
    picture_sent_at_ = now;
  }
  sent_.at(now).bytes += size_bytes;
}

Observation PathMeter::report(Timestamp now, std::span<const ReportedPacket> packets,
                              std::optional<Duration> round_trip) {
  Observation o;
  o.now = now;
  for (const ReportedPacket& p : packets) {
    if (!p.received) {
      // The first arrival proves that the peer has keys. What was sent before says nothing of the
      // line: one lost flight of a handshake is a second of ours that nobody could read.
      if (!last_arrival_) continue;
      ++o.packets_lost;
      if (lost_since_arrival_bytes_ == 0) ++o.loss_runs;
      base_.lost();
      lost_since_arrival_bytes_ += p.size_bytes;
      continue;
    }
    ++o.packets_received;
    arrived(now, p);
  }
  if (o.packets_lost > 0 && queue_ < kNearlyFull) o.packets_blacked_out = blacked_out(packets);
  if (round_trip) {
    round_trip_.add(now, *round_trip);
    way_and_back_.add(now, *round_trip);
  }
  o.round_trip = this->round_trip();
  look_at_waits(o);
  o.busy_rate = busy_rate();
  o.sent = rates(sent_, kRateWindow, now).arrived;
  o.sent_then = rates(sent_, kRateWindow, newest_told_).arrived;
  o.then = newest_told_;
  const Rates came = rates(arrivals_, kRateWindow, newest_arrival_);
  delivered_ = o.delivered = came.arrived;
  o.carried = came.carried;
  o.resuming = resumed_at_ && newest_told_ - *resumed_at_ <= kRateWindow + kSlot;
  return o;
}

void PathMeter::arrived(Timestamp now, const ReportedPacket& p) {
  const Duration delay = p.arrived_at - p.sent_at;
  const auto known = base_.least();
  // Nothing has waited on its way for longer than the way and back have taken: one of the clocks
  // stood still for that long, in a PC that slept.
  const bool stood = known && delay - *known > now - p.sent_at + kClockError;
  if (stood || (known && *known - delay > kAbsurd)) {
    base_ = BaseDelay{};
    skew_ = ClockSkew{};
  }
  skew_.add(now, delay);
  base_.arrived(now, delay, skew_);
  const Duration base = *base_.least(now, skew_);
  queue_ = delay - base;
  waits_[next_wait_++ % waits_.size()] = {p.arrived_at, queue_};
  Carried& slot = arrivals_.at(p.arrived_at);
  slot.bytes += p.size_bytes;
  const std::uint32_t lost_bytes = std::exchange(lost_since_arrival_bytes_, 0);
  slot.lost_bytes += lost_bytes;
  // The line had nothing, which is not little.
  if (lost_bytes > 0 && last_arrival_ && p.arrived_at - *last_arrival_ >= kOutage)
    resumed_at_ = p.sent_at;
  const bool waited = last_arrival_ && p.arrived_at >= *last_arrival_ &&
                      *last_arrival_ - (p.sent_at + base) > kClearlyWaited;
  if (waited) {
    // What was lost between them on the wire has used the line as well.
    Busy& busy = busy_.at(p.arrived_at);
    busy.bytes += p.size_bytes + lost_bytes;
    busy.ns += to_ns(p.arrived_at - *last_arrival_);
    ++busy.packets;
    newest_busy_ = newest_busy_ ? std::max(*newest_busy_, p.arrived_at) : p.arrived_at;
  }
  last_arrival_ = p.arrived_at;
  newest_told_ = p.sent_at;
  newest_arrival_ = p.arrived_at;
}

// Of runs of lost packets, those in which nothing came for longer than what the line carries would
// explain.
std::uint32_t PathMeter::blacked_out(std::span<const ReportedPacket> packets) const {
  std::uint32_t sum = 0, run = 0;
  Timestamp began;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (packets[i].received) {
      run = 0;
      continue;
    }
    if (run++ == 0) began = packets[i].sent_at;
    const bool ends = i + 1 == packets.size() || packets[i + 1].received;
    const Duration lasted = packets[std::min(i + 1, packets.size() - 1)].sent_at - began;
    const bool long_enough =
        lasted >= kLeastBlackout && delivered_.bytes_in(lasted).count() >= kBlackoutBytes;
    if (ends && run >= kBlackoutPackets && long_enough) sum += run;
  }
  return sum;
}

void PathMeter::look_at_waits(Observation& o) const {
  Duration least = queue_, sum{};
  std::int64_t count = 0;
  for (const Wait& wait : waits_) {
    if (newest_arrival_ - wait.arrived_at > kStanding) continue;
    least = std::min(least, wait.queue);
    sum += wait.queue;
    ++count;
  }
  o.standing_queue = least;
  o.mean_queue = count > 0 ? sum / count : least;
  o.spread = o.mean_queue - least;
  o.surge = queue_ - least;
}

}  // namespace diemcau::rate
