// Which packets of a link are missing, when to ask for them again (RFC 4585 §6.2.1), and when there
// is no hope any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/repair/symbol.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"

namespace diemcau::repair {

// A loss shows in the next packet of any stream of the link. It is asked for at once, or, while
// coded repair comes, when that could not help; then again when the answer is overdue (measured as
// RFC 6298 does it), as long as the next one can come within kRepairLasts. After kRepairBudget it
// is late: then the encoder's way around it and the answers race. A gap of more than kMostGap
// packets is an outage: to send all of it again takes longer than that way. On a path that has
// blackouts, silence is asked about as well: for what should have come next, so that its first
// picture is there as soon as anything is. Bounded: kMost entries. One thread at a time.
class Missing {
 public:
  static constexpr std::size_t kMost = 128;
  static constexpr PacketId kMostGap = 96;
  static constexpr std::size_t kMostAsked = kMost + static_cast<std::size_t>(kOfSilence) + 1;

  // Everything up to `id` exists. Those between the newest known of before and this are missing.
  void exists(Timestamp now, PacketId up_to, std::optional<Duration> round_trip);
  // It is here: as it was sent, or repaired.
  void arrived(Timestamp now, PacketId id, bool repaired);
  // Coded repair over these has come and did not suffice; `last_one`: no more of it follows at
  // once.
  void still_missing(Timestamp now, PacketId first, PacketId last, bool last_one);
  // What we send the peer is lost as well: questions, too.
  void set_way_back_loses(bool loses) { way_back_loses_ = loses; }
  // What to ask for now, the oldest first. `solvable` of all that is missing will be given by
  // equations as soon as the others are here: so many need no question. Valid until the next call.
  std::span<const PacketId> take_due(Timestamp now, std::optional<Duration> round_trip,
                                     std::size_t solvable);
  // An answer is here: what a question takes is learned from those that were asked once and stood
  // first in their question; the others come behind them.
  void answered(Timestamp now, PacketId id);
  // These will not be sent again.
  void refused(PacketId first, PacketId last) {
    std::erase_if(entries_, [&](const Entry& e) { return e.id >= first && e.id <= last; });
  }
  // A picture begins with this packet: the coded repair for everything before it has come or is
  // lost.
  void picture_began(Timestamp now, PacketId id);
  // Lets go what can no longer be repaired in time.
  void time_passed(Timestamp now);
  // The path loses everything for moments, now and then.
  bool blacks_out(Timestamp now) const {
    return blackout_at_ && now - *blackout_at_ < kBlackoutsKnown;
  }
  // For how long nothing came, when that is longer than repair may take or took more than it gives
  // back; once.
  std::optional<Duration> take_outage() { return std::exchange(outage_, std::nullopt); }
  // The oldest is late: whoever encodes should be told.
  bool late() const { return !entries_.empty() && entries_.front().late; }
  // Nobody waits for what is late any more.
  void let_late_go() {
    std::erase_if(entries_, [](const Entry& e) { return e.late; });
  }
  // The first that may still come.
  std::optional<PacketId> oldest() const {
    return entries_.empty() ? std::nullopt : std::optional(entries_.front().id);
  }
  // When something is to be asked for, and when something becomes late or is given up.
  std::optional<Timestamp> ask_due() const {
    return entries_.empty() && silence_due_ == kNever ? std::nullopt : first_question();
  }
  std::optional<Timestamp> deadline() const {
    return entries_.empty() ? std::nullopt : first_end();
  }
  bool begun() const { return newest_.has_value(); }
  PacketId newest() const { return newest_.value_or(-1); }
  void restart();

 private:
  static constexpr Timestamp kNever = Timestamp::max();
  struct Entry {
    PacketId id = 0;
    Timestamp since;
    Timestamp ask_at;  // kNever: no answer could be in time
    Timestamp late_at, give_up_at;
    bool late = false;
    std::uint8_t questions = 0;
    bool leads = false;  // the first of those that were asked for together
    Timestamp asked_at;
    Timestamp echo_at = kNever;  // a question may be lost, too
    std::uint8_t echoes = 0;     // of the newest question
  };
  std::optional<Timestamp> first_question() const;
  std::optional<Timestamp> first_end() const;
  Entry* find(PacketId id);
  void heard(Timestamp now, PacketId lost);
  void ask_about_silence(Timestamp now, std::optional<Duration> round_trip);
  Duration answer_time(std::optional<Duration> round_trip) const;
  bool coded(Timestamp now) const { return coded_at_ && now - *coded_at_ < kCodedLasts; }
  void add(Timestamp now, PacketId id, Timestamp heard_before, std::optional<Duration> round_trip);
  static constexpr Duration kCodedLasts = 500ms;
  static constexpr Duration kBlackoutsKnown = 30s;

  std::vector<Entry> entries_;  // by id
  std::vector<PacketId> due_;
  std::optional<PacketId> newest_;
  Timestamp heard_at_;        // the newest packet
  Duration usual_silence_{};  // between two packets
  bool way_back_loses_ = false;
  std::optional<Timestamp> blackout_at_;
  std::optional<Duration> outage_;
  Timestamp silence_due_ = kNever;
  std::uint32_t silence_asked_ = 0;
  std::optional<Timestamp> coded_at_;  // when coded repair last came
  Duration reordering_{};              // how much later than its followers a packet has come
  std::optional<Duration> answer_;     // from question to answer, smoothed
  Timestamp answered_at_;              // when it was last learned
  Duration answer_varies_{};
};

}  // namespace diemcau::repair
