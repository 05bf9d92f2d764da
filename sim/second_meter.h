// What every bridge received in every second: the differences of its figures.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/quality/flow_report.h"
#include "core/units/time.h"
#include "sim/world.h"

namespace diemcau::sim {

// Figures of a bridge only grow, but for a reset: then they count from there. One thread at a time.
class SecondMeter {
 public:
  explicit SecondMeter(std::size_t bridges) : before_(bridges), newest_(bridges) {}
  // The second that ends now; seconds of one bridge come in order.
  void add(std::uint16_t bridge, std::uint32_t second, const quality::BridgeReport& report,
           bool outage);
  std::vector<SecondSample> take() { return std::move(samples_); }

 private:
  struct Flow {
    PeerId from;
    Source source = Source::microphone;
    Layer layer = Layer::only;
    std::uint64_t received = 0, lost = 0, bytes = 0, measured = 0;
    std::int64_t delay_us = 0;
    quality::CauseSeconds impaired{};
  };
  std::vector<std::vector<Flow>> before_;
  std::vector<std::optional<std::size_t>> newest_;  // of each bridge's samples
  std::vector<SecondSample> samples_;
};

}  // namespace diemcau::sim
