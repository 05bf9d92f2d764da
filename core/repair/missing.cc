// One entry a packet, in the order of sending.
#include "core/repair/missing.h"

#include <algorithm>
#include <utility>

namespace diemcau::repair {

namespace {
// From question to answer beside the round trip: both ends' timers, the turn in the pacer, the
// packets that stand in front.
constexpr Duration kTurn = 15ms;
// Coded repair comes with the end of a picture, 33 ms apart.
constexpr Duration kCodedComes = 38ms;
// Of three pictures' repair, where no answer comes: what the encoder makes instead takes longer.
constexpr Duration kAllCodedComes = 120ms;
// Repair packets of one picture follow each other at the path's pace.
constexpr Duration kMoreComes = 6ms;
// An answer takes a round trip, as the encoder's way around the loss does: to ask once is always as
// good, unless everything behind would wait too long.
constexpr Duration kMostAnswer = 300ms;
// The same question again, where to find out that it was lost takes long.
constexpr Duration kWorthEcho = 45ms;
constexpr Duration kEcho = 9ms;
// And once more where the way back is known to lose: bursts of the same line outlast the first.
// All within half a round trip, in which the other end answers a question once.
constexpr std::uint8_t kEchoes = 1, kMoreEchoes = 2;
// Answers to one question follow each other at the path's pace.
constexpr Duration kMoreAnswers = 20ms;
constexpr Duration kCopyComes = 14ms;
constexpr Duration kNoCopies = 65ms;
constexpr Duration kMostReordering = 30ms;
// From the last packet before it on: then the encoder's way around a loss is quicker than answers
// for all of it. With 300 ms one in twenty clean pictures behind outages comes 198 ms after a round
// trip of 150 instead of 130, with 120 ms none sooner.
constexpr Duration kAroundIsQuicker = 170ms;
// What chance does not lose in a row, in a silence that would have been asked about.
constexpr PacketId kBlackoutPackets = 5;
// Of what is usual between two packets, a sixty-fourth with each.
constexpr std::int64_t kForget = 64;
// It saves an answer's time; what comes sooner anyway is not worth the bytes.
constexpr Duration kWorthSilence = 35ms;
constexpr Duration kLonger = 10ms;
// One that has come late among a thousand says nothing of the next.
constexpr int kForgetOrder = 1'024;
constexpr Duration kTooLongFor = 10s;
constexpr Duration kSilenceAgain = 25ms;
constexpr std::uint32_t kMostOfSilence = 6;
// Pictures behind each other in a pacer vary by that.
constexpr Duration kLeastVariation = 8ms;
// What two questions take.
constexpr Duration twice(Duration answer) { return 2 * answer + kTurn; }
}  // namespace

void Missing::restart() {
  entries_.clear();
  newest_.reset();
  coded_at_.reset();
  answer_.reset();
  usual_silence_ = reordering_ = {};
  blackout_at_.reset();
  outage_.reset();
  silence_due_ = kNever;
}

Missing::Entry* Missing::find(PacketId id) {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), id,
                       [](const Entry& e, PacketId wanted) { return e.id < wanted; });
  return found != entries_.end() && found->id == id ? &*found : nullptr;
}

Duration Missing::answer_time(std::optional<Duration> round_trip) const {
  if (!answer_) return round_trip.value_or(kUnknownRoundTrip) + kTurn;
  // A way that has become longer: what is asked for twice before its first answer teaches nothing.
  return std::max(*answer_ + std::max<Duration>(2 * answer_varies_, kLeastVariation),
                  round_trip.value_or(Duration::zero()));
}

void Missing::exists(Timestamp now, PacketId up_to, std::optional<Duration> round_trip) {
  if (!newest_) {
    newest_ = up_to;
    heard_at_ = now;
    return;
  }
  const Timestamp heard_before = heard_at_;
  heard(now, std::max<PacketId>(up_to - *newest_, 0));
  if (up_to <= *newest_) return;
  const PacketId gap = up_to - *newest_;
  if (gap > kMostGap || now - heard_before >= kAroundIsQuicker) outage_ = now - heard_before;
  if (gap > kMostGap) {
    entries_.clear();
  } else {
    for (PacketId id = *newest_ + 1; id <= up_to; ++id) add(now, id, heard_before, round_trip);
  }
  newest_ = up_to;
}

