// H.264 in RTP payloads (RFC 6184, packetization-mode 1): single NAL units, STAP-A and FU-A.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/base/byte_writer.h"
#include "core/base/result.h"

namespace diemcau::wire {

enum class H264Packing : std::uint8_t { single, stap_a, fu_a };

// What one RTP payload holds: whole NAL units first_nal … first_nal + nal_count − 1, or of one NAL
// unit the bytes from `offset` on (the NAL header byte, offset 0, travels in the FU headers).
struct H264Payload {
  H264Packing packing = H264Packing::single;
  std::uint16_t first_nal = 0;
  std::uint16_t nal_count = 1;
  std::uint32_t offset = 0;    // FU-A: ≥ 1
  std::uint32_t fragment = 0;  // FU-A: NAL bytes carried
  std::uint32_t size = 0;      // of the RTP payload
  bool fu_start = false;
  bool fu_end = false;
  bool last = false;  // of the access unit: carries the marker
  constexpr bool operator==(const H264Payload&) const = default;
};

// Plans the payloads of one access unit from the sizes of its NAL units alone, so that elided
// frames are cut exactly as real ones. Small neighbours share a STAP-A; a NAL unit that does not
// fit is cut into FU-A of nearly equal size. Sizes must be > 0, at most 65,535 of them, and
// max_payload ≥ 16 (DC_CHECK).
class H264Planner {
 public:
  H264Planner(std::span<const std::uint32_t> nal_sizes, std::size_t max_payload);
  // Nothing after the last payload.
  std::optional<H264Payload> next();

 private:
  H264Payload next_fragment();
  H264Payload next_whole();

  std::span<const std::uint32_t> sizes_;
  std::uint32_t max_payload_;
  std::size_t nal_ = 0;
  std::uint32_t offset_ = 0;  // > 0 inside a fragmented NAL unit
};

// `nals` are those that the plan was made from.
void write_h264_payload(ByteWriter& out, const H264Payload& plan, std::span<const ByteSpan> nals);

enum class H264Error : std::uint8_t {
  truncated,
  forbidden_bit,
  unsupported_type,  // STAP-B, MTAP, FU-B, and reserved types
  fragment_without_start,
  fragment_unfinished,
  fragment_contradicts,  // start and end at once, or another NAL type inside
  too_large,
};

// A 1080p IDR at 10 Mbit/s is under 300 kB; four times that bounds what a peer makes us hold.
constexpr std::size_t kMaxAccessUnitBytes = 1'200'000;

// Turns the payloads of one access unit, in order, back into Annex B (4-byte start codes). On an
// error the access unit is useless: reset() before the next one. One thread at a time.
class H264Depacketiser {
 public:
  explicit H264Depacketiser(std::size_t max_bytes = kMaxAccessUnitBytes) : max_bytes_(max_bytes) {}
  // Appends to `out`, which holds this access unit; gives the bytes appended. `out` may hold a
  // part of the payload after an error.
  Result<std::size_t, H264Error> append(ByteSpan payload, std::vector<std::uint8_t>& out);
  // True when no fragmented NAL unit is open.
  bool complete() const { return !open_; }
  void reset() { open_ = false; }

 private:
  std::optional<H264Error> append_aggregate(ByteSpan payload, std::vector<std::uint8_t>& out);
  std::optional<H264Error> append_fragment(ByteSpan payload, std::vector<std::uint8_t>& out);

  std::size_t max_bytes_;
  bool open_ = false;
  std::uint8_t open_header_ = 0;
};

// Walks the NAL units of an Annex B byte stream (ITU-T H.264 annex B): each without start code and
// trailing zeros.
class AnnexBScanner {
 public:
  explicit AnnexBScanner(ByteSpan stream);
  // Nothing at the end. Bytes before the first start code are no NAL unit.
  std::optional<ByteSpan> next();

 private:
  ByteSpan stream_;
  std::size_t at_;  // just after a start code, or the size of the stream
};

constexpr std::uint8_t h264_nal_type(std::uint8_t nal_header) {
  return static_cast<std::uint8_t>(nal_header & 0x1FU);
}

}  // namespace diemcau::wire
