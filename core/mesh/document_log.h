// Who has shown a document, how often and for how long, as this bridge saw it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/quality/flow_report.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::mesh {

class DocumentLog {
 public:
  explicit DocumentLog(std::size_t bridges) : bridges_(bridges) {}

  // From now on that bridge shows one, or does not. Changes nothing when that is known.
  void set(Timestamp now, PeerId bridge, bool shown) {
    Shown& b = bridges_[bridge.value];
    if (shown == b.since.has_value()) return;
    if (shown) {
      ++b.times;
      b.since = now;
    } else {
      b.before += now - *b.since;
      b.since.reset();
    }
  }
  std::vector<quality::DocumentReport> report(Timestamp now) const {
    std::vector<quality::DocumentReport> all;
    for (std::size_t i = 0; i < bridges_.size(); ++i) {
      const Shown& b = bridges_[i];
      if (b.times == 0) continue;
      const Duration last = b.since ? now - *b.since : Duration::zero();
      all.push_back(
          {PeerId{static_cast<std::uint16_t>(i)}, b.since.has_value(), b.times, b.before + last});
    }
    return all;
  }
  // One that is being shown counts as begun now.
  void reset(Timestamp now) {
    for (Shown& b : bridges_) b = b.since ? Shown{1, {}, now} : Shown{};
  }

 private:
  struct Shown {
    std::uint32_t times = 0;
    Duration before{};
    std::optional<Timestamp> since;  // is shown
  };
  std::vector<Shown> bridges_;  // by PeerId
};

}  // namespace diemcau::mesh
