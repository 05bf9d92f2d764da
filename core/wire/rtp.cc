// Reading and writing RTP headers (RFC 3550 §5.1) and their extensions (RFC 8285 §4).
#include "core/wire/rtp.h"

namespace diemcau::wire {

namespace {

constexpr std::uint16_t kOneByteProfile = 0xBEDE;  // RFC 8285 §4.2
// RFC 8285 §4.3: 0x100 and four bits for the application, which we ignore.
constexpr std::uint16_t kTwoByteProfile = 0x1000;
constexpr std::uint16_t kTwoByteMask = 0xFFF0;

// False when a known extension is malformed. Two elements of the same id: the later one holds.
bool take_extension(std::uint8_t id, ByteSpan data, RtpExtensions& out) {
  switch (id) {
    case kAudioLevelId:
      if (data.size() != 1) return false;
      out.audio_level = AudioLevel{static_cast<std::uint8_t>(data[0] & 0x7FU), data[0] >= 0x80};
      return true;
    case kAbsoluteCaptureId:
      if (data.size() != 8 && data.size() != 16) return false;
      out.absolute_capture = AbsoluteCapture{NtpTime::from_raw(ByteReader{data}.u64())};
      return true;
    case kFrameDescriptorId:
      out.frame_descriptor = parse_frame_descriptor(data);
      return out.frame_descriptor.has_value();
    case kSymbolId:
      if (data.size() != 2) return false;
      out.symbol_id = ByteReader{data}.u16();
      return true;
    default: return true;
  }
}

bool parse_one_byte(ByteSpan block, RtpExtensions& out) {
  ByteReader in(block);
  while (in.remaining() > 0) {
    const unsigned head = in.u8();
    if (head == 0) continue;  // padding
    const unsigned id = head >> 4;
    if (id == 0 || id == 15) return true;  // reserved: nothing after it counts (RFC 8285 §4.2)
    const ByteSpan data = in.bytes((head & 0x0FU) + 1);
    if (!in.ok() || !take_extension(static_cast<std::uint8_t>(id), data, out)) return false;
  }
  return true;
}

bool parse_two_byte(ByteSpan block, RtpExtensions& out) {
  ByteReader in(block);
  while (in.remaining() > 0) {
    const std::uint8_t id = in.u8();
    if (id == 0) continue;  // padding is one byte here as well
    const ByteSpan data = in.bytes(in.u8());
    if (!in.ok() || !take_extension(id, data, out)) return false;
  }
  return true;
}

std::optional<RtpError> parse_extensions(ByteReader& in, RtpExtensions& out) {
  const std::uint32_t head = in.u32();
  const auto profile = static_cast<std::uint16_t>(head >> 16);
  const ByteSpan block = in.bytes(std::size_t{head & 0xFFFFU} * 4);
  if (!in.ok()) return RtpError::truncated;
  if (profile == kOneByteProfile && !parse_one_byte(block, out)) return RtpError::bad_extension;
  if ((profile & kTwoByteMask) == kTwoByteProfile && !parse_two_byte(block, out)) {
    return RtpError::bad_extension;
  }
  return std::nullopt;
}

std::size_t element_bytes(const RtpExtensions& e) {
  return (e.audio_level ? 2U : 0U) + (e.absolute_capture ? 9U : 0U) +
         (e.frame_descriptor ? 1 + kFrameDescriptorBytes : 0U) + (e.symbol_id ? 3U : 0U);
}

// Head of a one-byte element: id, and the length less one.
std::uint8_t element_head(std::uint8_t id, std::size_t length) {
  return static_cast<std::uint8_t>(std::size_t{id} << 4 | (length - 1));
}

}  // namespace

Result<RtpPacket, RtpError> parse_rtp(ByteSpan packet) {
  ByteReader in(packet);
  const std::uint32_t head = in.u32();
  const unsigned first = head >> 24;
  const unsigned second = head >> 16 & 0xFFU;
  RtpPacket result;
  result.header.seq = SeqNo{static_cast<std::uint16_t>(head)};
  result.header.timestamp = in.u32();
  result.header.ssrc = Ssrc{in.u32()};
  if (!in.ok()) return Unexpected{RtpError::truncated};
  if (first >> 6 != 2) return Unexpected{RtpError::bad_version};
  result.header.marker = (second & 0x80U) != 0;
  result.header.payload_type = static_cast<std::uint8_t>(second & 0x7FU);
  in.skip(std::size_t{first & 0x0FU} * 4);  // contributing sources: no mixer stands between us
  if (!in.ok()) return Unexpected{RtpError::truncated};
  if ((first & 0x10U) != 0) {
    if (const auto error = parse_extensions(in, result.extensions)) return Unexpected{*error};
  }
  result.payload_offset = in.position();
  std::size_t rest = in.remaining();
  if ((first & 0x20U) != 0) {
    if (rest == 0) return Unexpected{RtpError::bad_padding};
    result.padding = packet.back();  // counts itself
    if (result.padding == 0 || result.padding > rest) return Unexpected{RtpError::bad_padding};
    rest -= result.padding;
  }
  result.payload_size = rest;
  return result;
}

std::size_t rtp_header_size(const RtpExtensions& extensions) {
  const std::size_t elements = element_bytes(extensions);
  return kRtpFixedHeaderBytes + (elements == 0 ? 0 : 4 + (elements + 3) / 4 * 4);
}

void write_rtp_header(ByteWriter& out, const RtpHeader& header, const RtpExtensions& extensions) {
  const std::size_t elements = element_bytes(extensions);
  const unsigned first = elements == 0 ? 0x80 : 0x90;
  const unsigned second = (header.marker ? 0x80U : 0U) | (header.payload_type & 0x7FU);
  out.u32(first << 24 | second << 16 | header.seq.value);
  out.u32(header.timestamp);
  out.u32(header.ssrc.value);
  if (elements == 0) return;
  const std::size_t words = (elements + 3) / 4;
  out.u32(std::uint32_t{kOneByteProfile} << 16 | static_cast<std::uint32_t>(words));
  if (extensions.audio_level) {
    const unsigned level =
        (extensions.audio_level->voice ? 0x80U : 0U) | (extensions.audio_level->dbov & 0x7FU);
    out.u8(element_head(kAudioLevelId, 1));
    out.u8(static_cast<std::uint8_t>(level));
  }
  if (extensions.absolute_capture) {
    out.u8(element_head(kAbsoluteCaptureId, 8));
    out.u64(extensions.absolute_capture->captured.raw());
  }
  if (extensions.frame_descriptor) {
    out.u8(element_head(kFrameDescriptorId, kFrameDescriptorBytes));
    write(out, *extensions.frame_descriptor);
  }
  if (extensions.symbol_id) {
    out.u24(std::uint32_t{element_head(kSymbolId, 2)} << 16 | *extensions.symbol_id);
  }
  out.zeros(words * 4 - elements);
}

}  // namespace diemcau::wire
