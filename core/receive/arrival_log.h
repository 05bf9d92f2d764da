// What arrived on one path, stream by stream, and when: the memory behind congestion feedback
// (RFC 8888).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "core/base/byte_writer.h"
#include "core/base/fetch.h"
#include "core/units/ids.h"
#include "core/units/ntp_time.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"
#include "core/wire/ccfb.h"

namespace diemcau::receive {

// Tells of each packet once, or in kMostTold reports where reports get lost as well (RFC 8888 §3.1
// allows overlap), and of a missing one as not received when something after it came. A packet that
// comes after it was told missing makes the next report go back to it, unless it is more than
// kFirstWindow packets late. Bounded: kMaxStreams streams of kWindow packets. One thread at a time.
class ArrivalLog {
 public:
  static constexpr std::size_t kMaxStreams = 16;
  static constexpr std::size_t kWindow = 1'024;    // 1.5 s at 700 packets a second
  static constexpr std::size_t kFirstWindow = 64;  // as long as reports keep up
  static constexpr Duration kInterval = 40ms;
  static constexpr Duration kThinInterval = 100ms;
  static constexpr std::size_t kMostTold = 3;
  static constexpr Duration kSilence = 150ms;  // sound comes every 20
  // A datagram of ours with room for its seal and for a receiver report in front.
  static constexpr std::size_t kReportBytes = 1'024;

  struct Arrival {
    PacketId id = 0;
    bool fresh = false;  // false: a duplicate, or older than the window
  };
  // None when there are too many streams already.
  std::optional<Arrival> add(Timestamp received_at, Ssrc ssrc, SeqNo seq, std::uint8_t ecn = 0);
  // A packet is near: what add() will touch.
  void fetch(Ssrc ssrc) const {
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      if (ssrcs_[i] != ssrc) continue;
      const Stream& s = streams_[i];
      const auto next = static_cast<std::size_t>(s.highest + 1) & (s.records.size() - 1);
      diemcau::fetch(&s.records[next], sizeof(Record));
    }
  }
  void clear();
  // Whether what we send to the peer is lost now and then.
  void set_reports_get_lost(bool lost) { reports_get_lost_ = lost; }
  // Reports of many on a thin line take more of it than sound can spare (RFC 8888 §5).
  void set_thin(bool thin) { thin_ = thin; }

  // When a report is due; none while there is nothing new. Behind a silence at once: until then
  // the sender sends no pictures.
  std::optional<Timestamp> deadline() const {
    if (!oldest_untold_) return std::nullopt;
    return *oldest_untold_ + (at_once_ ? Duration{} : thin_ ? kThinInterval : kInterval);
  }
  // Writes one report, due or not; false, and nothing written, when there is nothing to say or no
  // room. Call again until false: a burst may need more than one.
  bool write_report(ByteWriter& out, Timestamp now, NtpTime wall, Ssrc sender);

 private:
  // When a packet came and its ECN bits, in one word: there are hundreds for each stream of each
  // peer.
  class Record {
   public:
    Record() = default;
    Record(Timestamp received_at, std::uint8_t ecn) : word_(to_ns(received_at) * 4 + (ecn & 3U)) {}
    bool arrived() const { return word_ != kNever; }
    Timestamp received_at() const { return timestamp_from_ns(word_ >> 2); }
    std::uint8_t ecn() const { return static_cast<std::uint8_t>(word_ & 3); }

   private:
    static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
    std::int64_t word_ = kNever;
  };
  struct Stream {
    Ssrc ssrc;
    SeqUnwrapper unwrapper;
    bool begun = false;
    PacketId highest = 0;
    PacketId untold = 0;                          // the first that no report has spoken of
    std::array<PacketId, kMostTold - 1> began{};  // where the last reports began, the newest first
    std::vector<Record> records;                  // a power of two, of the ids up to `highest`
    PacketId window() const { return static_cast<PacketId>(records.size()); }
    Record& record(PacketId id) {
      return records[static_cast<std::size_t>(id) & (records.size() - 1)];
    }
  };
  static void grow(Stream& stream, PacketId up_to);
  Stream* stream_of(Ssrc ssrc);
  std::size_t gather(Stream& stream, Timestamp now, std::size_t room);

  std::vector<Stream> streams_;            // in the order of their first packets
  std::array<Ssrc, kMaxStreams> ssrcs_{};  // theirs, side by side: every packet looks for its own
  std::vector<wire::CcfbPacket> packets_;
  std::vector<wire::CcfbStream> blocks_;
  std::optional<Timestamp> oldest_untold_, newest_at_;
  bool at_once_ = false;
  bool reports_get_lost_ = false, thin_ = false;
};

}  // namespace diemcau::receive
