// RTCP packets: reports, CNAME, BYE (RFC 3550 §6), generic NACK (RFC 4585 §6.2.1) and CCFB
// (RFC 8888), compound or reduced-size (RFC 5506).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "core/base/byte_reader.h"
#include "core/base/byte_writer.h"
#include "core/units/ids.h"
#include "core/units/ntp_time.h"
#include "core/units/seq_no.h"
#include "core/wire/ccfb.h"

namespace diemcau::wire {

struct ReportBlock {
  Ssrc ssrc;
  std::uint8_t fraction_lost = 0;    // of 256, since the last report
  std::int32_t cumulative_lost = 0;  // 24 bits, signed
  std::uint32_t highest_seq = 0;     // extended by cycles
  std::uint32_t jitter = 0;          // in timestamp units
  std::uint32_t last_sr = 0;         // compact NTP
  std::uint32_t since_last_sr = 0;   // 1/65,536 s
  constexpr bool operator==(const ReportBlock&) const = default;
};

constexpr std::size_t kReportBlockBytes = 24;
constexpr std::size_t kMaxReportBlocks = 31;  // the 5-bit count

// Views into the datagram: valid while it is.
class ReportBlocks {
 public:
  explicit ReportBlocks(ByteSpan bytes = {}) : bytes_(bytes) {}
  std::size_t size() const { return bytes_.size() / kReportBlockBytes; }
  ReportBlock operator[](std::size_t i) const;

 private:
  ByteSpan bytes_;
};

struct SenderInfo {
  NtpTime ntp;
  std::uint32_t rtp_timestamp = 0;  // of the same instant
  std::uint32_t packets = 0;
  std::uint32_t octets = 0;
  constexpr bool operator==(const SenderInfo&) const = default;
};

struct SenderReport {
  Ssrc sender;
  SenderInfo info;
  ReportBlocks blocks;
};

struct ReceiverReport {
  Ssrc sender;
  ReportBlocks blocks;
};

struct Cname {
  Ssrc ssrc;
  std::string_view name;  // ≤ 255 bytes
};

struct SourceDescription {
  ByteSpan chunks;  // checked
  // f(const Cname&) for each chunk that has one.
  template <typename F>
  void for_each_cname(F&& f) const {
    ByteReader in(chunks);
    while (in.remaining() > 0) {
      const std::optional<Cname> cname = read_chunk(in);
      if (!in.ok()) return;
      if (cname) f(*cname);
    }
  }
  // Moves `in` over one chunk and its padding; not ok() when it is cut short.
  static std::optional<Cname> read_chunk(ByteReader& in);
};

struct Bye {
  ByteSpan ssrcs;
  std::string_view reason;  // ≤ 255 bytes
  std::size_t size() const { return ssrcs.size() / 4; }
  Ssrc operator[](std::size_t i) const { return Ssrc{ByteReader{ssrcs.subspan(4 * i)}.u32()}; }
};

struct Nack {
  Ssrc sender;
  Ssrc media;
  ByteSpan items;  // pairs of PID and BLP
  // f(SeqNo) for each packet asked for.
  template <typename F>
  void for_each(F&& f) const {
    ByteReader in(items);
    while (in.remaining() >= 4) {
      const std::uint16_t pid = in.u16();
      const std::uint32_t blp = in.u16();
      f(SeqNo{pid});
      for (unsigned i = 0; i < 16; ++i) {
        if ((blp >> i & 1U) != 0) f(SeqNo{static_cast<std::uint16_t>(pid + 1 + i)});
      }
    }
  }
};

// A type that we do not know; skipped, never an error (N and N−1 talk).
struct UnknownRtcp {
  std::uint8_t packet_type = 0;
  std::uint8_t count_or_format = 0;
};

using RtcpPacket =
    std::variant<SenderReport, ReceiverReport, SourceDescription, Bye, Nack, Ccfb, UnknownRtcp>;

enum class RtcpError : std::uint8_t { truncated, bad_version, bad_padding, bad_content };

// Walks the packets of one datagram without allocation. One thread at a time.
class RtcpReader {
 public:
  explicit RtcpReader(ByteSpan datagram) : in_(datagram) {}
  // Nothing at the end or after an error; call again until then.
  std::optional<RtcpPacket> next();
  std::optional<RtcpError> error() const { return error_; }

 private:
  std::optional<RtcpPacket> fail(RtcpError e) {
    error_ = e;
    return std::nullopt;
  }
  ByteReader in_;
  std::optional<RtcpError> error_;
};

// Each writes one packet; several in a row make a compound packet.
void write_sender_report(ByteWriter& out, Ssrc sender, const SenderInfo& info,
                         std::span<const ReportBlock> blocks);
void write_receiver_report(ByteWriter& out, Ssrc sender, std::span<const ReportBlock> blocks);
void write_cname(ByteWriter& out, const Cname& cname);
void write_bye(ByteWriter& out, std::span<const Ssrc> ssrcs, std::string_view reason);
// `lost` in sending order; runs within 17 share one item.
void write_nack(ByteWriter& out, Ssrc sender, Ssrc media, std::span<const SeqNo> lost);

}  // namespace diemcau::wire
