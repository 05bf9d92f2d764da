// When the probes of a peer's line measurement arrived here, so that it learns which direction lost
// what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/units/ntp_time.h"
#include "core/wire/stun.h"

namespace diemcau::mesh {

// A prober that hears no answer cannot tell a lost question from a lost answer, and measures
// nothing of a question whose answer was lost. So it asks for earlier arrivals with every probe.
// Bounded, and empty until the first probe.
class ProbeLog {
 public:
  // 10 s at the prober's pace of one in 10 ms: the longest silence of a line that can be told
  // apart.
  static constexpr std::size_t kRemembered = 1'024;

  // Notes the probe and gives what belongs into the answer. A new session is a new measurement.
  wire::StunProbe answer(std::uint64_t session, const wire::StunProbe& asked, NtpTime received_at) {
    if (seen_.empty()) seen_.resize(kRemembered);
    if (session != session_) {
      session_ = session;
      seen_.assign(kRemembered, Seen{});
    }
    Seen& seen = seen_[asked.sequence % kRemembered];
    // A copy on the way is no second arrival, and an old one does not push out what is newer.
    if (!seen.used || seen.sequence < asked.sequence) seen = {asked.sequence, true, received_at};
    wire::StunProbe answer;
    answer.sequence = asked.sequence;
    answer.first = asked.first;
    for (std::uint32_t i = 0; i < wire::StunProbe::kArrivals; ++i) {
      const Seen& s = seen_[(asked.first + i) % kRemembered];
      if (s.used && s.sequence == asked.first + i) answer.arrivals[i] = s.received_at;
    }
    return answer;
  }

 private:
  struct Seen {
    std::uint32_t sequence = 0;
    bool used = false;
    NtpTime received_at;
  };
  std::uint64_t session_ = 0;
  std::vector<Seen> seen_;
};

}  // namespace diemcau::mesh
