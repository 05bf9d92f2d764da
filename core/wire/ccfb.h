// Congestion control feedback (RFC 8888): which packets of which streams arrived, when and with
// which ECN mark.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/byte_reader.h"
#include "core/base/byte_writer.h"
#include "core/units/ids.h"
#include "core/units/seq_no.h"

namespace diemcau::wire {

constexpr std::uint16_t kArrivalOverRange = 0x1FFE;    // RFC 8888 §3.1: 8,189/1,024 s or earlier
constexpr std::uint16_t kArrivalUnavailable = 0x1FFF;  // RFC 8888 §3.1

// One packet as its receiver saw it. The offset is how long before the report timestamp it came, in
// 1/1,024 s; it and the mark mean nothing when not received (they are 0 on the wire).
struct CcfbPacket {
  bool received = false;
  std::uint8_t ecn = 0;              // 2 bits, RFC 3168
  std::uint16_t arrival_offset = 0;  // 13 bits
  constexpr bool operator==(const CcfbPacket&) const = default;
};

// Packets from `begin` on, without gaps.
struct CcfbStream {
  Ssrc ssrc;
  SeqNo begin;
  std::span<const CcfbPacket> packets;
};

// RFC 8888 §3.1 allows 16,384 packets per stream; a datagram of ours holds under 600.
constexpr std::size_t kMaxCcfbPackets = 16'384;
// 11 peers have 5 streams each at most on one path; more is not from us.
constexpr std::size_t kMaxCcfbStreams = 64;

constexpr std::size_t ccfb_stream_size(std::size_t packets) {
  return 8 + (packets * 2 + 3) / 4 * 4;
}
// Header, sender and report timestamp; plus ccfb_stream_size() for each stream.
constexpr std::size_t kCcfbFixedBytes = 12;

// `report_timestamp` is NtpTime::compact(). The writer fails when it has no room.
void write_ccfb(ByteWriter& out, Ssrc sender, std::span<const CcfbStream> streams,
                std::uint32_t report_timestamp);

// A view into a datagram that RtcpReader checked; valid while the datagram is.
class CcfbStreamView {
 public:
  CcfbStreamView(Ssrc ssrc, SeqNo begin, ByteSpan reports)
      : ssrc_(ssrc), begin_(begin), reports_(reports) {}
  Ssrc ssrc() const { return ssrc_; }
  SeqNo begin() const { return begin_; }
  std::size_t size() const { return reports_.size() / 2; }
  CcfbPacket operator[](std::size_t i) const {
    const auto word = static_cast<std::uint16_t>(reports_[2 * i] << 8 | reports_[2 * i + 1]);
    if ((word & 0x8000U) == 0) return {};
    return {true, static_cast<std::uint8_t>(word >> 13 & 3U),
            static_cast<std::uint16_t>(word & 0x1FFFU)};
  }
  SeqNo seq(std::size_t i) const { return SeqNo{static_cast<std::uint16_t>(begin_.value + i)}; }

 private:
  Ssrc ssrc_;
  SeqNo begin_;
  ByteSpan reports_;
};

struct Ccfb {
  Ssrc sender;
  std::uint32_t report_timestamp = 0;
  ByteSpan blocks;  // checked: whole streams, at most kMaxCcfbStreams

  // f(const CcfbStreamView&), in the order of the report.
  template <typename F>
  void for_each_stream(F&& f) const {
    ByteReader in(blocks);
    while (in.remaining() > 0) {
      const Ssrc ssrc{in.u32()};
      const SeqNo begin{in.u16()};
      const std::size_t count = in.u16();
      const ByteSpan reports = in.bytes(count * 2);
      if (count % 2 != 0) in.skip(2);
      if (!in.ok()) return;
      f(CcfbStreamView{ssrc, begin, reports});
    }
  }
};

// Whether `blocks` is a sequence of whole stream blocks within the caps.
bool ccfb_blocks_are_whole(ByteSpan blocks);

}  // namespace diemcau::wire
