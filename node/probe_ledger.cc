// A probe that the peer has not seen when a much later one arrived is lost.
#include "node/probe_ledger.h"

#include "core/mesh/probe_log.h"

namespace diemcau::node {

namespace {
// 1 s at one probe in 10 ms: lines that hold a packet back for longer than those behind it are not
// known.
constexpr std::uint32_t kOvertaken = 100;
}  // namespace

wire::StunProbe ProbeLedger::sent(Timestamp now, const wire::TransactionId& transaction) {
  wire::StunProbe probe;
  probe.sequence = static_cast<std::uint32_t>(records_.size());
  probe.first = static_cast<std::uint32_t>(oldest_);
  ProbeRecord record;
  record.transaction = transaction;
  record.sent_at = now;
  records_.push_back(record);
  return probe;
}

bool ProbeLedger::answered(Timestamp received_at, const wire::TransactionId& transaction,
                           const wire::StunClock& clock, const wire::StunProbe& probe) {
  using Fate = ProbeRecord::Fate;
  if (probe.sequence >= records_.size()) return false;
  ProbeRecord& own = records_[probe.sequence];
  if (own.transaction != transaction || own.fate == Fate::answered) return false;
  own.arrived_at = clock.received_at;
  own.replied_at = clock.sent_at;
  own.returned_at = received_at;
  own.fate = Fate::answered;
  for (std::uint32_t i = 0; i < wire::StunProbe::kArrivals; ++i) {
    const std::size_t number = std::size_t{probe.first} + i;
    if (number >= probe.sequence) break;
    ProbeRecord& record = records_[number];
    if (record.fate != Fate::unknown) continue;
    const std::size_t behind = probe.sequence - number;
    if (probe.arrivals[i] != NtpTime{}) {
      record.arrived_at = probe.arrivals[i];
      record.fate = Fate::lost_back;  // until its answer comes after all
    } else if (behind >= kOvertaken && behind < mesh::ProbeLog::kRemembered) {
      record.fate = Fate::lost_there;
    }
  }
  // What the peer no longer remembers fell into a silence so long that the line was down.
  for (; oldest_ < records_.size(); ++oldest_) {
    Fate& fate = records_[oldest_].fate;
    if (fate != Fate::unknown) continue;
    if (oldest_ + mesh::ProbeLog::kRemembered > probe.sequence) break;
    fate = Fate::lost_there;
  }
  return true;
}

}  // namespace diemcau::node
