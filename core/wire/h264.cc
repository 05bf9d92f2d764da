// Cutting H.264 access units into RTP payloads and joining them again (RFC 6184 §5.6–5.8).
#include "core/wire/h264.h"

#include <algorithm>

#include "core/base/check.h"

namespace diemcau::wire {

namespace {

constexpr std::uint8_t kStapA = 24;
constexpr std::uint8_t kFuA = 28;
constexpr unsigned kForbidden = 0x80;
constexpr unsigned kNri = 0x60;
constexpr unsigned kType = 0x1F;
constexpr unsigned kFuStart = 0x80;
constexpr unsigned kFuEnd = 0x40;
constexpr std::uint32_t kFuHeaders = 2;  // FU indicator and FU header
constexpr std::uint32_t kStapHeader = 1;
constexpr std::uint32_t kStapSize = 2;  // before each NAL unit
constexpr std::uint8_t kStartCode[] = {0, 0, 0, 1};

// RFC 6184 §5.4: types 1–23 are NAL units of the codec, the rest belongs to the payload format.
bool is_codec_type(unsigned type) { return type >= 1 && type <= 23; }

void append_bytes(std::vector<std::uint8_t>& out, ByteSpan bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// The first byte of the next start code at or after `from`, or the size.
std::size_t find_start_code(ByteSpan stream, std::size_t from) {
  for (std::size_t i = from; i + 3 <= stream.size(); ++i) {
    if (stream[i] == 0 && stream[i + 1] == 0 && stream[i + 2] == 1) return i;
  }
  return stream.size();
}

}  // namespace

H264Planner::H264Planner(std::span<const std::uint32_t> nal_sizes, std::size_t max_payload)
    : sizes_(nal_sizes), max_payload_(static_cast<std::uint32_t>(max_payload)) {
  DC_CHECK(max_payload >= 16 && max_payload <= 0xFFFF && nal_sizes.size() <= 0xFFFF);
}

std::optional<H264Payload> H264Planner::next() {
  if (nal_ == sizes_.size()) return std::nullopt;
  DC_CHECK(sizes_[nal_] > 0);
  H264Payload payload = sizes_[nal_] > max_payload_ ? next_fragment() : next_whole();
  payload.last = nal_ == sizes_.size();
  return payload;
}

H264Payload H264Planner::next_fragment() {
  const std::uint32_t total = sizes_[nal_] - 1;  // the NAL header travels in the FU headers
  const std::uint32_t room = max_payload_ - kFuHeaders;
  if (offset_ == 0) offset_ = 1;
  const std::uint32_t left = total - (offset_ - 1);
  const std::uint32_t fragments = (left + room - 1) / room;
  H264Payload p;
  p.packing = H264Packing::fu_a;
  p.first_nal = static_cast<std::uint16_t>(nal_);
  p.offset = offset_;
  p.fragment = (left + fragments - 1) / fragments;  // equal parts: no tiny last packet
  p.size = p.fragment + kFuHeaders;
  p.fu_start = offset_ == 1;
  p.fu_end = fragments == 1;
  offset_ += p.fragment;
  if (p.fu_end) {
    ++nal_;
    offset_ = 0;
  }
  return p;
}

H264Payload H264Planner::next_whole() {
  H264Payload p;
  p.first_nal = static_cast<std::uint16_t>(nal_);
  p.size = sizes_[nal_++];
  std::uint32_t aggregate = kStapHeader + kStapSize + p.size;
  while (nal_ < sizes_.size()) {
    DC_CHECK(sizes_[nal_] > 0);
    if (sizes_[nal_] > max_payload_) break;
    const std::uint32_t with_next = aggregate + kStapSize + sizes_[nal_];
    if (with_next > max_payload_) break;
    aggregate = with_next;
    p.packing = H264Packing::stap_a;
    p.size = aggregate;
    ++p.nal_count;
    ++nal_;
  }
  return p;
}

void write_h264_payload(ByteWriter& out, const H264Payload& plan, std::span<const ByteSpan> nals) {
  DC_CHECK(std::size_t{plan.first_nal} + plan.nal_count <= nals.size());
  const ByteSpan first = nals[plan.first_nal];
  switch (plan.packing) {
    case H264Packing::single: out.bytes(first); return;
    case H264Packing::fu_a: {
      DC_CHECK(plan.offset >= 1 && std::size_t{plan.offset} + plan.fragment <= first.size());
      out.u8(static_cast<std::uint8_t>((first[0] & (kForbidden | kNri)) | kFuA));
      out.u8(static_cast<std::uint8_t>((plan.fu_start ? kFuStart : 0U) |
                                       (plan.fu_end ? kFuEnd : 0U) | (first[0] & kType)));
      out.bytes(first.subspan(plan.offset, plan.fragment));
      return;
    }
    case H264Packing::stap_a: {
      // F is the OR and NRI the maximum of the aggregated ones (RFC 6184 §5.7).
      const auto group = nals.subspan(plan.first_nal, plan.nal_count);
      unsigned forbidden = 0;
      unsigned nri = 0;
      for (const ByteSpan nal : group) {
        forbidden |= nal[0] & kForbidden;
        nri = std::max(nri, nal[0] & kNri);
      }
      out.u8(static_cast<std::uint8_t>(forbidden | nri | kStapA));
      for (const ByteSpan nal : group) {
        out.u16(static_cast<std::uint16_t>(nal.size()));
        out.bytes(nal);
      }
      return;
    }
  }
}

Result<std::size_t, H264Error> H264Depacketiser::append(ByteSpan payload,
                                                        std::vector<std::uint8_t>& out) {
  if (payload.empty()) return Unexpected{H264Error::truncated};
  if ((payload[0] & kForbidden) != 0) return Unexpected{H264Error::forbidden_bit};
  const unsigned type = payload[0] & kType;
  // Each NAL unit grows by at most two bytes: a start code for the size field of a STAP-A.
  if (out.size() + 2 * payload.size() + sizeof kStartCode > max_bytes_) {
    return Unexpected{H264Error::too_large};
  }
  if (open_ && type != kFuA) return Unexpected{H264Error::fragment_unfinished};
  const std::size_t before = out.size();
  std::optional<H264Error> error;
  if (type == kStapA) {
    error = append_aggregate(payload, out);
  } else if (type == kFuA) {
    error = append_fragment(payload, out);
  } else if (is_codec_type(type)) {
    append_bytes(out, kStartCode);
    append_bytes(out, payload);
  } else {
    error = H264Error::unsupported_type;
  }
  if (error) return Unexpected{*error};
  return out.size() - before;
}

std::optional<H264Error> H264Depacketiser::append_aggregate(ByteSpan payload,
                                                            std::vector<std::uint8_t>& out) {
  ByteReader in(payload);
  in.skip(1);
  if (in.remaining() == 0) return H264Error::truncated;
  while (in.remaining() > 0) {
    const ByteSpan nal = in.bytes(in.u16());
    if (!in.ok() || nal.empty()) return H264Error::truncated;
    if ((nal[0] & kForbidden) != 0) return H264Error::forbidden_bit;
    if (!is_codec_type(nal[0] & kType)) return H264Error::unsupported_type;
    append_bytes(out, kStartCode);
    append_bytes(out, nal);
  }
  return std::nullopt;
}

//  |F|NRI|  Type   |S|E|R|  Type   | FU payload …       (RFC 6184 §5.8)
std::optional<H264Error> H264Depacketiser::append_fragment(ByteSpan payload,
                                                           std::vector<std::uint8_t>& out) {
  if (payload.size() < kFuHeaders) return H264Error::truncated;
  const bool start = (payload[1] & kFuStart) != 0;
  const bool end = (payload[1] & kFuEnd) != 0;
  const auto header = static_cast<std::uint8_t>((payload[0] & kNri) | (payload[1] & kType));
  if (!is_codec_type(header & kType)) return H264Error::unsupported_type;
  if (start && end) return H264Error::fragment_contradicts;
  if (start) {
    if (open_) return H264Error::fragment_unfinished;
    append_bytes(out, kStartCode);
    out.push_back(header);
    open_header_ = header;
  } else {
    if (!open_) return H264Error::fragment_without_start;
    if (header != open_header_) return H264Error::fragment_contradicts;
  }
  append_bytes(out, payload.subspan(kFuHeaders));
  open_ = !end;
  return std::nullopt;
}

AnnexBScanner::AnnexBScanner(ByteSpan stream)
    : stream_(stream), at_(std::min(find_start_code(stream, 0) + 3, stream.size())) {}

std::optional<ByteSpan> AnnexBScanner::next() {
  while (at_ < stream_.size()) {
    const std::size_t begin = at_;
    std::size_t end = find_start_code(stream_, begin);
    at_ = std::min(end + 3, stream_.size());
    while (end > begin && stream_[end - 1] == 0) --end;  // trailing_zero_8bits, zero_byte
    if (end > begin) return stream_.subspan(begin, end - begin);
  }
  return std::nullopt;
}

}  // namespace diemcau::wire
