// What has left on one path and when: turns reports of arrivals (RFC 8888) into packets with both
// their times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/fetch.h"
#include "core/units/byte_count.h"
#include "core/units/ids.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"
#include "core/wire/ccfb.h"

namespace diemcau::rate {

struct ReportedPacket {
  Timestamp sent_at;
  Timestamp arrived_at;     // on the peer's clock, whose zero is unknown
  std::uint32_t order = 0;  // of sending on this path
  std::uint16_t size_bytes = 0;
  bool received = false;  // false: lost
  MediaKind media = MediaKind::video;
};

// Says of each packet once that it arrived, or that it is lost: told missing, or overtaken on a
// path that keeps order. A report about packets that were never sent, or long ago, says nothing.
// Bounded: kMaxStreams streams of kMostPackets. One thread at a time.
class SentLog {
 public:
  static constexpr std::size_t kMaxStreams = 8;
  static constexpr std::size_t kMostPackets =
      2'048;  // a round trip of 1 s at 2,000 packets a second

  // A stream is of one kind.
  void add(Timestamp now, Ssrc ssrc, SeqNo seq, std::uint16_t size_bytes, MediaKind media);
  // Replaces what is in `told`, in the order of sending. The memory is the caller's: all paths can
  // do with one.
  void take(const wire::Ccfb& report, std::vector<ReportedPacket>& told);
  // Whoever asks for a packet says that it is not in flight any more; whether it is lost, reports
  // say.
  void asked_for(Ssrc ssrc, SeqNo seq);
  // How long the peer held the newest packet of the last report back before it wrote it.
  Duration held_back() const { return held_back_; }
  ByteCount in_flight() const { return in_flight_; }
  // The oldest packet of a stream that nothing has been told of yet; none when all has been.
  std::optional<SeqNo> first_untold(Ssrc ssrc) const;
  // A packet will be added: what that reads.
  void fetch() const {
    for (const Stream& s : streams_) {
      const std::size_t next = static_cast<std::size_t>(s.next) & (s.records.size() - 1);
      diemcau::fetch(&s.records[next], sizeof(Record));
    }
  }

 private:
  enum class State : std::uint8_t { none, flying, asked_for, arrived, lost };
  struct Record {
    Timestamp sent_at;
    std::uint32_t order = 0;
    std::uint16_t size_bytes = 0;
    State state = State::none;
    bool open() const { return state == State::flying || state == State::asked_for; }
  };
  struct Stream {
    Ssrc ssrc;
    MediaKind media = MediaKind::video;
    PacketId next = 0;           // behind the newest that was sent
    PacketId oldest_flying = 0;  // nothing before it is in flight
    std::vector<Record> records;
    Record& record(PacketId id) {
      return records[static_cast<std::size_t>(id) & (records.size() - 1)];
    }
    bool holds(PacketId id) const {
      return id >= 0 && id < next && next - id <= static_cast<PacketId>(records.size());
    }
  };
  Stream* find(Ssrc ssrc);
  void grow(Stream& stream);
  void land(Record& record, State state);
  void settle_overtaken(std::vector<ReportedPacket>& told);

  std::vector<Stream> streams_;
  Unwrapper<std::uint32_t> report_time_;
  Duration held_back_{};
  std::optional<Timestamp> newest_arrived_;  // when the newest that arrived was sent
  ByteCount in_flight_;
  std::uint32_t next_order_ = 0;
};

}  // namespace diemcau::rate
