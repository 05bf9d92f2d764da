// What became of every probe of a line measurement, pieced together from the answers that came
// back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/units/ntp_time.h"
#include "core/units/time.h"
#include "core/wire/stun.h"

namespace diemcau::node {

struct ProbeRecord {
  enum class Fate : std::uint8_t {
    unknown,     // no answer has told yet
    lost_there,  // did not arrive at the peer
    lost_back,   // arrived; its answer did not
    answered,
  };
  wire::TransactionId transaction{};
  Timestamp sent_at;      // our clock
  NtpTime arrived_at;     // the peer's; of lost_back and answered
  NtpTime replied_at;     // the peer's; of answered
  Timestamp returned_at;  // our clock; of answered
  Fate fate = Fate::unknown;
};

// One measurement. A question and its answer give four times (RFC 5905 §8); the peer's log of
// arrivals tells a lost question from a lost answer. One thread.
class ProbeLedger {
 public:
  // Notes a probe and gives what to write into it.
  wire::StunProbe sent(Timestamp now, const wire::TransactionId& transaction);
  // A success response that was authentic and carries both. False when it answers none of ours.
  bool answered(Timestamp received_at, const wire::TransactionId& transaction,
                const wire::StunClock& clock, const wire::StunProbe& probe);
  // Whether the fate of the first `count` is known.
  bool settled(std::size_t count) const { return oldest_ >= count; }
  const std::vector<ProbeRecord>& records() const { return records_; }

 private:
  std::vector<ProbeRecord> records_;
  std::size_t oldest_ = 0;  // the first of unknown fate that may still be learnt
};

}  // namespace diemcau::node
