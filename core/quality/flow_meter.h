// Counts what one stream did to its receiver: loss, frames, freezes, concealment, delay.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "core/base/fetch.h"
#include "core/quality/flow_report.h"
#include "core/units/ids.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"

namespace diemcau::quality {

// Losses are gaps in the sequence numbers, counted when asked: reordering never counts as loss. One
// thread at a time.
class FlowMeter {
 public:
  FlowMeter(const StreamId& stream, std::uint32_t clock_hz);

  // `fresh` is false for a duplicate.
  void packet_arrived(Timestamp received_at, PacketId id, std::uint32_t rtp_timestamp,
                      std::size_t wire_bytes, bool fresh);
  // Lost on the way, but given back by repair.
  void packet_repaired() { ++report_.packets_repaired; }
  void frame_seen(std::int64_t frame_number);  // unwrapped: how far the sender has come
  void frames_left_out(std::uint64_t n) { left_out_ += n; }  // never sent here
  void frame_undecodable() { ++report_.frames_undecodable; }
  void frame_late() { ++report_.frames_late; }
  void frame_recovered() { ++report_.frames_recovered; }
  void frame_shown(Timestamp shown_at, Duration end_to_end);
  // Concealed samples are those that had to be invented while the stream was running.
  void samples_played(std::uint64_t samples, bool concealed);
  void sound_played(Duration end_to_end);
  // Something will be played or shown soon: what is counted of it.
  void fetch_played() const { diemcau::fetch(&report_, sizeof report_); }
  void impaired(Cause cause, std::uint32_t seconds) {
    report_.impaired[static_cast<std::size_t>(cause)] += seconds;
  }

  // The picture is not supposed to go on (layer switched away, link down): no freeze is running.
  void picture_paused() {
    last_shown_.reset();
    still_ns_ = 0;
  }
  // The viewer sees this stream from now on, after `before`: a gap between the two is a gap.
  void picture_goes_on(FlowMeter& before) {
    last_shown_ = std::exchange(before.last_shown_, std::nullopt);
    still_ns_ = std::exchange(before.still_ns_, 0);
    average_gap_ns_ = before.average_gap_ns_;
    gaps_ = before.gaps_;
  }
  // Whether the picture stood still since the last call, or still does: that is counted up to now,
  // so that a picture that never comes back is not a good one.
  bool take_frozen(Timestamp now);
  std::uint64_t samples_concealed() const { return report_.samples_concealed; }
  std::uint64_t packets_received() const { return packets_; }
  std::uint64_t bytes_received() const { return bytes_; }
  std::uint64_t packets_lost() const;
  Duration jitter() const { return Duration{jitter_ns_}; }
  FlowReport report(Timestamp now, Duration target_delay) const;
  void reset(Timestamp now);
  // The stream goes on under another SSRC: its numbers begin anywhere.
  void began_anew();

  struct LossFields {
    std::uint8_t fraction_lost = 0;
    std::int32_t cumulative_lost = 0;
    std::uint32_t highest_seq = 0;
    std::uint32_t jitter = 0;
  };
  // For a receiver report (RFC 3550 §6.4.1); starts the next interval. None before the first
  // packet.
  std::optional<LossFields> take_loss_fields();

 private:
  std::uint64_t expected() const;
  std::uint64_t frames_counted() const;
  bool is_freeze(std::int64_t gap_ns) const;
  bool count_freeze(std::int64_t gap_ns);
  // What each packet touches lies together, in three lines of a cache.
  std::uint64_t packets_ = 0, bytes_ = 0, unique_ = 0;
  std::optional<PacketId> first_, highest_;
  std::optional<std::pair<Timestamp, std::uint32_t>> last_transit_;
  std::int64_t jitter_ns_ = 0;
  std::optional<Timestamp> since_;
  std::uint32_t clock_hz_;
  std::optional<std::int64_t> first_frame_, last_frame_;
  std::uint64_t left_out_ = 0;

  FlowReport report_;
  std::uint64_t expected_before_ = 0, unique_before_ = 0;
  std::uint64_t lost_earlier_ = 0, frames_earlier_ = 0;  // under other SSRCs
  std::optional<Timestamp> last_shown_;
  std::int64_t average_gap_ns_ = 0;
  std::uint32_t gaps_ = 0;
  std::int64_t still_ns_ = 0;  // of the freeze that is running: what is counted of it already
  bool froze_ = false;         // since take_frozen() was called
};

}  // namespace diemcau::quality
