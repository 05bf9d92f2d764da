// STUN binding messages (RFC 8489) with MESSAGE-INTEGRITY-SHA256 and FINGERPRINT, as the
// authenticated checks of a path use them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/byte_reader.h"
#include "core/base/byte_writer.h"
#include "core/base/result.h"
#include "core/units/ids.h"
#include "core/units/ntp_time.h"

namespace diemcau::wire {

enum class StunClass : std::uint8_t { request, indication, success, error };

using TransactionId = std::array<std::uint8_t, 12>;
using StunMac = std::array<std::uint8_t, 32>;

// Ours (comprehension-optional): when the request arrived and when this answer left, both on the
// answerer's wall clock. With the asker's two times they give round trip and clock offset as in
// NTP (RFC 5905 §8).
struct StunClock {
  NtpTime received_at;
  NtpTime sent_at;
  constexpr bool operator==(const StunClock&) const = default;
};

// Ours (comprehension-optional), of a line measurement: a request numbers itself and asks when the
// requests `first` and after it arrived; the answer repeats both and says so on the answerer's wall
// clock. As long in requests as in answers: both directions of the line carry the same, and nobody
// is sent much more than he sent.
struct StunProbe {
  static constexpr std::size_t kArrivals = 8;
  std::uint32_t sequence = 0;
  std::uint32_t first = 0;
  std::array<NtpTime, kArrivals> arrivals{};  // zero: has not arrived; all zero in a request
  constexpr bool operator==(const StunProbe&) const = default;
};

struct StunMessage {
  StunClass message_class = StunClass::request;
  TransactionId transaction{};
  std::string_view username;  // empty: absent. A view into the datagram when parsed.
  std::optional<Endpoint> mapped;
  std::optional<std::uint16_t> error_code;  // 300–699
  std::optional<std::uint64_t> session_id;  // ours
  std::optional<StunClock> clock;
  std::optional<StunProbe> probe;
  bool has_fingerprint = false;  // set by the parser, which has checked it
  // Where the attribute MESSAGE-INTEGRITY-SHA256 starts, set by the parser. Nothing is to be
  // believed before verify_stun().
  std::optional<std::uint16_t> integrity_at;
};

enum class StunError : std::uint8_t {
  truncated,
  not_stun,  // magic cookie, or the two top bits
  bad_length,
  not_binding,
  bad_attribute,
  unknown_required,  // a comprehension-required attribute that we do not know
  bad_fingerprint,
};

// RFC 8489 §6.1: without knowledge of the path, 548 bytes over IPv4 are safe.
constexpr std::size_t kMaxStunBytes = 548;
constexpr std::size_t kMaxStunUsername = 128;  // of 508 (RFC 8489 §14.3): two roster ids fit

// Ours, from the comprehension-optional range, where tshark 4.0 knows no other meaning.
constexpr std::uint16_t kStunSessionId = 0xC0DC;
constexpr std::uint16_t kStunClock = 0xC0DD;
constexpr std::uint16_t kStunProbe = 0xC0DE;

// Checks form and fingerprint, not the integrity. Attributes after the integrity are ignored, but
// for the fingerprint (RFC 8489 §14.6).
Result<StunMessage, StunError> parse_stun(ByteSpan datagram);

// The bytes that the MAC covers, with the length field pointing to the end of the integrity
// attribute (RFC 8489 §14.6), in a buffer of their own.
class StunCovered {
 public:
  StunCovered(ByteSpan datagram, std::uint16_t integrity_at);
  ByteSpan bytes() const { return ByteSpan{bytes_.data(), size_}; }

 private:
  std::array<std::uint8_t, kMaxStunBytes> bytes_{};
  std::size_t size_ = 0;
};

// In a time that does not depend on where the two differ.
bool stun_mac_matches(ByteSpan datagram, std::uint16_t integrity_at, const StunMac& expected);

// mac(ByteSpan covered) -> StunMac. `datagram` is what `message` was parsed from. False also when
// the message carries no integrity.
template <typename Mac>
bool verify_stun(ByteSpan datagram, const StunMessage& message, Mac&& mac) {
  if (!message.integrity_at) return false;
  const StunCovered covered(datagram, *message.integrity_at);
  return stun_mac_matches(datagram, *message.integrity_at, mac(covered.bytes()));
}

// Everything before the integrity, with the length field already counting it.
void write_stun_covered(ByteWriter& out, const StunMessage& message);
// Integrity and FINGERPRINT, onto what write_stun_covered() wrote at the start of `out`.
void finish_stun(ByteWriter& out, const StunMac& mac);

// Into an empty writer; the result always carries integrity and fingerprint.
template <typename Mac>
void write_stun(ByteWriter& out, const StunMessage& message, Mac&& mac) {
  write_stun_covered(out, message);
  if (out.ok()) finish_stun(out, mac(out.written()));
}

// CRC-32 of ISO 3309, as zip has it (RFC 8489 §14.7, before the XOR).
std::uint32_t crc32(ByteSpan bytes);

}  // namespace diemcau::wire
