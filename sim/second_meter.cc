#include "sim/second_meter.h"

#include <algorithm>

namespace diemcau::sim {

namespace {

// Since the figures were reset when they are smaller than before.
template <typename T>
T growth(T now, T before) {
  return now >= before ? now - before : now;
}

void keep_slowest(std::optional<double>& slowest, double ms) {
  if (!slowest || ms > *slowest) slowest = ms;
}

}  // namespace

void SecondMeter::add(std::uint16_t bridge, std::uint32_t second,
                      const quality::BridgeReport& report, bool outage) {
  SecondSample sample;
  sample.bridge = bridge;
  sample.second = second;
  sample.outage = outage;
  std::uint64_t bytes = 0, received = 0, lost = 0;
  std::vector<Flow> now;
  // A bridge judges a second when the next has begun.
  SecondSample* judged = newest_[bridge] ? &samples_[*newest_[bridge]] : nullptr;
  for (const quality::FlowReport& f : report.flows) {
    Flow flow{f.from,
              f.source,
              f.layer,
              f.packets_received,
              f.packets_lost,
              f.bytes_received,
              f.end_to_end.count(),
              to_us(f.end_to_end.sum()),
              f.impaired};
    const auto same =
        std::find_if(before_[bridge].begin(), before_[bridge].end(), [&](const Flow& b) {
          return b.from == flow.from && b.source == flow.source && b.layer == flow.layer;
        });
    const Flow then = same != before_[bridge].end() ? *same : Flow{};
    bytes += growth(flow.bytes, then.bytes);
    received += growth(flow.received, then.received);
    lost += flow.lost >= then.lost ? flow.lost - then.lost : 0;
    if (const auto measured = growth(flow.measured, then.measured)) {
      const double ms = static_cast<double>(growth(flow.delay_us, then.delay_us)) / 1e3 /
                        static_cast<double>(measured);
      keep_slowest(f.media == MediaKind::audio ? sample.audio_delay_ms : sample.video_delay_ms, ms);
    }
    for (std::size_t i = 0; judged != nullptr && i < quality::kCauses; ++i)
      judged->impaired[i] += growth(flow.impaired[i], then.impaired[i]);
    now.push_back(flow);
  }
  before_[bridge] = std::move(now);
  sample.received_kbps = static_cast<double>(bytes) * 8 / 1e3;
  if (received + lost > 0)
    sample.loss_ratio = static_cast<double>(lost) / static_cast<double>(received + lost);
  newest_[bridge] = samples_.size();
  samples_.push_back(sample);
}

}  // namespace diemcau::sim