void Missing::add(Timestamp now, PacketId id, Timestamp heard_before,
                  std::optional<Duration> round_trip) {
  if (entries_.size() == kMost) entries_.erase(entries_.begin());
  // Nothing is asked for that would take too long: then nothing is learned either.
  if (answer_ && *answer_ > kMostAnswer && now - answered_at_ > kTooLongFor) answer_.reset();
  Entry e;
  e.id = id;
  e.since = now;
  const Duration answer = answer_time(round_trip);
  const bool asking_helps = answer_.value_or(answer) <= kMostAnswer;
  const Duration coded_comes = asking_helps ? kCodedComes : kAllCodedComes;
  const Duration wait = coded(now) ? coded_comes : reordering_;
  // Not longer than the answer leaves.
  const Duration slack = std::clamp<Duration>(kRepairBudget - answer, Duration::zero(), wait);
  e.ask_at = !asking_helps ? kNever : now + slack;
  e.give_up_at = now + (asking_helps ? std::max(kRepairLasts, twice(answer)) : wait);
  e.late_at = std::min({now + kRepairBudget, heard_before + kAroundIsQuicker, e.give_up_at});
  entries_.push_back(e);
}

void Missing::heard(Timestamp now, PacketId lost) {
  const Duration silence = now - std::exchange(heard_at_, now);
  if (lost >= kBlackoutPackets && silence >= usual_silence_ + kLonger) blackout_at_ = now;
  if (lost == 0) usual_silence_ = std::max(silence, usual_silence_ - usual_silence_ / kForget);
  reordering_ -= reordering_ / kForgetOrder;
  silence_asked_ = 0;
  const bool pays = answer_ && *answer_ >= kWorthSilence;
  silence_due_ = pays && blacks_out(now) ? now + usual_silence_ + kLonger : kNever;
}

void Missing::ask_about_silence(Timestamp now, std::optional<Duration> round_trip) {
  for (PacketId id = *newest_ + 1; id <= *newest_ + kOfSilence; ++id) due_.push_back(id);
  due_.push_back(*newest_ + kNotYet);
  // The other end repeats nothing twice within half a round trip.
  const Duration again = std::max(kSilenceAgain, round_trip.value_or(kUnknownRoundTrip) / 2);
  silence_due_ = ++silence_asked_ < kMostOfSilence ? now + again : kNever;
}

void Missing::arrived(Timestamp now, PacketId id, bool repaired) {
  if (newest_ && id > *newest_) newest_ = id;
  if (entries_.empty()) return;
  const Entry* entry = find(id);
  if (entry == nullptr) return;
  if (!repaired && now > entry->since) {
    reordering_ = std::clamp<Duration>(now - entry->since, reordering_, kMostReordering);
  }
  entries_.erase(entries_.begin() + (entry - entries_.data()));
}

void Missing::answered(Timestamp now, PacketId id) {
  const Entry* entry = find(id);
  const bool once = answer_ && *answer_ < kNoCopies && blacks_out(now);
  for (Entry& e : entries_) {
    if (e.questions == 0 || now - e.since > kMostAnswer) continue;
    if (once && entry != nullptr && e.id < id && e.asked_at <= entry->asked_at &&
        e.ask_at != kNever) {
      // Answers come in order: this one's is lost, unless a copy of it follows.
      e.ask_at = std::min(e.ask_at, now + kCopyComes);
      continue;
    }
    if (e.ask_at != kNever) e.ask_at = std::max(e.ask_at, now + kMoreAnswers);
    e.late_at = std::max(e.late_at, now + kMoreAnswers);
    e.give_up_at = std::max(e.give_up_at, now + kMoreAnswers);
  }
  if (entry == nullptr || entry->questions != 1 || !entry->leads) return;
  const Duration took = now - entry->asked_at;
  answered_at_ = now;
  if (!answer_) {
    answer_ = took;
    answer_varies_ = took / 4;
    return;
  }
  const Duration off = took > *answer_ ? took - *answer_ : *answer_ - took;
  answer_varies_ += (off - answer_varies_) / 4;
  *answer_ += (took - *answer_) / 8;
}

