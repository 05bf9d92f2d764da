// Reading and writing STUN binding messages (RFC 8489 §5, §14).
#include "core/wire/stun.h"

#include <algorithm>
#include <span>

#include "core/base/check.h"

namespace diemcau::wire {

namespace {

constexpr std::size_t kHeaderBytes = 20;
constexpr std::uint32_t kCookie = 0x2112'A442;
constexpr std::uint32_t kFingerprintXor = 0x5354'554E;  // "STUN", RFC 8489 §14.7
constexpr std::uint16_t kBinding = 0x001;
constexpr std::size_t kIntegrityBytes = 4 + 32;
constexpr std::size_t kFingerprintBytes = 4 + 4;
constexpr std::size_t kProbeBytes = 4 + 4 + 8 * StunProbe::kArrivals;

enum Attribute : std::uint16_t {
  mapped_address = 0x0001,
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000A,
  integrity_sha256 = 0x001C,
  xor_mapped_address = 0x0020,
  priority = 0x0024,       // RFC 8445 §16.1: an ICE agent may send it
  use_candidate = 0x0025,  // RFC 8445 §16.1
  fingerprint = 0x8028,
};

// The 14 bits of the type are M11…M7 C1 M6…M4 C0 M3…M0 (RFC 8489 §5, figure 3).
constexpr std::uint16_t type_of(StunClass c) {
  const auto bits = static_cast<unsigned>(c);
  return static_cast<std::uint16_t>(kBinding | (bits & 1U) << 4 | (bits & 2U) << 7);
}
constexpr StunClass class_of(unsigned type) {
  return static_cast<StunClass>((type >> 4 & 1U) | (type >> 7 & 2U));
}
constexpr unsigned method_of(unsigned type) {
  return (type & 0xFU) | (type >> 1 & 0x70U) | (type >> 2 & 0xF80U);
}

// Cookie and transaction id: what addresses are XORed with (RFC 8489 §14.2).
std::array<std::uint8_t, 16> address_mask(const TransactionId& id) {
  std::array<std::uint8_t, 16> mask{0x21, 0x12, 0xA4, 0x42};
  std::copy(id.begin(), id.end(), mask.begin() + 4);
  return mask;
}

std::optional<Endpoint> parse_mapped(ByteSpan value, const TransactionId& id) {
  const auto mask = address_mask(id);
  ByteReader in(value);
  in.skip(1);
  const std::uint8_t family = in.u8();
  const std::uint16_t port = static_cast<std::uint16_t>(in.u16() ^ (kCookie >> 16));
  if (family == 1 && value.size() == 8) return Endpoint::v4(in.u32() ^ kCookie, port);
  if (family != 2 || value.size() != 20) return std::nullopt;
  Endpoint e;
  e.port = port;
  for (std::size_t i = 0; i < 16; ++i) e.ip[i] = static_cast<std::uint8_t>(in.u8() ^ mask[i]);
  return e;
}

StunProbe parse_probe(ByteReader in) {
  StunProbe probe;
  probe.sequence = in.u32();
  probe.first = in.u32();
  for (NtpTime& arrival : probe.arrivals) arrival = NtpTime::from_raw(in.u64());
  return probe;
}

// Our own attributes and those of the RFC that we use; the first of a kind counts (RFC 8489 §14).
bool take_attribute(std::uint16_t type, ByteSpan value, StunMessage& m) {
  ByteReader in(value);
  switch (type) {
    case Attribute::username:
      if (value.size() > kMaxStunUsername) return false;
      if (!m.username.empty()) return true;
      m.username = {reinterpret_cast<const char*>(value.data()), value.size()};
      return true;
    case Attribute::xor_mapped_address:
      if (m.mapped) return true;
      m.mapped = parse_mapped(value, m.transaction);
      return m.mapped.has_value();
    case Attribute::error_code: {
      in.skip(2);
      const unsigned hundreds = in.u8() & 7U;
      const unsigned number = in.u8();
      if (!in.ok() || hundreds < 3 || hundreds > 6 || number > 99) return false;
      if (!m.error_code) m.error_code = static_cast<std::uint16_t>(hundreds * 100 + number);
      return true;
    }
    case kStunSessionId:
      if (!m.session_id) m.session_id = in.u64();
      return value.size() == 8;
    case kStunClock: {
      const NtpTime received = NtpTime::from_raw(in.u64());
      const NtpTime sent = NtpTime::from_raw(in.u64());
      if (!m.clock) m.clock = StunClock{received, sent};
      return value.size() == 16;
    }
    case kStunProbe:
      if (value.size() != kProbeBytes) return false;
      if (!m.probe) m.probe = parse_probe(in);
      return true;
    default: return true;
  }
}

bool is_known_or_optional(std::uint16_t type) {
  switch (type) {
    case Attribute::mapped_address:
    case Attribute::username:
    case Attribute::message_integrity:
    case Attribute::error_code:
    case Attribute::unknown_attributes:
    case Attribute::integrity_sha256:
    case Attribute::xor_mapped_address:
    case Attribute::priority:
    case Attribute::use_candidate: return true;
    default: return type >= 0x8000;  // comprehension-optional
  }
}

std::optional<StunError> parse_attributes(ByteReader in, ByteSpan datagram, StunMessage& m) {
  bool sealed = false;  // behind an integrity attribute only integrity and fingerprint count
  while (in.remaining() > 0) {
    const std::size_t at = in.position();
    const std::uint16_t type = in.u16();
    const std::size_t length = in.u16();
    const ByteSpan value = in.bytes(length);
    in.skip((4 - length % 4) % 4);
    if (!in.ok()) return StunError::truncated;
    if (type == Attribute::fingerprint) {
      if (length != 4 || in.remaining() > 0) return StunError::bad_attribute;  // the last one
      const std::uint32_t crc = crc32(datagram.first(at)) ^ kFingerprintXor;
      if (ByteReader{value}.u32() != crc) return StunError::bad_fingerprint;
      m.has_fingerprint = true;
    } else if (type == Attribute::integrity_sha256) {
      // Truncated forms (RFC 8489 §14.6) are not accepted: we never need them.
      if (length != 32) return StunError::bad_attribute;
      if (!m.integrity_at) m.integrity_at = static_cast<std::uint16_t>(at);
      sealed = true;
    } else if (!sealed) {
      if (!is_known_or_optional(type)) return StunError::unknown_required;
      if (!take_attribute(type, value, m)) return StunError::bad_attribute;
      sealed = type == Attribute::message_integrity;
    }
  }
  return std::nullopt;
}

void write_attribute_head(ByteWriter& out, std::uint16_t type, std::size_t length) {
  out.u16(type);
  out.u16(static_cast<std::uint16_t>(length));
}

void write_mapped(ByteWriter& out, const Endpoint& e, const TransactionId& id) {
  const auto mask = address_mask(id);
  const std::size_t from = e.is_v4() ? 12 : 0;
  write_attribute_head(out, Attribute::xor_mapped_address, 4 + 16 - from);
  out.u8(0);
  out.u8(e.is_v4() ? 1 : 2);
  out.u16(static_cast<std::uint16_t>(e.port ^ (kCookie >> 16)));
  for (std::size_t i = from; i < 16; ++i) {
    out.u8(static_cast<std::uint8_t>(e.ip[i] ^ mask[i - from]));
  }
}

// Of a byte that so many others follow: eight at a time need not wait for each other (Kounavis and
// Berry, 2008).
constexpr std::size_t kCrcBytes = 8;
using CrcTables = std::array<std::array<std::uint32_t, 256>, kCrcBytes>;
constexpr CrcTables make_crc_tables() {
  CrcTables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = (c & 1U) != 0 ? 0xEDB8'8320U ^ c >> 1 : c >> 1;
    tables[0][i] = c;
  }
  for (std::size_t after = 1; after < kCrcBytes; ++after) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t c = tables[after - 1][i];
      tables[after][i] = tables[0][c & 0xFFU] ^ c >> 8;
    }
  }
  return tables;
}
constexpr CrcTables kCrcTables = make_crc_tables();

}  // namespace

