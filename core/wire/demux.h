// Tells the protocols on the one UDP port apart by their first bytes (RFC 7983 §7, RFC 5761 §4).
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/byte_reader.h"

namespace diemcau::wire {

enum class DatagramKind : std::uint8_t { stun, dtls, turn_channel, rtp_or_rtcp, invalid };

// ZRTP (16–19) and every unassigned range are invalid: nobody here speaks them.
constexpr DatagramKind demux(std::uint8_t first_byte) {
  if (first_byte <= 3) return DatagramKind::stun;
  if (first_byte >= 20 && first_byte <= 63) return DatagramKind::dtls;
  if (first_byte >= 64 && first_byte <= 79) return DatagramKind::turn_channel;
  if (first_byte >= 128 && first_byte <= 191) return DatagramKind::rtp_or_rtcp;
  return DatagramKind::invalid;
}

constexpr DatagramKind demux(ByteSpan datagram) {
  return datagram.empty() ? DatagramKind::invalid : demux(datagram[0]);
}

// For a datagram that is rtp_or_rtcp. RTCP packet types 192–223 stand where RTP has marker and
// payload type; RTP payload types 64–95 are therefore never used (RFC 5761 §4).
constexpr bool is_rtcp(ByteSpan datagram) {
  return datagram.size() >= 2 && datagram[1] >= 192 && datagram[1] <= 223;
}

// Content types of a DTLS 1.2 record (RFC 5246 §6.2.1); everything else is not for us.
enum class DtlsContent : std::uint8_t {
  change_cipher_spec = 20,
  alert = 21,
  handshake = 22,
  application_data = 23,
};

constexpr std::size_t kDtlsRecordHeaderBytes = 13;  // RFC 6347 §4.1

// Of the first record; none when the datagram cannot hold a record header.
constexpr std::optional<DtlsContent> dtls_content(ByteSpan datagram) {
  if (datagram.size() < kDtlsRecordHeaderBytes) return std::nullopt;
  if (datagram[0] < 20 || datagram[0] > 23) return std::nullopt;
  return static_cast<DtlsContent>(datagram[0]);
}

}  // namespace diemcau::wire