void Missing::still_missing(Timestamp now, PacketId first, PacketId last, bool last_one) {
  coded_at_ = now;
  for (Entry& e : entries_) {
    if (e.id < first || e.id > last || e.questions > 0 || e.ask_at == kNever) continue;
    e.ask_at = std::min(e.ask_at, last_one ? now : now + kMoreComes);
  }
}

void Missing::picture_began(Timestamp now, PacketId id) {
  for (Entry& e : entries_) {
    if (e.id < id && e.questions == 0 && e.ask_at != kNever) e.ask_at = std::min(e.ask_at, now);
  }
}

std::span<const PacketId> Missing::take_due(Timestamp now, std::optional<Duration> round_trip,
                                            std::size_t solvable) {
  due_.clear();
  const Duration answer = answer_time(round_trip);
  std::size_t under_way = 0;
  for (const Entry& e : entries_) under_way += e.questions > 0 && e.ask_at > now;
  const std::size_t enough = std::min(entries_.size(), solvable + under_way);
  // Whichever come, the equations give the others.
  const std::size_t needed = entries_.size() - enough;
  std::size_t echoes = 0;
  for (Entry& e : entries_) {
    if (e.ask_at > now) {
      if (e.echo_at <= now) {
        const std::uint8_t most = way_back_loses_ ? kMoreEchoes : kEchoes;
        e.echo_at = ++e.echoes < most ? now + kEcho : kNever;
        due_.push_back(e.id);
        ++echoes;
      }
      continue;
    }
    // One more answer is here before the encoder has gone around the loss, and brings all that
    // leans on it. On a line that is full the other end refuses.
    const Timestamp too_late = e.since + std::max(kRepairLasts, twice(answer));
    const bool first = e.questions == 0 && now - e.since <= kRepairBudget;
    if (!first && now + answer > too_late) {
      e.ask_at = e.echo_at = kNever;
      continue;
    }
    if (due_.size() == needed + echoes) {
      e.ask_at = now + kMoreComes;
      continue;
    }
    e.leads = due_.empty();
    if (answer > kWorthEcho) e.echo_at = now + kEcho;
    e.echoes = 0;
    due_.push_back(e.id);
    ++e.questions;
    e.asked_at = now;
    e.ask_at = now + answer;
    // It may answer the first question.
    if (first) e.late_at = std::max(e.late_at, now + answer + kTurn / 2);
    e.give_up_at = std::max(e.give_up_at, now + answer + kTurn);
  }
  if (silence_due_ <= now) {
    // A question of its own: the other end answers it otherwise.
    if (due_.empty()) {
      ask_about_silence(now, round_trip);
    } else {
      silence_due_ = now + kMoreComes;
    }
  }
  return due_;
}

void Missing::time_passed(Timestamp now) {
  std::erase_if(entries_, [now](const Entry& e) { return e.give_up_at <= now; });
  for (Entry& e : entries_) e.late = e.late || e.late_at <= now;
}

std::optional<Timestamp> Missing::first_question() const {
  Timestamp first = silence_due_;
  for (const Entry& e : entries_) first = std::min({first, e.ask_at, e.echo_at});
  return first != kNever ? std::optional(first) : std::nullopt;
}

std::optional<Timestamp> Missing::first_end() const {
  Timestamp first = kNever;
  for (const Entry& e : entries_) first = std::min(first, e.late ? e.give_up_at : e.late_at);
  return first != kNever ? std::optional(first) : std::nullopt;
}

}  // namespace diemcau::repair
