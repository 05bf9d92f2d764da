// Writing and checking RFC 8888 reports.
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7
//  |V=2|P| FMT=11  |   PT = 205    |          length               |
//  |                 SSRC of RTCP packet sender                    |
//  |                   SSRC of 1st RTP stream                      |
//  |          begin_seq            |          num_reports          |
//  |R|ECN|  Arrival time offset    | …                             |
//  |                        Report timestamp (32 bits)             |
#include "core/wire/ccfb.h"

#include "core/base/check.h"

namespace diemcau::wire {

void write_ccfb(ByteWriter& out, Ssrc sender, std::span<const CcfbStream> streams,
                std::uint32_t report_timestamp) {
  DC_CHECK(streams.size() <= kMaxCcfbStreams);
  std::size_t bytes = kCcfbFixedBytes;
  for (const CcfbStream& s : streams) {
    DC_CHECK(s.packets.size() <= kMaxCcfbPackets);
    bytes += ccfb_stream_size(s.packets.size());
  }
  DC_CHECK(bytes / 4 - 1 <= 0xFFFF);
  out.u8(0x80 | 11);
  out.u8(205);
  out.u16(static_cast<std::uint16_t>(bytes / 4 - 1));
  out.u32(sender.value);
  for (const CcfbStream& s : streams) {
    out.u32(s.ssrc.value);
    out.u16(s.begin.value);
    out.u16(static_cast<std::uint16_t>(s.packets.size()));
    for (const CcfbPacket& p : s.packets) {
      const unsigned word = 0x8000U | (p.ecn & 3U) << 13 | (p.arrival_offset & 0x1FFFU);
      out.u16(static_cast<std::uint16_t>(p.received ? word : 0U));
    }
    if (s.packets.size() % 2 != 0) out.zeros(2);
  }
  out.u32(report_timestamp);
}

bool ccfb_blocks_are_whole(ByteSpan blocks) {
  ByteReader in(blocks);
  std::size_t streams = 0;
  while (in.remaining() > 0) {
    in.skip(6);
    const std::size_t count = in.u16();
    in.skip((count * 2 + 3) / 4 * 4);
    if (!in.ok() || count > kMaxCcfbPackets || ++streams > kMaxCcfbStreams) return false;
  }
  return true;
}

}  // namespace diemcau::wire
