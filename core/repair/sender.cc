// Sums at the ends of pictures, copies when asked.
#include "core/repair/sender.h"

#include <algorithm>

#include "core/repair/symbol.h"

namespace diemcau::repair {

namespace {
// Three pictures: each is covered by the repair behind it and that behind the next two.
constexpr Duration kWindow = 100ms;
constexpr std::size_t kPacketOverhead = wire::kRtpFixedHeaderBytes + wire::kLineOverheadBytes;
// A second answer comes too late for the picture's turn beyond this: the first must not be lost.
constexpr Duration kOnlyOnce = 55ms;
constexpr Duration kManyQuestions = 20ms;  // below this, there is time for several
// And beyond this hardly before nobody waits for it any more, after 280 ms.
constexpr Duration kNeverAgain = 100ms;
// Beyond this both copies of some picture's packet are lost in some minute.
constexpr std::uint32_t kTwoMayBeLostPermille = 20;
constexpr std::uint32_t kLeftToChancePermille = 95;
constexpr std::size_t kMostCopies = 3;
// Longer than most bursts; sound leaves every 20 ms, and these with it.
constexpr Duration kApart = 12ms;
constexpr Duration kMeasured = 500ms;
// Repeating takes a part of the pace and twice what the line is known to lose; what is saved up is
// enough for a burst, and the more is known to be the line's own doing the more.
constexpr std::int64_t kUnexplainedPermille = 60;
// Of a page: where more than a quarter is lost, nothing would help it.
constexpr std::int64_t kPagePermille = 250;
constexpr Duration kCredit = 200ms;
constexpr Duration kPageCredit = 200ms;
constexpr Duration kCreditPerPermille = 4ms;
constexpr Duration kMostCredit = 300ms;
// Of what is saved up, for what is known to be lost.
constexpr std::int64_t kKeptPercent = 66;
// As long as two pictures and a half in the answer.
constexpr Duration kLongQueue = 60ms;
constexpr Duration kLongAnswer = 80ms;
// Then answers hurry: until a line is known, its pace is that of pictures. Where more is lost, they
// are so many that others would wait for them.
constexpr std::uint32_t kFewLostPermille = 40;
}  // namespace

void Sender::restart() {
  sent_.clear();
  to_repeat_.clear();
  copies_.clear();
  ready_.clear();
  coded_due_ = 0;
}

void Sender::media_left(Timestamp now, const Packet& rtp, bool ends_picture) {
  sent_.add(now, rtp);
  take_due_copies(now);
  const std::size_t bytes = rtp.wire_size() + wire::kLineOverheadBytes;
  figures_.media_bytes += bytes;
  const std::int64_t ratio = planner_.coded_permille();
  if (ratio == 0) {
    coded_due_ = 0;
    return;
  }
  coded_due_ += static_cast<std::int64_t>(bytes) * ratio;
  if (ends_picture) code_window(now);
}

void Sender::code_window(Timestamp now) {
  const PacketId first = sent_.window_since(now - kWindow);
  const auto count = static_cast<std::size_t>(sent_.next() - first);
  const auto cost = static_cast<std::int64_t>(sent_.coded_bytes(first, count) + kPacketOverhead);
  // Rounded to the nearest: what is too much now is missing next time.
  while (coded_due_ * 2 >= cost * 1'000 && ready_.size() < kMostWaiting) {
    coded_due_ -= cost * 1'000;
    key_ = static_cast<std::uint16_t>(key_ % 0xFFFF + 1);
    PacketRef payload = count == 1 ? sent_.code(first, 1, 0) : sent_.code(first, count, key_);
    if (!payload) return;
    ++figures_.coded;
    figures_.repair_bytes += static_cast<std::uint64_t>(cost);
    ready_.push({std::move(payload), coded_due_ * 2 < cost * 1'000});
  }
}

std::size_t Sender::copies_of(Timestamp now, const SentSymbols::Sent& sent,
                              Duration round_trip) const {
  // Questions that follow each other so soon are as good.
  if (sent.repeats > 0 && now - sent.repeated_at < round_trip) return 1;
  const bool time_left =
      round_trip <= kOnlyOnce && (sent.repeats == 0 || round_trip <= kManyQuestions);
  if (time_left || planner_.own_permille() < Terms::kLosesPermille) return 1;
  std::size_t copies = 2;
  // What chance loses, a copy more brings back; what losses side by side leave, a second question.
  if (round_trip > kNeverAgain && planner_.lost_singly() && planner_.coded_permille() == 0 &&
      planner_.own_permille() > kTwoMayBeLostPermille) {
    return kMostCopies;
  }
  std::uint64_t left = planner_.own_permille() * planner_.own_permille() / 1'000;
  for (; left > kLeftToChancePermille && copies < kMostCopies; ++copies) {
    left = left * planner_.own_permille() / 1'000;
  }
  return copies;
}

// Ids are asked for soon after they left: the distance to the next one says which it is.
PacketId Sender::id_of(SeqNo symbol) const {
  return sent_.next() - static_cast<std::uint16_t>(next_symbol() - symbol.value);
}

std::optional<wire::RtpHeader> Sender::header_of(PacketId id) {
  const SentSymbols::Sent* sent = sent_.find(id);
  if (sent == nullptr) return std::nullopt;
  const auto rtp = wire::parse_rtp(sent->bytes());
  return rtp ? std::optional(rtp->header) : std::nullopt;
}

// What comes late of a page is as good; without it all that leans on it is made again, some tens of
// packets instead of one.
bool Sender::asks_for_page() {
  return std::any_of(wanted_.begin(), wanted_.end(), [this](PacketId id) {
    const auto header = header_of(id);
    return header && header->payload_type == wire::kDocumentPayloadType;
  });
}

// How many bytes an answer may have.
std::size_t Sender::affordable(Timestamp now, const Terms& terms, bool page, bool of_silence) {
  Credit& credit = credit_for(page);
  // Behind a queue it may be the queue's doing after all.
  const std::uint32_t own = terms.queue <= Terms::kShortQueue ? terms.inherent_loss_permille : 0;
  const Duration saved_up =
      page ? kPageCredit : std::min(kCredit + own * kCreditPerPermille, kMostCredit);
  const std::int64_t most = terms.pace.bytes_in(saved_up).count();
  const std::int64_t part =
      (page ? kPagePermille : kUnexplainedPermille) + 2 * terms.inherent_loss_permille;
  const Duration since = credit.at ? now - *credit.at : kMostCredit * 1'000 / part;
  credit.at = now;
  credit.bytes += terms.pace.bytes_in(std::min<Duration>(since, 10s)).count() * part / 1'000;
  credit.bytes = std::min(credit.bytes, most);
  if (terms.queue > kLongQueue && !page) return 0;
  const std::int64_t left = credit.bytes - (of_silence ? most * kKeptPercent / 100 : 0);
  return static_cast<std::size_t>(
      std::clamp<std::int64_t>(left, 0, terms.pace.bytes_in(kLongAnswer).count()));
}

bool Sender::is_about_silence(std::span<const SeqNo> symbols) {
  const std::size_t n = symbols.size();
  return n >= 2 && static_cast<std::uint16_t>(symbols[n - 1].value - symbols[n - 2].value) ==
                       kNotYet - kOfSilence;
}

void Sender::asked(Timestamp now, std::span<const SeqNo> symbols, const Terms& terms) {
  const Duration rtt = terms.round_trip.value_or(kOnlyOnce);
  const bool of_silence = is_about_silence(symbols);
  if (of_silence) symbols = symbols.first(symbols.size() - 1);
  wanted_.clear();
  bool gone = false;
  for (const SeqNo symbol : symbols) {
    const PacketId id = id_of(symbol);
    const SentSymbols::Sent* sent = sent_.find(id);
    // Who asks about a silence does not know what has left, and what is still on its way.
    const bool may_come = sent == nullptr || now - sent_.sent_at(id) < rtt - rtt / 8;
    if (of_silence && may_come) continue;
    if (sent != nullptr && sent->repeats > 0 && now - sent->repeated_at < rtt / 2) continue;
    gone = gone || sent == nullptr || sent->repeats >= kMostRepeats;
    wanted_.push_back(id);
  }
  if (wanted_.empty()) return;
  std::sort(wanted_.begin(), wanted_.end());
  wanted_.erase(std::unique(wanted_.begin(), wanted_.end()), wanted_.end());
  // One picture in pieces helps nobody.
  const bool page = asks_for_page();
  const std::size_t room = gone ? 0 : affordable(now, terms, page, of_silence);
  const std::size_t answered = answer(now, room, terms, credit_for(page));
  if (answered < wanted_.size() && !of_silence) refuse(now, answered);
}

// All of it, with the copies if there is room for them; of what the line is known to lose itself,
// as much as there is room for, because pictures that come whole keep references alive. Gives how
// many of the wanted, the oldest, will be sent.
std::size_t Sender::answer(Timestamp now, std::size_t room, const Terms& terms, Credit& credit) {
  const Duration rtt = terms.round_trip.value_or(kOnlyOnce);
  const auto cost = [&](PacketId id) { return sent_.coded_bytes(id, 1) + kPacketOverhead; };
  std::size_t once = 0, with_copies = 0, fitting = 0;
  if (room > 0) {
    for (const PacketId id : wanted_) {
      once += cost(id);
      with_copies += cost(id) * copies_of(now, *sent_.find(id), rtt);
      if (once <= room) ++fitting;
    }
  }
  if (fitting < wanted_.size() && !terms.loses_by_itself()) return 0;
  for (std::size_t i = 0; i < fitting; ++i) {
    const PacketId id = wanted_[i];
    SentSymbols::Sent& sent = *sent_.find(id);
    if (to_repeat_.size() < kMostWaiting) to_repeat_.push(id);
    std::size_t copies = with_copies <= room ? copies_of(now, sent, rtt) : 1;
    credit.bytes -= static_cast<std::int64_t>(copies * cost(id));
    for (; copies > 1 && copies_.size() < kMostWaiting; --copies) copies_.push({id, now + kApart});
    sent.repeated_at = now;
    ++sent.repeats;
  }
  return fitting;
}

// One packet for what is wanted from number `from` on, as far as it can be said in one.
void Sender::refuse(Timestamp now, std::size_t from) {
  figures_.refused += wanted_.size() - from;
  const PacketId first = wanted_[from], last = wanted_.back();
  if (last - first >= 0xFF || ready_.size() >= kMostWaiting || !refusals_.take(now)) return;
  ready_.push({sent_.refusal(first, static_cast<std::size_t>(last - first + 1)), true});
}

void Sender::take_due_copies(Timestamp now) {
  while (!copies_.empty() && copies_.front().due <= now) to_repeat_.push(copies_.pop().id);
}

std::optional<Sender::Repair> Sender::poll() {
  if (!ready_.empty()) return ready_.pop();
  while (!to_repeat_.empty()) {
    const PacketId id = to_repeat_.pop();
    if (sent_.find(id) == nullptr) continue;
    PacketRef payload = sent_.code(id, 1, 0);
    if (!payload) continue;
    ++figures_.repeated;
    figures_.repair_bytes += sent_.coded_bytes(id, 1) + kPacketOverhead;
    return Repair{std::move(payload), true, hurries_};
  }
  return std::nullopt;
}

void Sender::plan(Timestamp now, const Terms& terms) {
  planner_.plan(now, terms.round_trip, terms.inherent_loss_permille, terms.queue);
  hurries_ = planner_.loss_permille() <= kFewLostPermille && terms.queue <= Terms::kShortQueue &&
             !terms.crowded;
  if (terms.round_trip) sent_.remember(*terms.round_trip + terms.queue + kRepairLasts);
  if (!measured_at_) measured_at_ = now;
  if (now - *measured_at_ >= kMeasured) {
    const std::uint64_t media = figures_.media_bytes - media_before_;
    const std::uint64_t repair = figures_.repair_bytes - repair_before_;
    const std::uint64_t permille =
        media > 0 ? std::min<std::uint64_t>(repair * 1'000 / media, 2'000) : 0;
    measured_permille_ =
        static_cast<std::uint32_t>((std::uint64_t{measured_permille_} * 3 + permille) / 4);
    media_before_ = figures_.media_bytes;
    repair_before_ = figures_.repair_bytes;
    measured_at_ = now;
  }
  overhead_permille_ = std::max(measured_permille_, planner_.coded_permille());
}

}  // namespace diemcau::repair
