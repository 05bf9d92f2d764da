// A window of arrivals per stream; a report takes from each what it has not told yet.
#include "core/receive/arrival_log.h"

#include <algorithm>
#include <bit>

namespace diemcau::receive {

namespace {
constexpr auto kMostIds = static_cast<PacketId>(ArrivalLog::kWindow);

// RFC 8888 §3.1: in 1/1,024 s, 0x1FFE when it is longer ago.
std::uint16_t offset_of(Duration before_report) {
  if (before_report >= 8s) return wire::kArrivalOverRange;
  const std::int64_t units =
      std::max<std::int64_t>(before_report.count(), 0) * 1'024 / 1'000'000'000;
  return static_cast<std::uint16_t>(std::min<std::int64_t>(units, wire::kArrivalOverRange));
}
}  // namespace

ArrivalLog::Stream* ArrivalLog::stream_of(Ssrc ssrc) {
  const auto known = ssrcs_.begin() + static_cast<std::ptrdiff_t>(streams_.size());
  const auto found = std::find(ssrcs_.begin(), known, ssrc);
  if (found != known) return &streams_[static_cast<std::size_t>(found - ssrcs_.begin())];
  if (streams_.size() == kMaxStreams) return nullptr;
  *known = ssrc;
  Stream& s = streams_.emplace_back();
  s.ssrc = ssrc;
  s.records.resize(kFirstWindow);
  return &s;
}

// Room for all that has not been told yet, as far as kWindow goes.
void ArrivalLog::grow(Stream& stream, PacketId up_to) {
  const PacketId needed = std::min(up_to - stream.untold + 1, kMostIds);
  if (needed <= stream.window()) return;
  std::vector<Record> longer(std::bit_ceil(static_cast<std::size_t>(needed)));
  const PacketId first = std::max<PacketId>(0, stream.highest - stream.window() + 1);
  for (PacketId id = first; id <= stream.highest; ++id)
    longer[static_cast<std::size_t>(id) & (longer.size() - 1)] = stream.record(id);
  stream.records = std::move(longer);
}

std::optional<ArrivalLog::Arrival> ArrivalLog::add(Timestamp received_at, Ssrc ssrc, SeqNo seq,
                                                   std::uint8_t ecn) {
  Stream* s = stream_of(ssrc);
  if (s == nullptr) return std::nullopt;
  PacketId id = s->unwrapper.peek(seq);
  if (!s->begun) {
    s->begun = true;
    id = s->unwrapper.unwrap(seq);
    s->highest = s->untold = id;
    s->began.fill(id);
  } else if (id > s->highest) {
    s->unwrapper.unwrap(seq);
    if (id - s->untold >= s->window()) grow(*s, id);
    for (PacketId gap = std::max(s->highest, id - s->window()) + 1; gap < id; ++gap)
      s->record(gap) = Record{};
    s->record(id) = Record{};
    s->highest = id;
    s->untold = std::max(s->untold, id - s->window() + 1);
  } else if (id < 0 || id <= s->highest - s->window()) {
    return Arrival{id, false};
  }
  Record& record = s->record(id);
  if (record.arrived()) return Arrival{id, false};
  record = Record{received_at, ecn};
  s->untold = std::min(s->untold, id);
  if (!oldest_untold_) {
    oldest_untold_ = received_at;
    at_once_ = newest_at_ && received_at - *newest_at_ >= kSilence;
  }
  newest_at_ = std::max(newest_at_.value_or(received_at), received_at);
  return Arrival{id, true};
}

void ArrivalLog::clear() {
  streams_.clear();
  oldest_untold_.reset();
  newest_at_.reset();
}

// Appends what fits of one stream to packets_; gives the bytes that it takes in the report.
std::size_t ArrivalLog::gather(Stream& stream, Timestamp now, std::size_t room) {
  if (stream.untold > stream.highest || room < wire::ccfb_stream_size(1)) return 0;
  const std::size_t most = (room - wire::ccfb_stream_size(0)) / 4 * 2;
  const auto length = [&](PacketId from) {
    return static_cast<std::size_t>(stream.highest - from + 1);
  };
  // What has been told before goes first, if there is room.
  PacketId begin = stream.untold;
  if (reports_get_lost_)
    begin = std::max(std::min(stream.began.back(), begin), stream.highest - stream.window() + 1);
  if (length(begin) > most) begin = stream.untold;
  const std::size_t count = std::min(length(begin), most);
  const std::size_t first = packets_.size();
  for (std::size_t i = 0; i < count; ++i) {
    const PacketId id = begin + static_cast<PacketId>(i);
    const Record& record = stream.record(id);
    wire::CcfbPacket packet;
    if (record.arrived()) packet = {true, record.ecn(), offset_of(now - record.received_at())};
    packets_.push_back(packet);
  }
  blocks_.push_back({stream.ssrc, seq_no_of(begin),
                     std::span<const wire::CcfbPacket>(packets_).subspan(first, count)});
  std::move_backward(stream.began.begin(), stream.began.end() - 1, stream.began.end());
  stream.began.front() = stream.untold;
  stream.untold = begin + static_cast<PacketId>(count);
  return wire::ccfb_stream_size(count);
}

bool ArrivalLog::write_report(ByteWriter& out, Timestamp now, NtpTime wall, Ssrc sender) {
  if (!oldest_untold_) return false;
  const std::size_t most = std::min(out.room(), kReportBytes);
  if (most < wire::kCcfbFixedBytes + wire::ccfb_stream_size(1)) return false;
  std::size_t room = most - wire::kCcfbFixedBytes;
  packets_.clear();
  blocks_.clear();
  packets_.reserve(kReportBytes / 2);  // the blocks point into it
  blocks_.reserve(kMaxStreams);
  bool all = true;
  for (Stream& stream : streams_) {
    room -= gather(stream, now, room);
    all = all && stream.untold > stream.highest;
  }
  if (all) oldest_untold_.reset();
  if (blocks_.empty()) return false;
  wire::write_ccfb(out, sender, blocks_, wall.compact());
  return out.ok();
}

}  // namespace diemcau::receive
