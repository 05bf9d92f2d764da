// Which of the newest ids have been here.
#pragma once

#include <cstdint>
#include <optional>

#include "core/units/seq_no.h"

namespace diemcau::receive {

// Remembers 64 ids; older ones, and those before the first, count as seen. One thread at a time.
class SeenIds {
 public:
  // Whether it is new.
  bool add(PacketId id) {
    if (!newest_) {
      newest_ = id;
      return true;
    }
    if (id > *newest_) {
      const PacketId by = id - *newest_;
      // Only what came after the first was ever missed.
      seen_ = by < 64 ? seen_ << by : 0;
      seen_ |= by <= 64 ? std::uint64_t{1} << (by - 1) : 0;
      newest_ = id;
      return true;
    }
    const PacketId back = *newest_ - id;
    if (back == 0 || back > 64) return false;
    const std::uint64_t bit = std::uint64_t{1} << (back - 1);
    if ((seen_ & bit) != 0) return false;
    seen_ |= bit;
    return true;
  }

 private:
  std::optional<PacketId> newest_;
  std::uint64_t seen_ = ~std::uint64_t{0};  // bit i: newest − 1 − i
};

}  // namespace diemcau::receive
