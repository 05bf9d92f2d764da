// A repair packet's payload: which packets it was made of and how, then the coded symbol (RFC 8681
// §4.1.3 in an RTP mapping of our own).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/byte_reader.h"
#include "core/base/byte_writer.h"

namespace diemcau::wire {

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7
//  |         first symbol          |     count     |density|  res  |
//  |              key              |     coded symbol …
//
// A symbol is a whole plain RTP packet with its length in front. A window of one symbol is that
// symbol itself: a retransmission. Without a coded symbol the packet says that none of the window
// will be sent again.
struct RepairHeader {
  std::uint16_t first = 0;  // low 16 bits of the id of the oldest symbol
  std::uint8_t count = 1;   // ≥ 1 symbols, their ids follow each other
  std::uint8_t density = 15;
  std::uint16_t key = 0;  // of the coefficients (RFC 8681 §3.6); 0 exactly when count is 1
  constexpr bool operator==(const RepairHeader&) const = default;
};

constexpr std::size_t kRepairHeaderBytes = 6;
constexpr std::size_t kSymbolLengthBytes = 2;

void write(ByteWriter& out, const RepairHeader& h);
// Nothing when cut short, of no symbol, or with reserved bits.
std::optional<RepairHeader> parse_repair_header(ByteSpan payload);

}  // namespace diemcau::wire
