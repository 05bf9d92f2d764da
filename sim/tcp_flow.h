// One TCP connection in one direction, as cross traffic: a sender with NewReno recovery (RFC 6582)
// and the timer of RFC 6298, a receiver with delayed acknowledgments (RFC 5681 §4.2).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/units/byte_count.h"
#include "core/units/time.h"
#include "sim/tcp_window.h"

namespace diemcau::sim {

// Bytes are numbered from 0 and never wrap. There is no handshake: both ends are established.
struct TcpSegment {
  std::int64_t seq = 0;
  std::int64_t length = 0;
  bool retransmission = false;
  Timestamp sent_at;  // the timestamps option (RFC 7323 §3)
};

struct TcpAck {
  std::int64_t next = 0;  // every byte below has arrived
  Timestamp echo;         // sent_at of the segment that RFC 7323 §4.3 chooses
  // The segment that caused it had arrived before, as D-SACK tells (RFC 2883): without it our own
  // retransmissions after a timeout look like a new loss (RFC 6582 §4).
  bool of_duplicate = false;
};

// What they take on the line, IP header included, the line's own overhead not.
constexpr ByteCount wire_size(const TcpSegment& s) {
  return ByteCount::bytes(s.length + kTcpHeaders);
}
constexpr ByteCount wire_size(const TcpAck&) { return ByteCount::bytes(kTcpHeaders); }

struct TcpFigures {
  std::int64_t bytes_acked = 0;
  std::uint64_t segments_sent = 0, retransmissions = 0;
  std::uint64_t fast_recoveries = 0, timeouts = 0;
  std::uint64_t acks_ignored = 0;  // old ones, and such of what was never sent
};

// Poll until it has nothing after every call of on_ack and on_timer, and at the start. `now` never
// goes back. One thread at a time.
class TcpSender {
 public:
  // Without `bytes_to_send` it never runs out.
  explicit TcpSender(TcpKind kind, std::optional<std::uint64_t> bytes_to_send = std::nullopt);

  // The next segment to put on the line, if the window lets one go.
  std::optional<TcpSegment> poll(Timestamp now);
  void on_ack(Timestamp now, const TcpAck& ack);
  std::optional<Timestamp> next_deadline() const { return timer_at_; }
  // Early calls do nothing.
  void on_timer(Timestamp now);

  bool finished() const { return end_ && unacked_ == *end_; }
  bool recovering() const { return recovering_; }
  const CongestionWindow& window() const { return window_; }
  std::int64_t in_flight() const { return sent_ - unacked_; }
  Duration srtt() const { return srtt_; }
  Duration rto() const { return rto_; }
  const TcpFigures& figures() const { return figures_; }

 private:
  TcpSegment send(Timestamp now, std::int64_t seq, std::int64_t length);
  std::int64_t limited_transmit() const;
  void on_new_ack(Timestamp now, const TcpAck& ack);
  void on_duplicate_ack(Timestamp now);
  void measure(Timestamp now, Timestamp echo);
  void restart_timer(Timestamp now);

  std::optional<std::int64_t> end_;
  CongestionWindow window_;
  std::int64_t unacked_ = 0;  // SND.UNA
  std::int64_t next_ = 0;     // SND.NXT: goes back to unacked_ at a timeout
  std::int64_t sent_ = 0;     // highest byte ever sent, plus one
  std::int64_t recover_ = 0;  // `sent_` at the last loss (RFC 6582 §3.2)
  int duplicate_acks_ = 0;
  bool recovering_ = false;
  bool partly_acked_ = false;  // this recovery has seen a partial acknowledgment
  bool resend_ = false;        // the segment at unacked_ goes first

  Duration srtt_{}, rttvar_{};
  Duration rto_ = 1s;          // RFC 6298 (2.1)
  std::int64_t rtt_mark_ = 0;  // one sample per round trip: data beyond it gives the next
  bool backed_off_ = false;    // timed out, and no sample since
  std::optional<Timestamp> timer_at_;
  TcpFigures figures_;
};

struct TcpReceiverFigures {
  std::uint64_t segments = 0, duplicates = 0, outside_window = 0, acks = 0;
};

// The application reads at once, so that the window is always all of kReceiveWindow; what it
// buffers are ranges, no bytes. One thread at a time.
class TcpReceiver {
 public:
  // An acknowledgment to send now, or nothing when it may wait.
  std::optional<TcpAck> on_segment(Timestamp now, const TcpSegment& segment);
  std::optional<Timestamp> next_deadline() const { return ack_at_; }
  // Early calls give nothing.
  std::optional<TcpAck> on_timer(Timestamp now);

  // Bytes given to the application: in order, each once.
  ByteCount goodput() const { return ByteCount::bytes(next_); }
  std::size_t ranges_waiting() const { return waiting_.size(); }
  const TcpReceiverFigures& figures() const { return figures_; }

 private:
  struct Range {
    std::int64_t begin, end;
  };
  TcpAck acknowledge(bool of_duplicate);
  bool store(Range range);  // false: all of it was there
  void deliver_waiting();

  std::int64_t next_ = 0;       // RCV.NXT
  std::int64_t last_ack_ = 0;   // Last.ACK.sent
  Timestamp echo_;              // TS.Recent
  std::vector<Range> waiting_;  // beyond next_, ascending, apart from each other
  std::optional<Timestamp> ack_at_;
  TcpReceiverFigures figures_;
};

}  // namespace diemcau::sim
