// RTP packets (RFC 3550 §5.1) with the header extensions that we send (RFC 8285).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/byte_reader.h"
#include "core/base/byte_writer.h"
#include "core/base/result.h"
#include "core/units/ids.h"
#include "core/units/ntp_time.h"
#include "core/units/seq_no.h"
#include "core/wire/frame_descriptor.h"

namespace diemcau::wire {

// From the dynamic range, clear of the RTCP types (RFC 5761 §4): the numbers that browsers offer.
constexpr std::uint8_t kAudioPayloadType = 111;     // Opus, RFC 7587
constexpr std::uint8_t kRedundantPayloadType = 63;  // of kAudioPayloadType, RFC 2198
constexpr std::uint8_t kVideoPayloadType = 102;     // H.264, RFC 6184
// The same of a document, so that a capture, where SSRCs alone say nothing, tells pages from faces.
constexpr std::uint8_t kDocumentPayloadType = 104;
constexpr std::uint8_t kRepairPayloadType = 103;  // RLC over GF(2^8), RFC 8681 (core/wire/repair.h)

// Fixed by our protocol version, not negotiated.
constexpr std::uint8_t kAudioLevelId = 1;
constexpr std::uint8_t kAbsoluteCaptureId = 2;
constexpr std::uint8_t kFrameDescriptorId = 3;
constexpr std::uint8_t kSymbolId = 4;

struct RtpHeader {
  std::uint8_t payload_type = 0;  // 7 bits
  bool marker = false;
  SeqNo seq;
  std::uint32_t timestamp = 0;
  Ssrc ssrc;
  constexpr bool operator==(const RtpHeader&) const = default;
};

// RFC 6464: 0 is the loudest, 127 is silence.
struct AudioLevel {
  std::uint8_t dbov = 127;
  bool voice = false;
  constexpr bool operator==(const AudioLevel&) const = default;
};

// The abs-capture-time extension: capture time on the wall clock of the origin. The 16-byte form,
// whose second half is a mixer's clock offset, is read too; no mixer stands between our bridges.
struct AbsoluteCapture {
  NtpTime captured;
  constexpr bool operator==(const AbsoluteCapture&) const = default;
};

struct RtpExtensions {
  std::optional<AudioLevel> audio_level;
  std::optional<AbsoluteCapture> absolute_capture;
  std::optional<FrameDescriptor> frame_descriptor;
  // The encoding symbol id of RFC 8681, its low 16 bits: counts all media packets of one link.
  std::optional<std::uint16_t> symbol_id;
  constexpr bool operator==(const RtpExtensions&) const = default;
};

// payload_size counts bytes that are present: 0 for an elided payload.
struct RtpPacket {
  RtpHeader header;
  RtpExtensions extensions;
  std::size_t payload_offset = 0;
  std::size_t payload_size = 0;
  std::size_t padding = 0;
};

enum class RtpError : std::uint8_t {
  truncated,
  bad_version,
  bad_padding,
  bad_extension,  // one of ours with a wrong length or content
};

constexpr std::size_t kRtpFixedHeaderBytes = 12;
// Fixed header, extension header, and at most three of our extensions padded to words: 12 + 4 + 20.
constexpr std::size_t kMaxRtpHeaderBytes = 36;
constexpr std::size_t kSrtpTagBytes = 16;  // AEAD_AES_256_GCM, RFC 7714 §13.2
// Seal, UDP and IPv4: what a packet costs on the line beside what we write.
constexpr std::size_t kLineOverheadBytes = kSrtpTagBytes + 28;

// One-byte and two-byte extensions of RFC 8285 are read; unknown ids are skipped.
Result<RtpPacket, RtpError> parse_rtp(ByteSpan packet);

// Bytes that write_rtp_header() gives for these extensions.
std::size_t rtp_header_size(const RtpExtensions& extensions);
void write_rtp_header(ByteWriter& out, const RtpHeader& header, const RtpExtensions& extensions);

}  // namespace diemcau::wire
