// Sequence numbers and timers of a TCP connection; RFC 5681, RFC 6298, RFC 6582, RFC 7323.
#include "sim/tcp_flow.h"

#include <algorithm>

#include "core/base/check.h"

namespace diemcau::sim {

namespace {

constexpr int kDuplicateThreshold = 3;    // RFC 5681 §3.2
constexpr Duration kSmallestRto = 200ms;  // Linux, TCP_RTO_MIN; RFC 6298 (2.4) would have 1 s
constexpr Duration kLargestRto = 60s;     // RFC 6298 (2.5)
constexpr Duration kDelayedAck = 40ms;    // Linux, TCP_DELACK_MIN; RFC 5681 §4.2 allows 500 ms

}  // namespace

TcpSender::TcpSender(TcpKind kind, std::optional<std::uint64_t> bytes_to_send) : window_(kind) {
  if (!bytes_to_send) return;
  DC_CHECK(*bytes_to_send < std::uint64_t{1} << 62);
  end_ = static_cast<std::int64_t>(*bytes_to_send);
}

std::optional<TcpSegment> TcpSender::poll(Timestamp now) {
  if (resend_) {
    resend_ = false;
    return send(now, unacked_, std::min(kMss, sent_ - unacked_));
  }
  const std::int64_t length = end_ ? std::min(kMss, *end_ - next_) : kMss;
  const std::int64_t allowed = std::min(window_.bytes() + limited_transmit(), kReceiveWindow);
  if (length <= 0 || next_ + length > unacked_ + allowed) return std::nullopt;
  const TcpSegment segment = send(now, next_, length);
  next_ += length;
  sent_ = std::max(sent_, next_);
  return segment;
}

TcpSegment TcpSender::send(Timestamp now, std::int64_t seq, std::int64_t length) {
  DC_CHECK(length > 0);
  if (!timer_at_) restart_timer(now);
  ++figures_.segments_sent;
  const bool again = seq < sent_;
  if (again) ++figures_.retransmissions;
  return {seq, length, again, now};
}

// RFC 3042: the first two duplicates let a new segment go each, so that small windows get their
// third.
std::int64_t TcpSender::limited_transmit() const {
  return recovering_ ? 0 : std::min(duplicate_acks_, kDuplicateThreshold - 1) * kMss;
}

void TcpSender::on_ack(Timestamp now, const TcpAck& ack) {
  if (ack.next < unacked_ || ack.next > sent_) {
    ++figures_.acks_ignored;
  } else if (ack.next > unacked_) {
    on_new_ack(now, ack);
  } else if (sent_ > unacked_ && !ack.of_duplicate) {
    on_duplicate_ack(now);
  }
}

void TcpSender::on_new_ack(Timestamp now, const TcpAck& ack) {
  const std::int64_t acked = ack.next - unacked_;
  const bool repairing = unacked_ < recover_;
  unacked_ = ack.next;
  next_ = std::max(next_, unacked_);
  figures_.bytes_acked += acked;
  duplicate_acks_ = 0;
  measure(now, ack.echo);

  if (recovering_ && unacked_ < recover_) {
    window_.on_partly_acked(acked);
    resend_ = true;
    // Only the first restarts the timer: after many losses, one per round trip, slow start is
    // quicker ("impatient", RFC 6582 §3.2 step 3 and §4).
    if (!partly_acked_) restart_timer(now);
    partly_acked_ = true;
    return;
  }
  if (recovering_) {
    recovering_ = resend_ = false;
    window_.leave_recovery(in_flight());
  } else {
    window_.on_acked(now, acked, srtt_, repairing);
  }
  if (in_flight() > 0) {
    restart_timer(now);
  } else {
    timer_at_.reset();
  }
}

void TcpSender::on_duplicate_ack(Timestamp now) {
  if (recovering_) {
    window_.on_left_network();
    return;
  }
  // While a timeout's window is repaired, duplicates tell nothing new (RFC 6582 §3.2 step 1).
  if (unacked_ < recover_) return;
  if (++duplicate_acks_ < kDuplicateThreshold) return;
  ++figures_.fast_recoveries;
  recovering_ = resend_ = true;
  partly_acked_ = false;
  recover_ = sent_;
  window_.enter_recovery(in_flight());
  restart_timer(now);  // as Linux does: the retransmission gets a whole RTO
}

void TcpSender::on_timer(Timestamp now) {
  if (!timer_at_ || now < *timer_at_) return;
  DC_CHECK(in_flight() > 0);
  ++figures_.timeouts;
  window_.on_timeout(in_flight(), recovering_ || backed_off_);
  recovering_ = resend_ = false;
  duplicate_acks_ = 0;
  recover_ = sent_;
  next_ = unacked_;
  backed_off_ = true;
  rto_ = std::min(2 * rto_, kLargestRto);
  restart_timer(now);
}

// Echoes make samples of retransmitted data safe, too: RFC 6298 §3 with RFC 7323 §4.
void TcpSender::measure(Timestamp now, Timestamp echo) {
  if (echo > now || (unacked_ <= rtt_mark_ && !backed_off_)) return;
  const Duration sample = now - echo;
  if (srtt_ == Duration{}) {
    srtt_ = sample;
    rttvar_ = sample / 2;
  } else {
    const Duration off = sample > srtt_ ? sample - srtt_ : srtt_ - sample;
    rttvar_ = (3 * rttvar_ + off) / 4;
    srtt_ = (7 * srtt_ + sample) / 8;
  }
  rto_ = std::clamp(srtt_ + 4 * rttvar_, kSmallestRto, kLargestRto);
  rtt_mark_ = sent_;
  backed_off_ = false;
}

void TcpSender::restart_timer(Timestamp now) { timer_at_ = now + rto_; }

std::optional<TcpAck> TcpReceiver::on_segment(Timestamp now, const TcpSegment& segment) {
  DC_CHECK(segment.seq >= 0 && segment.length > 0);
  ++figures_.segments;
  const Range range{std::max(segment.seq, next_), segment.seq + segment.length};
  if (range.end > next_ + kReceiveWindow) {
    ++figures_.outside_window;
    return acknowledge(false);
  }
  if (segment.seq <= last_ack_) echo_ = std::max(echo_, segment.sent_at);
  if (range.end <= next_ || (range.begin > next_ && !store(range))) {
    ++figures_.duplicates;
    return acknowledge(true);
  }
  if (range.begin > next_) return acknowledge(false);

  next_ = range.end;
  const bool had_gap = !waiting_.empty();
  deliver_waiting();
  // RFC 5681 §4.2: every second segment, and at once what fills a gap.
  if (had_gap || ack_at_) return acknowledge(false);
  ack_at_ = now + kDelayedAck;
  return std::nullopt;
}

std::optional<TcpAck> TcpReceiver::on_timer(Timestamp now) {
  if (!ack_at_ || now < *ack_at_) return std::nullopt;
  return acknowledge(false);
}

TcpAck TcpReceiver::acknowledge(bool of_duplicate) {
  ++figures_.acks;
  ack_at_.reset();
  last_ack_ = next_;
  return {next_, echo_, of_duplicate};
}

bool TcpReceiver::store(Range range) {
  // The first range that does not end before this one begins; all that touch become one.
  const auto first =
      std::lower_bound(waiting_.begin(), waiting_.end(), range.begin,
                       [](const Range& r, std::int64_t begin) { return r.end < begin; });
  if (first != waiting_.end() && first->begin <= range.begin && range.end <= first->end) {
    return false;
  }
  auto last = first;
  for (; last != waiting_.end() && last->begin <= range.end; ++last) {
    range.begin = std::min(range.begin, last->begin);
    range.end = std::max(range.end, last->end);
  }
  waiting_.insert(waiting_.erase(first, last), range);
  return true;
}

void TcpReceiver::deliver_waiting() {
  auto end = waiting_.begin();
  for (; end != waiting_.end() && end->begin <= next_; ++end) next_ = std::max(next_, end->end);
  waiting_.erase(waiting_.begin(), end);
}

}  // namespace diemcau::sim
