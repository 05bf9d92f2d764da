// What is coded: a whole plain RTP packet with its length in front, as RFC 8681 has it of a source
// packet (RFC 6363 §5.2: ADU with length).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/packet_pool.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"
#include "core/wire/repair.h"

namespace diemcau::repair {

constexpr std::size_t kMostSymbols = 64;  // of one window: keeps elimination short
// How long a loss may take to be repaired before the encoder is told; and how long what was lost is
// still wanted, because that may be quicker than what the encoder then makes.
constexpr Duration kRepairBudget = 150ms;
constexpr Duration kRepairLasts = 280ms;
constexpr Duration kUnknownRoundTrip = 100ms;

// Of one question about a silence: a picture and a packet of sound; and then one that cannot have
// been sent yet, which says that it is such a question. An older peer does not even refuse that.
constexpr PacketId kOfSilence = 10;
constexpr PacketId kNotYet = 300;

// The bytes in front of a packet's own. Of an elided packet (the simulator's) the number of bytes
// that are there is coded as well, at the cost of an elided byte each.
struct SymbolHead {
  std::array<std::uint8_t, 2 * wire::kSymbolLengthBytes> bytes{};
  std::size_t size = 0;
};

constexpr std::size_t symbol_head_bytes(bool elided) {
  return elided ? 2 * wire::kSymbolLengthBytes : wire::kSymbolLengthBytes;
}

inline SymbolHead symbol_head(std::size_t wire_size, std::size_t bytes_present, bool elided) {
  const auto length = static_cast<std::uint16_t>(wire_size);
  const auto present = static_cast<std::uint16_t>(bytes_present);
  SymbolHead head;
  head.bytes = {static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length),
                static_cast<std::uint8_t>(present >> 8), static_cast<std::uint8_t>(present)};
  head.size = symbol_head_bytes(elided);
  return head;
}
inline SymbolHead symbol_head(const Packet& packet, bool elided) {
  return symbol_head(packet.wire_size(), packet.present(), elided);
}

}  // namespace diemcau::repair