std::uint32_t crc32(ByteSpan bytes) {
  std::uint32_t c = 0xFFFF'FFFF;
  for (; bytes.size() >= kCrcBytes; bytes = bytes.subspan(kCrcBytes)) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < kCrcBytes; ++i) {
      const std::uint32_t before = i < 4 ? c >> (8 * i) : 0;
      sum ^= kCrcTables[kCrcBytes - 1 - i][(before ^ bytes[i]) & 0xFFU];
    }
    c = sum;
  }
  for (const std::uint8_t b : bytes) c = kCrcTables[0][(c ^ b) & 0xFFU] ^ c >> 8;
  return ~c;
}

Result<StunMessage, StunError> parse_stun(ByteSpan datagram) {
  ByteReader in(datagram);
  const unsigned type = in.u16();
  const std::size_t length = in.u16();
  const std::uint32_t cookie = in.u32();
  StunMessage m;
  const ByteSpan id = in.bytes(m.transaction.size());
  if (!in.ok()) return Unexpected{StunError::truncated};
  std::copy(id.begin(), id.end(), m.transaction.begin());
  if ((type & 0xC000U) != 0 || cookie != kCookie) return Unexpected{StunError::not_stun};
  if (length % 4 != 0 || length != in.remaining() || datagram.size() > kMaxStunBytes) {
    return Unexpected{StunError::bad_length};
  }
  if (method_of(type) != kBinding) return Unexpected{StunError::not_binding};
  m.message_class = class_of(type);
  if (const auto error = parse_attributes(in, datagram, m)) return Unexpected{*error};
  return m;
}

