// RFC 3550 appendix A for loss and jitter; the freeze rule is that of WebRTC's video quality
// observer.
#include "core/quality/flow_meter.h"

#include <algorithm>
#include <cstdlib>

namespace diemcau::quality {

namespace {
constexpr Duration kFreezeMargin = 150ms;
constexpr std::uint32_t kFreezeSamples = 5;
constexpr std::uint32_t kGapsAveraged = 30;
}  // namespace

FlowMeter::FlowMeter(const StreamId& stream, std::uint32_t clock_hz) : clock_hz_(clock_hz) {
  report_.from = stream.origin;
  report_.media = media_of(stream.source);
  report_.source = stream.source;
  report_.layer = stream.layer;
}

void FlowMeter::packet_arrived(Timestamp received_at, PacketId id, std::uint32_t rtp_timestamp,
                               std::size_t wire_bytes, bool fresh) {
  if (!since_) since_ = received_at;
  ++packets_;
  bytes_ += wire_bytes;
  if (!fresh) return;
  ++unique_;
  if (!first_ || id < *first_) first_ = id;
  const bool newest = !highest_ || id > *highest_;
  if (!newest) return;
  highest_ = id;
  if (last_transit_) {
    const auto ticks = static_cast<std::int32_t>(rtp_timestamp - last_transit_->second);
    const std::int64_t media_ns = std::int64_t{ticks} * 1'000'000'000 / clock_hz_;
    const std::int64_t d = std::abs(to_ns(received_at - last_transit_->first) - media_ns);
    // A source that was paused is no jitter.
    if (d < to_ns(Duration{1s})) jitter_ns_ += (d - jitter_ns_) / 16;
  }
  last_transit_ = {received_at, rtp_timestamp};
}

void FlowMeter::frame_seen(std::int64_t frame_number) {
  if (!first_frame_) first_frame_ = frame_number;
  if (!last_frame_ || frame_number > *last_frame_) last_frame_ = frame_number;
}

void FlowMeter::frame_shown(Timestamp shown_at, Duration end_to_end) {
  ++report_.frames_shown;
  report_.end_to_end.add(end_to_end);
  if (last_shown_) {
    const std::int64_t gap = to_ns(shown_at - *last_shown_);
    if (count_freeze(gap)) froze_ = true;
    still_ns_ = 0;
    const std::int64_t n = std::min(++gaps_, kGapsAveraged);
    average_gap_ns_ += (gap - average_gap_ns_) / n;
  }
  last_shown_ = shown_at;
}

bool FlowMeter::is_freeze(std::int64_t gap_ns) const {
  const std::int64_t limit =
      std::max(3 * average_gap_ns_, average_gap_ns_ + to_ns(Duration{kFreezeMargin}));
  return gaps_ >= kFreezeSamples && gap_ns >= limit;
}

bool FlowMeter::count_freeze(std::int64_t gap_ns) {
  if (!is_freeze(gap_ns)) return false;
  if (still_ns_ == 0) ++report_.freezes;
  report_.freeze_time += Duration{gap_ns - still_ns_};
  report_.longest_freeze = std::max(report_.longest_freeze, Duration{gap_ns});
  still_ns_ = gap_ns;
  return true;
}

bool FlowMeter::take_frozen(Timestamp now) {
  const bool still = last_shown_ && count_freeze(to_ns(now - *last_shown_));
  return std::exchange(froze_, false) || still;
}

std::uint64_t FlowMeter::packets_lost() const {
  const std::uint64_t all = expected();
  return lost_earlier_ + (all > unique_ ? all - unique_ : 0);
}

std::uint64_t FlowMeter::frames_counted() const {
  if (report_.media == MediaKind::audio) return frames_earlier_ + expected();  // one a packet
  return frames_earlier_ +
         (first_frame_ ? static_cast<std::uint64_t>(*last_frame_ - *first_frame_ + 1) : 0);
}

void FlowMeter::began_anew() {
  lost_earlier_ = packets_lost();
  frames_earlier_ = frames_counted();
  first_.reset();
  highest_.reset();
  last_transit_.reset();
  first_frame_.reset();
  last_frame_.reset();
  unique_ = expected_before_ = unique_before_ = 0;
}

void FlowMeter::samples_played(std::uint64_t samples, bool concealed) {
  report_.samples_played += samples;
  if (concealed) report_.samples_concealed += samples;
}

void FlowMeter::sound_played(Duration end_to_end) {
  ++report_.frames_shown;
  report_.end_to_end.add(end_to_end);
}

std::uint64_t FlowMeter::expected() const {
  return first_ ? static_cast<std::uint64_t>(*highest_ - *first_ + 1) : 0;
}

FlowReport FlowMeter::report(Timestamp now, Duration target_delay) const {
  FlowReport r = report_;
  r.measured_for = since_ ? now - *since_ : Duration::zero();
  r.packets_received = packets_;
  r.bytes_received = bytes_;
  r.packets_lost = packets_lost();
  r.frames = frames_counted();
  r.frames -= std::min(r.frames, left_out_);
  r.jitter = jitter();
  r.target_delay = target_delay;
  return r;
}

void FlowMeter::reset(Timestamp now) {
  FlowReport fresh;
  fresh.from = report_.from;
  fresh.media = report_.media;
  fresh.source = report_.source;
  fresh.layer = report_.layer;
  report_ = fresh;
  since_ = now;
  // What comes next is expected from the highest on; a straggler from before does not count.
  if (highest_) first_ = *highest_ + 1;
  packets_ = bytes_ = unique_ = 0;
  expected_before_ = unique_before_ = 0;
  lost_earlier_ = frames_earlier_ = 0;
  if (last_frame_) first_frame_ = *last_frame_ + 1;
  left_out_ = 0;
}

std::optional<FlowMeter::LossFields> FlowMeter::take_loss_fields() {
  if (!highest_) return std::nullopt;
  const std::uint64_t all = *highest_ >= *first_ ? expected() : 0;
  const auto interval = static_cast<std::int64_t>(all - expected_before_);
  const std::int64_t lost = interval - static_cast<std::int64_t>(unique_ - unique_before_);
  LossFields f;
  if (interval > 0 && lost > 0) {
    f.fraction_lost =
        static_cast<std::uint8_t>(std::min<std::int64_t>((lost << 8) / interval, 255));
  }
  f.cumulative_lost = static_cast<std::int32_t>(all) - static_cast<std::int32_t>(unique_);
  f.highest_seq = static_cast<std::uint32_t>(*highest_);
  f.jitter = static_cast<std::uint32_t>(jitter_ns_ * clock_hz_ / 1'000'000'000);
  expected_before_ = all;
  unique_before_ = unique_;
  return f;
}

}  // namespace diemcau::quality
