// What arrived on one path, stream by stream, and when: the memory behind congestion feedback
// (RFC 8888).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/byte_writer.h"
#include "core/units/ids.h"
#include "core/units/ntp_time.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"
#include "core/wire/ccfb.h"

namespace diemcau::receive {

// Reports each packet once as received, and a missing one as not received when something after it
// came. A packet that comes later than its report is reported by going back to it (RFC 8888 §3.1
// allows overlap). Bounded: kMaxStreams streams of kWindow packets. One thread at a time.
class ArrivalLog {
 public:
  static constexpr std::size_t kMaxStreams = 16;
  static constexpr std::size_t kWindow = 1'024;  // 1.5 s at 700 packets a second
  static constexpr Duration kInterval = 50ms;
  static constexpr std::size_t kReportBytes = 1'150;  // a datagram, with room for an RR before it

  struct Arrival {
    PacketId id = 0;
    bool fresh = false;  // false: a duplicate, or older than the window
  };
  // None when there are too many streams: counted by the caller, not ours to keep.
  std::optional<Arrival> add(Timestamp received_at, Ssrc ssrc, SeqNo seq, std::uint8_t ecn = 0);
  void forget(Ssrc ssrc);
  void clear();

  // When a report is due; none while nothing new has come.
  std::optional<Timestamp> deadline() const;
  // One report of at most kReportBytes; false (nothing written) when there is nothing to say. Call
  // again until false: a burst may need more than one.
  bool write_report(ByteWriter& out, Timestamp now, NtpTime wall, Ssrc sender);

 private:
  struct Record {
    PacketId id = -1;
    Timestamp received_at;
    std::uint8_t ecn = 0;
  };
  struct Stream {
    Ssrc ssrc;
    SeqUnwrapper unwrapper;
    PacketId first = 0;  // oldest that ever counted
    PacketId highest = -1;
    PacketId unreported = 0;  // first that no report has told as received, or as lost
    std::array<Record, kWindow> records;
  };
  Stream* find(Ssrc ssrc);
  std::size_t collect(Stream& stream, Timestamp now, std::size_t room);

  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<wire::CcfbPacket> packets_;
  std::vector<wire::CcfbStream> blocks_;
  std::optional<Timestamp> oldest_unreported_;
  std::optional<Timestamp> reported_at_;
};

}  // namespace diemcau::receive
