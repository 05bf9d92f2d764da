// Dead times against arithmetic: a stall keeps every packet, a cut loses exactly those that were
// queued, in service or on the wire, and those that come meanwhile.
#include <cstdint>

#include "bench/validate/row.h"
#include "sim/link.h"

namespace diemcau::validate {

namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kGapNs = 600'000;  // under a service of 1 ms: the queue grows
constexpr std::int64_t kPackets = 2'000;
constexpr std::int64_t kFromMs = 300, kToMs = 700, kWireMs = 6;

sim::Link line(sim::OutageKind kind) {
  sim::LinkConfig config;
  config.capacity.rate = Bitrate::kbps(8'000);
  config.queue_time.reset();
  config.overhead = 0;
  config.delay.base = Duration{kWireMs * kMs};
  config.outages.push_back({kind, Duration{kFromMs * kMs}, Duration{(kToMs - kFromMs) * kMs}, {}});
  return sim::Link{config, {kSeed, 0, 24h}};
}

sim::Link::Result send(sim::Link& link, std::int64_t n) {
  return link.send(timestamp_from_ns(n * kGapNs), ByteCount::bytes(1'000));
}

void stall(Rows& rows) {
  sim::Link link = line(sim::OutageKind::stall);
  std::int64_t missing = 0, wrong = 0;
  for (std::int64_t n = 0; n < kPackets; ++n) {
    const auto r = send(link, n);
    missing += r.passage != sim::Passage::carried ? 1 : 0;
    // Packet n ends service after n + 1 ms of life; those after 300 ms wait for another 400.
    const std::int64_t ends_ms = n + 1 <= kFromMs ? n + 1 : n + 1 + kToMs - kFromMs;
    // The end of the 300th falls on the begin of the stall; whether it still leaves is a matter of
    // one instant and of no packet.
    if (n + 1 == kFromMs) continue;
    wrong += to_ns(r.arrives_at) != (ends_ms + kWireMs) * kMs ? 1 : 0;
  }
  rows.push_back(within("outage/stall/lost", static_cast<double>(missing), 0, 0, "packets"));
  rows.push_back(within("outage/stall/wrong_time", static_cast<double>(wrong), 0, 0, "packets"));
}

void cut(Rows& rows) {
  sim::Link link = line(sim::OutageKind::cut);
  std::int64_t differ = 0, lost = 0, expected_lost = 0;
  std::int64_t first_after = -1;
  for (std::int64_t n = 0; n < kPackets; ++n) {
    const auto r = send(link, n);
    const std::int64_t sent_ns = n * kGapNs;
    bool goes = true;
    std::int64_t arrives_ns = 0;
    if (sent_ns < kFromMs * kMs) {
      arrives_ns = (n + 1 + kWireMs) * kMs;
      goes = arrives_ns < kFromMs * kMs;
    } else if (sent_ns < kToMs * kMs) {
      goes = false;
    } else {
      if (first_after < 0) first_after = n;
      arrives_ns = first_after * kGapNs + (n - first_after + 1 + kWireMs) * kMs;
    }
    expected_lost += goes ? 0 : 1;
    const bool went = r.passage == sim::Passage::carried;
    lost += r.passage == sim::Passage::lost_outage ? 1 : 0;
    differ += went != goes || (went && to_ns(r.arrives_at) != arrives_ns) ? 1 : 0;
  }
  rows.push_back(within("outage/cut/lost", static_cast<double>(lost),
                        static_cast<double>(expected_lost), 0, "packets"));
  rows.push_back(within("outage/cut/wrong_fate", static_cast<double>(differ), 0, 0, "packets"));
}

}  // namespace

const std::vector<Check> kOutageChecks{{"outage/stall", stall}, {"outage/cut", cut}};

}  // namespace diemcau::validate
