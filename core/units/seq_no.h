// RTP sequence numbers as they stand on the wire (no order), and the 64-bit packet ids they unwrap
// to (ordered).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace diemcau {

// 16 bits that wrap: `a < b` has no meaning and does not compile.
struct SeqNo {
  std::uint16_t value = 0;
  constexpr bool operator==(const SeqNo&) const = default;
  constexpr SeqNo next() const { return SeqNo{static_cast<std::uint16_t>(value + 1)}; }
};

using PacketId = std::int64_t;

// Maps wrapping N-bit counters to int64 by nearness to the last value seen. A jump of half the
// range is ambiguous.
template <typename Wire>
class Unwrapper {
 public:
  constexpr std::int64_t unwrap(Wire value) {
    const std::int64_t id = peek(value);
    last_ = id;
    return id;
  }
  // The id without moving the reference: for values that are not authenticated or not accepted yet.
  constexpr std::int64_t peek(Wire value) const {
    if (!last_) return static_cast<std::int64_t>(value);
    const Wire delta = static_cast<Wire>(value - static_cast<Wire>(*last_));
    constexpr Wire kHalf = static_cast<Wire>(Wire{1} << (sizeof(Wire) * 8 - 1));
    const std::int64_t step =
        delta < kHalf ? static_cast<std::int64_t>(delta)
                      : static_cast<std::int64_t>(delta) - (std::int64_t{1} << (sizeof(Wire) * 8));
    return *last_ + step;
  }
  constexpr void reset() { last_.reset(); }
  // By whole rounds, until the reference is `least` or more; it has been set.
  constexpr std::int64_t advance_to(std::int64_t least) {
    constexpr std::int64_t kRound = std::int64_t{1} << (sizeof(Wire) * 8);
    if (*last_ < least) *last_ += (least - *last_ + kRound - 1) / kRound * kRound;
    return *last_;
  }

 private:
  std::optional<std::int64_t> last_;
};

class SeqUnwrapper {
 public:
  constexpr PacketId unwrap(SeqNo seq) { return inner_.unwrap(seq.value); }
  constexpr PacketId peek(SeqNo seq) const { return inner_.peek(seq.value); }
  constexpr void reset() { inner_.reset(); }

 private:
  Unwrapper<std::uint16_t> inner_;
};

constexpr SeqNo seq_no_of(PacketId id) { return SeqNo{static_cast<std::uint16_t>(id)}; }

}  // namespace diemcau
