// How fast the peer's clock runs apart from ours, from one-way delays alone: the slope under all of
// them (Moon, Skelly, Towsley, INFOCOM 1999).
#pragma once

#include <array>
#include <cstdint>

#include "core/units/time.h"

namespace diemcau::rate {

// A queue only adds to a delay, a clock that runs fast or slow tilts all of them: the lower hull of
// the least delays of two minutes is the clock. One thread at a time.
class ClockSkew {
 public:
  void add(Timestamp now, Duration delay);
  // What the peer's clock gains on ours in `d`; 0 in the first 20 s.
  Duration gained_in(Duration d) const { return d * ppb_ / 1'000'000'000; }
  bool none() const { return ppb_ == 0; }

 private:
  static constexpr Duration kPart = 5s;
  static constexpr std::int64_t kParts = 24;
  struct Part {
    std::int64_t number = -1;
    std::int64_t at_us = 0;  // of the least delay, since the part's begin
    std::int64_t least_us = 0;
  };
  void fit(std::int64_t last);

  std::array<Part, kParts> parts_{};
  std::int64_t newest_ = -1;
  std::int64_t ppb_ = 0;
};

}  // namespace diemcau::rate
