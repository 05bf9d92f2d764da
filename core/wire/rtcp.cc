// Reading and writing RTCP packets (RFC 3550 §6.4–6.6, RFC 4585 §6.2.1).
#include "core/wire/rtcp.h"

#include "core/base/check.h"

namespace diemcau::wire {

namespace {

enum PacketType : std::uint8_t { sr = 200, rr = 201, sdes = 202, bye = 203, rtpfb = 205 };
constexpr unsigned kNackFormat = 1;   // RFC 4585 §6.2.1
constexpr unsigned kCcfbFormat = 11;  // RFC 8888 §3.1
constexpr std::uint8_t kSdesCname = 1;
constexpr std::size_t kMaxText = 255;  // the length is one byte (RFC 3550 §6.5, §6.6)

std::string_view text_of(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
ByteSpan bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Length in words less one, as the header counts it.
void write_header(ByteWriter& out, std::size_t count, std::uint8_t type, std::size_t bytes) {
  DC_CHECK(count <= 31 && bytes % 4 == 0);
  out.u8(static_cast<std::uint8_t>(0x80U | count));
  out.u8(type);
  out.u16(static_cast<std::uint16_t>(bytes / 4 - 1));
}

void write_blocks(ByteWriter& out, std::span<const ReportBlock> blocks) {
  for (const ReportBlock& b : blocks) {
    out.u32(b.ssrc.value);
    out.u8(b.fraction_lost);
    out.u24(static_cast<std::uint32_t>(b.cumulative_lost) & 0xFF'FFFFU);
    out.u32(b.highest_seq);
    out.u32(b.jitter);
    out.u32(b.last_sr);
    out.u32(b.since_last_sr);
  }
}

// Extensions of the profile may follow the blocks (RFC 3550 §6.4.3); they are ignored.
std::optional<RtcpPacket> parse_report(ByteReader in, unsigned count, bool from_sender) {
  SenderReport report;
  report.sender = Ssrc{in.u32()};
  if (from_sender) {
    report.info.ntp = NtpTime::from_raw(in.u64());
    report.info.rtp_timestamp = in.u32();
    report.info.packets = in.u32();
    report.info.octets = in.u32();
  }
  report.blocks = ReportBlocks{in.bytes(count * kReportBlockBytes)};
  if (!in.ok()) return std::nullopt;
  if (from_sender) return report;
  return ReceiverReport{report.sender, report.blocks};
}

std::optional<RtcpPacket> parse_sdes(ByteReader in, unsigned count) {
  const ByteSpan all = ByteReader{in}.rest();
  const std::size_t before = in.remaining();
  for (unsigned i = 0; i < count; ++i) SourceDescription::read_chunk(in);
  if (!in.ok()) return std::nullopt;
  return SourceDescription{all.first(before - in.remaining())};
}

std::optional<RtcpPacket> parse_bye(ByteReader in, unsigned count) {
  Bye result;
  result.ssrcs = in.bytes(std::size_t{count} * 4);
  if (in.remaining() > 0) result.reason = text_of(in.bytes(in.u8()));
  if (!in.ok()) return std::nullopt;
  return result;
}

std::optional<RtcpPacket> parse_feedback(ByteReader in, unsigned format) {
  if (format == kNackFormat) {
    Nack nack;
    nack.sender = Ssrc{in.u32()};
    nack.media = Ssrc{in.u32()};
    nack.items = in.rest();
    if (!in.ok() || nack.items.empty()) return std::nullopt;  // at least one (RFC 4585 §6.2.1)
    return nack;
  }
  if (format == kCcfbFormat) {
    if (in.remaining() < kCcfbFixedBytes - 4) return std::nullopt;
    Ccfb ccfb;
    ccfb.sender = Ssrc{in.u32()};
    ccfb.blocks = in.bytes(in.remaining() - 4);
    ccfb.report_timestamp = in.u32();
    if (!ccfb_blocks_are_whole(ccfb.blocks)) return std::nullopt;
    return ccfb;
  }
  return UnknownRtcp{PacketType::rtpfb, static_cast<std::uint8_t>(format)};
}

}  // namespace

ReportBlock ReportBlocks::operator[](std::size_t i) const {
  ByteReader in(bytes_.subspan(i * kReportBlockBytes, kReportBlockBytes));
  ReportBlock b;
  b.ssrc = Ssrc{in.u32()};
  b.fraction_lost = in.u8();
  const std::uint32_t lost = in.u24();
  b.cumulative_lost = static_cast<std::int32_t>(lost) - ((lost & 0x80'0000U) != 0 ? 1 << 24 : 0);
  b.highest_seq = in.u32();
  b.jitter = in.u32();
  b.last_sr = in.u32();
  b.since_last_sr = in.u32();
  return b;
}

std::optional<Cname> SourceDescription::read_chunk(ByteReader& in) {
  const std::size_t start = in.position();
  const Ssrc ssrc{in.u32()};
  std::optional<Cname> cname;
  for (std::uint8_t type = in.u8(); in.ok() && type != 0; type = in.u8()) {
    const ByteSpan text = in.bytes(in.u8());
    if (in.ok() && type == kSdesCname) cname = Cname{ssrc, text_of(text)};
  }
  in.skip((4 - (in.position() - start) % 4) % 4);  // chunks end on words (RFC 3550 §6.5)
  return cname;
}

std::optional<RtcpPacket> RtcpReader::next() {
  if (error_ || in_.remaining() == 0) return std::nullopt;
  const unsigned first = in_.u8();
  const std::uint8_t type = in_.u8();
  const std::size_t length = std::size_t{in_.u16()} * 4;
  ByteSpan body = in_.bytes(length);
  if (!in_.ok()) return fail(RtcpError::truncated);
  if (first >> 6 != 2) return fail(RtcpError::bad_version);
  if ((first & 0x20U) != 0) {
    // Only the last packet of a compound may be padded (RFC 3550 §6.4.1).
    if (in_.remaining() > 0 || body.empty()) return fail(RtcpError::bad_padding);
    const std::size_t padding = body.back();
    if (padding == 0 || padding > body.size()) return fail(RtcpError::bad_padding);
    body = body.first(body.size() - padding);
  }
  const unsigned count = first & 0x1FU;
  std::optional<RtcpPacket> packet;
  switch (type) {
    case PacketType::sr: packet = parse_report(ByteReader{body}, count, true); break;
    case PacketType::rr: packet = parse_report(ByteReader{body}, count, false); break;
    case PacketType::sdes: packet = parse_sdes(ByteReader{body}, count); break;
    case PacketType::bye: packet = parse_bye(ByteReader{body}, count); break;
    case PacketType::rtpfb: packet = parse_feedback(ByteReader{body}, count); break;
    default: packet = UnknownRtcp{type, static_cast<std::uint8_t>(count)}; break;
  }
  return packet ? packet : fail(RtcpError::bad_content);
}

void write_sender_report(ByteWriter& out, Ssrc sender, const SenderInfo& info,
                         std::span<const ReportBlock> blocks) {
  write_header(out, blocks.size(), PacketType::sr, 28 + blocks.size() * kReportBlockBytes);
  out.u32(sender.value);
  out.u64(info.ntp.raw());
  out.u32(info.rtp_timestamp);
  out.u32(info.packets);
  out.u32(info.octets);
  write_blocks(out, blocks);
}

void write_receiver_report(ByteWriter& out, Ssrc sender, std::span<const ReportBlock> blocks) {
  write_header(out, blocks.size(), PacketType::rr, 8 + blocks.size() * kReportBlockBytes);
  out.u32(sender.value);
  write_blocks(out, blocks);
}

void write_cname(ByteWriter& out, const Cname& cname) {
  DC_CHECK(cname.name.size() <= kMaxText);
  // One chunk: SSRC, the item, and one to four zeros that end the list on a word.
  const std::size_t items = 2 + cname.name.size();
  const std::size_t padded = items / 4 * 4 + 4;
  write_header(out, 1, PacketType::sdes, 8 + padded);
  out.u32(cname.ssrc.value);
  out.u8(kSdesCname);
  out.u8(static_cast<std::uint8_t>(cname.name.size()));
  out.bytes(bytes_of(cname.name));
  out.zeros(padded - items);
}

void write_bye(ByteWriter& out, std::span<const Ssrc> ssrcs, std::string_view reason) {
  DC_CHECK(reason.size() <= kMaxText);
  const std::size_t text = reason.empty() ? 0 : (1 + reason.size() + 3) / 4 * 4;
  write_header(out, ssrcs.size(), PacketType::bye, 4 + ssrcs.size() * 4 + text);
  for (const Ssrc s : ssrcs) out.u32(s.value);
  if (reason.empty()) return;
  out.u8(static_cast<std::uint8_t>(reason.size()));
  out.bytes(bytes_of(reason));
  out.zeros(text - 1 - reason.size());
}

void write_nack(ByteWriter& out, Ssrc sender, Ssrc media, std::span<const SeqNo> lost) {
  DC_CHECK(!lost.empty());
  const std::size_t start = out.size();
  write_header(out, kNackFormat, PacketType::rtpfb, 12);  // length patched below
  out.u32(sender.value);
  out.u32(media.value);
  for (std::size_t i = 0; i < lost.size();) {
    const std::uint16_t pid = lost[i++].value;
    unsigned blp = 0;
    for (; i < lost.size(); ++i) {
      const auto ahead = static_cast<std::uint16_t>(lost[i].value - pid);
      if (ahead == 0) continue;
      if (ahead > 16) break;
      blp |= 1U << (ahead - 1);
    }
    out.u16(pid);
    out.u16(static_cast<std::uint16_t>(blp));
  }
  if (!out.ok()) return;
  out.patch_u16(start + 2, static_cast<std::uint16_t>((out.size() - start) / 4 - 1));
}

}  // namespace diemcau::wire
