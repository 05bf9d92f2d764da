// Round-trip time and clock offset of one path from four time stamps, by the least-delay filter of
// NTP (RFC 5905 §10).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "core/units/ntp_time.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// Of the last kSamples exchanges, the one with the least round trip tells the offset: its queueing,
// the only thing that can be asymmetric by much, is least. Its half round trip bounds the error.
// An exchange whose bounds exclude that one's says that a clock has stood still, as in a PC that
// slept, or was set: what was before it is forgotten.
class ClockFilter {
 public:
  struct Estimate {
    Duration rtt;
    Duration offset;       // peer's wall clock minus ours
    Duration uncertainty;  // half the round trip of the sample used
  };

  // sent_at and returned_at on our clock; received and replied on the peer's wall clock; ours at
  // sent_at is `sent_ntp`.
  void add(Duration round_trip, NtpTime sent_ntp, NtpTime peer_received, NtpTime peer_replied) {
    const Duration held = peer_replied - peer_received;
    if (held < Duration::zero() || held > round_trip)
      return;  // a peer that lies about its clock is not believed
    Sample sample;
    sample.rtt = round_trip - held;
    sample.offset = (peer_received - sent_ntp) - sample.rtt / 2;
    last_rtt_ = sample.rtt;
    if (estimate_ && excludes(sample)) next_ = 0;
    samples_[next_ % kSamples] = sample;
    ++next_;
    choose();
  }
  const std::optional<Estimate>& estimate() const { return estimate_; }
  // The last round trip, which follows queueing; the estimate's does not.
  std::optional<Duration> last_rtt() const {
    return next_ == 0 ? std::nullopt : std::optional(last_rtt_);
  }
  std::uint64_t count() const { return next_; }
  void reset() {
    next_ = 0;
    estimate_.reset();
  }

 private:
  struct Sample {
    Duration rtt{};
    Duration offset{};
  };
  // 32 checks are 8 to 32 s: long enough to see an empty queue, short enough for 200 ppm of drift
  // to stay below 7 ms.
  static constexpr std::size_t kSamples = 32;

  // They drift apart by 400 ppm at most while they are remembered.
  static constexpr Duration kDrift = 20ms;

  bool excludes(const Sample& sample) const {
    const Duration apart = sample.offset - estimate_->offset;
    return std::max(apart, -apart) > (sample.rtt + estimate_->rtt) / 2 + kDrift;
  }

  void choose() {
    const std::size_t n = next_ < kSamples ? next_ : kSamples;
    const Sample* best = &samples_[0];
    for (std::size_t i = 1; i < n; ++i) {
      if (samples_[i].rtt < best->rtt) best = &samples_[i];
    }
    estimate_ = Estimate{best->rtt, best->offset, best->rtt / 2};
  }

  std::optional<Estimate> estimate_;
  Duration last_rtt_{};
  std::uint64_t next_ = 0;
  std::array<Sample, kSamples> samples_{};
};

}  // namespace diemcau::mesh
