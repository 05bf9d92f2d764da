// One ring per stream, as long as what is in flight needs.
#include "core/rate/sent_log.h"

#include <algorithm>

namespace diemcau::rate {

namespace {
constexpr std::size_t kFirstSize = 32;
// Longer than any reordering that a line of ours does; a report of RFC 8888 speaks of a missing
// packet only when one of its own stream came after it, and the last of a picture has none.
constexpr Duration kOvertaken = 60ms;

Timestamp time_of(std::int64_t ntp_units) {
  // 1/65,536 s; the product fits for 100,000 years.
  return timestamp_from_ns(ntp_units / 65'536 * 1'000'000'000 +
                           ntp_units % 65'536 * 1'000'000'000 / 65'536);
}
constexpr Duration offset_of(std::uint16_t units) {
  return Duration{std::int64_t{units} * 1'000'000'000 / 1'024};
}
}  // namespace

SentLog::Stream* SentLog::find(Ssrc ssrc) {
  for (Stream& s : streams_) {
    if (s.ssrc == ssrc) return &s;
  }
  return nullptr;
}

std::optional<SeqNo> SentLog::first_untold(Ssrc ssrc) const {
  for (const Stream& s : streams_) {
    if (s.ssrc == ssrc && s.oldest_flying < s.next) return seq_no_of(s.oldest_flying);
  }
  return std::nullopt;
}

void SentLog::grow(Stream& stream) {
  std::vector<Record> bigger(stream.records.size() * 2);
  for (PacketId id =
           std::max<PacketId>(0, stream.next - static_cast<PacketId>(stream.records.size()));
       id < stream.next; ++id) {
    bigger[static_cast<std::size_t>(id) & (bigger.size() - 1)] = stream.record(id);
  }
  stream.records = std::move(bigger);
}

void SentLog::add(Timestamp now, Ssrc ssrc, SeqNo seq, std::uint16_t size_bytes, MediaKind media) {
  Stream* s = find(ssrc);
  if (s == nullptr) {
    if (streams_.size() == kMaxStreams) return;
    s = &streams_.emplace_back();
    s->ssrc = ssrc;
    s->media = media;
    s->records.resize(kFirstSize);
    s->next = s->oldest_flying = seq.value;
  }
  const auto flying = static_cast<std::size_t>(s->next - s->oldest_flying);
  if (flying == s->records.size() && flying < kMostPackets) grow(*s);
  Record& record = s->record(s->next);
  if (record.open()) land(record, State::lost);  // too long ago to be told of
  record = Record{now, next_order_++, size_bytes, State::flying};
  in_flight_ += ByteCount::bytes(size_bytes);
  ++s->next;
  s->oldest_flying = std::max(s->oldest_flying, s->next - static_cast<PacketId>(s->records.size()));
  diemcau::fetch(&s->record(s->next), sizeof(Record));
}

void SentLog::land(Record& record, State state) {
  if (record.state == State::flying) in_flight_ -= ByteCount::bytes(record.size_bytes);
  record.state = state;
}

void SentLog::asked_for(Ssrc ssrc, SeqNo seq) {
  Stream* s = find(ssrc);
  if (s == nullptr) return;
  const PacketId id = s->next - static_cast<std::uint16_t>(seq_no_of(s->next).value - seq.value);
  if (id == s->next || !s->holds(id)) return;
  Record& record = s->record(id);
  if (record.state == State::flying) land(record, State::asked_for);
}

void SentLog::take(const wire::Ccfb& report, std::vector<ReportedPacket>& told) {
  told.clear();
  const Timestamp written_at = time_of(report_time_.unwrap(report.report_timestamp));
  report.for_each_stream([&](const wire::CcfbStreamView& view) {
    Stream* s = find(view.ssrc());
    if (s == nullptr) return;
    for (std::size_t i = 0; i < view.size(); ++i) {
      const auto behind = static_cast<std::uint16_t>(seq_no_of(s->next).value - view.seq(i).value);
      const PacketId id = s->next - behind;
      if (behind == 0 || !s->holds(id)) continue;
      Record& record = s->record(id);
      const wire::CcfbPacket packet = view[i];
      if (packet.received ? record.state == State::arrived || record.state == State::none
                          : !record.open())
        continue;
      ReportedPacket one{record.sent_at,  {},      record.order, record.size_bytes,
                         packet.received, s->media};
      if (packet.received) {
        // Its time is unknown when it came more than eight seconds ago; then it is no measurement.
        land(record, State::arrived);
        if (packet.arrival_offset >= wire::kArrivalOverRange) continue;
        one.arrived_at = written_at - offset_of(packet.arrival_offset);
        if (!newest_arrived_ || one.sent_at > *newest_arrived_) {
          newest_arrived_ = one.sent_at;
          held_back_ = offset_of(packet.arrival_offset);
        }
      } else {
        land(record, State::lost);
      }
      told.push_back(one);
    }
  });
  settle_overtaken(told);
  std::sort(told.begin(), told.end(),
            [](const ReportedPacket& a, const ReportedPacket& b) { return a.order < b.order; });
}

void SentLog::settle_overtaken(std::vector<ReportedPacket>& told) {
  if (!newest_arrived_) return;
  for (Stream& s : streams_) {
    for (; s.oldest_flying < s.next; ++s.oldest_flying) {
      Record& record = s.record(s.oldest_flying);
      if (!record.open()) continue;
      if (*newest_arrived_ - record.sent_at < kOvertaken) break;
      told.push_back({record.sent_at, {}, record.order, record.size_bytes, false, s.media});
      land(record, State::lost);
    }
  }
}

}  // namespace diemcau::rate
