// One entry a packet, in the order of sending.
#include "core/repair/missing.h"

#include <algorithm>

#include "core/repair/symbol.h"

namespace diemcau::repair {

namespace {
constexpr Duration kUnknownRoundTrip = 100ms;
// From question to answer beside the round trip: both ends' timers, the turn in the pacer, the
// packets that stand in front.
constexpr Duration kTurn = 15ms;
// Coded repair comes with the end of a picture, 33 ms apart.
constexpr Duration kCodedComes = 38ms;
// Repair packets of one picture follow each other at the path's pace.
constexpr Duration kMoreComes = 6ms;
// An answer takes a round trip, as the encoder's way around the loss does: to ask once is always as
// good, unless everything behind would wait too long.
constexpr Duration kMostAnswer = 300ms;
// The same question again, where to find out that it was lost takes long.
constexpr Duration kWorthEcho = 45ms;
constexpr Duration kEcho = 10ms;
// Answers to one question follow each other at the path's pace.
constexpr Duration kMoreAnswers = 20ms;
constexpr Duration kMostReordering = 30ms;
// Pictures behind each other in a pacer vary by that.
constexpr Duration kLeastVariation = 8ms;
}  // namespace

void Missing::restart() {
  entries_.clear();
  newest_.reset();
  coded_at_.reset();
  answer_.reset();
}

Missing::Entry* Missing::find(PacketId id) {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), id,
                       [](const Entry& e, PacketId wanted) { return e.id < wanted; });
  return found != entries_.end() && found->id == id ? &*found : nullptr;
}

Duration Missing::answer_time(std::optional<Duration> round_trip) const {
  if (answer_) return *answer_ + std::max<Duration>(2 * answer_varies_, kLeastVariation);
  return round_trip.value_or(kUnknownRoundTrip) + kTurn;
}

void Missing::exists(Timestamp now, PacketId up_to, std::optional<Duration> round_trip) {
  if (!newest_) {
    newest_ = up_to;
    return;
  }
  if (up_to <= *newest_) return;
  const PacketId gap = up_to - *newest_;
  if (gap > kMostGap) {
    entries_.clear();
  } else {
    for (PacketId id = *newest_ + 1; id <= up_to; ++id) add(now, id, round_trip);
  }
  newest_ = up_to;
}

void Missing::add(Timestamp now, PacketId id, std::optional<Duration> round_trip) {
  if (entries_.size() == kMost) entries_.erase(entries_.begin());
  Entry e;
  e.id = id;
  e.since = now;
  const Duration answer = answer_time(round_trip);
  const bool asking_helps = answer <= kMostAnswer;
  const Duration wait = coded(now) ? kCodedComes : reordering_;
  const bool can_wait = wait + answer <= kRepairBudget;
  e.ask_at = !asking_helps ? kNever : can_wait ? now + wait : now;
  e.give_up_at = asking_helps ? kNever : now + wait;
  entries_.push_back(e);
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
  for (Entry& e : entries_) {
    if (e.questions == 0 || now - e.since > kMostAnswer) continue;
    if (e.ask_at != kNever) e.ask_at = std::max(e.ask_at, now + kMoreAnswers);
    if (e.give_up_at != kNever) e.give_up_at = std::max(e.give_up_at, now + kMoreAnswers);
  }
  if (entry == nullptr || entry->questions != 1 || !entry->leads) return;
  const Duration took = now - entry->asked_at;
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
        e.echo_at = kNever;
        due_.push_back(e.id);
        ++echoes;
      }
      continue;
    }
    const Timestamp too_late = e.since + kRepairBudget + 2 * kTurn;
    const bool first = e.questions == 0 && now - e.since <= kRepairBudget;
    if (!first && now + answer > too_late) {
      e.ask_at = kNever;
      e.give_up_at = e.questions > 0 ? now : std::min(e.give_up_at, e.since + kRepairBudget);
      continue;
    }
    if (due_.size() == needed + echoes) {
      e.ask_at = now + kMoreComes;
      continue;
    }
    e.leads = due_.empty();
    if (answer > kWorthEcho) e.echo_at = now + kEcho;
    due_.push_back(e.id);
    ++e.questions;
    e.asked_at = now;
    const bool once_more = now + answer + answer <= too_late;
    e.ask_at = once_more ? now + answer : kNever;
    e.give_up_at = once_more ? kNever : std::max(now + answer + kTurn, e.since + kRepairBudget);
  }
  return due_;
}

void Missing::time_passed(Timestamp now) {
  std::erase_if(entries_, [now](const Entry& e) { return e.give_up_at <= now; });
}

std::optional<Timestamp> Missing::first_question() const {
  Timestamp first = kNever;
  for (const Entry& e : entries_) first = std::min({first, e.ask_at, e.echo_at});
  return first != kNever ? std::optional(first) : std::nullopt;
}

std::optional<Timestamp> Missing::first_end() const {
  Timestamp first = kNever;
  for (const Entry& e : entries_) first = std::min(first, e.give_up_at);
  return first != kNever ? std::optional(first) : std::nullopt;
}

}  // namespace diemcau::repair