StunCovered::StunCovered(ByteSpan datagram, std::uint16_t integrity_at) : size_(integrity_at) {
  DC_CHECK(size_ >= kHeaderBytes && size_ <= datagram.size() && size_ <= bytes_.size());
  std::copy_n(datagram.begin(), size_, bytes_.begin());
  const std::size_t length = size_ + kIntegrityBytes - kHeaderBytes;
  bytes_[2] = static_cast<std::uint8_t>(length >> 8);
  bytes_[3] = static_cast<std::uint8_t>(length);
}

bool stun_mac_matches(ByteSpan datagram, std::uint16_t integrity_at, const StunMac& expected) {
  DC_CHECK(integrity_at + kIntegrityBytes <= datagram.size());
  const ByteSpan carried = datagram.subspan(integrity_at + 4U, expected.size());
  unsigned difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference |= static_cast<unsigned>(carried[i] ^ expected[i]);
  }
  return difference == 0;
}

void write_stun_covered(ByteWriter& out, const StunMessage& m) {
  DC_CHECK(out.size() == 0 && m.username.size() <= kMaxStunUsername);
  DC_CHECK(!m.error_code || (*m.error_code >= 300 && *m.error_code <= 699));
  out.u16(type_of(m.message_class));
  out.u16(0);  // patched below
  out.u32(kCookie);
  out.bytes(m.transaction);
  if (!m.username.empty()) {
    write_attribute_head(out, Attribute::username, m.username.size());
    out.bytes({reinterpret_cast<const std::uint8_t*>(m.username.data()), m.username.size()});
    out.zeros((4 - m.username.size() % 4) % 4);
  }
  if (m.mapped) write_mapped(out, *m.mapped, m.transaction);
  if (m.error_code) {
    write_attribute_head(out, Attribute::error_code, 4);  // no reason phrase: nobody reads it
    out.u16(0);
    out.u8(static_cast<std::uint8_t>(*m.error_code / 100));
    out.u8(static_cast<std::uint8_t>(*m.error_code % 100));
  }
  if (m.session_id) {
    write_attribute_head(out, kStunSessionId, 8);
    out.u64(*m.session_id);
  }
  if (m.clock) {
    write_attribute_head(out, kStunClock, 16);
    out.u64(m.clock->received_at.raw());
    out.u64(m.clock->sent_at.raw());
  }
  if (m.probe) {
    write_attribute_head(out, kStunProbe, kProbeBytes);
    out.u32(m.probe->sequence);
    out.u32(m.probe->first);
    for (const NtpTime arrival : m.probe->arrivals) out.u64(arrival.raw());
  }
  if (!out.ok()) return;
  out.patch_u16(2, static_cast<std::uint16_t>(out.size() + kIntegrityBytes - kHeaderBytes));
}

void finish_stun(ByteWriter& out, const StunMac& mac) {
  write_attribute_head(out, Attribute::integrity_sha256, mac.size());
  out.bytes(mac);
  if (!out.ok()) return;
  // The fingerprint covers a length field that counts the fingerprint (RFC 8489 §14.7).
  out.patch_u16(2, static_cast<std::uint16_t>(out.size() + kFingerprintBytes - kHeaderBytes));
  const std::uint32_t crc = crc32(out.written());
  write_attribute_head(out, Attribute::fingerprint, 4);
  out.u32(crc ^ kFingerprintXor);
}

}  // namespace diemcau::wire
