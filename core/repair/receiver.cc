// Ids into order, packets into equations.
#include "core/repair/receiver.h"

#include "core/wire/repair.h"

namespace diemcau::repair {

namespace {
constexpr Duration kKeepAfterLoss = 10s;
}

void Receiver::restart() {
  decoder_.forget();
  missing_.restart();
  unwrapper_.reset();
  keep_until_.reset();
}

void Receiver::exists(Timestamp now, PacketId up_to, std::optional<Duration> round_trip) {
  missing_.exists(now, up_to, round_trip);
  if (missing_.oldest()) keep_until_ = now + kKeepAfterLoss;
}

Receiver::Arrival Receiver::media_arrived(Timestamp now, std::uint16_t symbol,
                                          const PacketRef& packet,
                                          std::optional<Duration> round_trip) {
  Arrival a;
  a.id = unwrapper_.unwrap(symbol);
  exists(now, a.id - 1, round_trip);  // itself, it is not missing
  missing_.arrived(now, a.id, false);
  a.repaired_before = decoder_.is_known(a.id);
  if (keep_until_) decoder_.known(a.id, packet);
  return a;
}

bool Receiver::repair_arrived(Timestamp now, const wire::RtpPacket& rtp, const PacketRef& packet,
                              std::optional<Duration> round_trip) {
  const auto header = wire::parse_repair_header(packet->bytes().subspan(rtp.payload_offset));
  if (!header) return false;
  const PacketId first = unwrapper_.peek(header->first);
  const PacketId last = first + header->count - 1;
  // A link begins with media.
  if (!missing_.begun() || last > missing_.newest() + Missing::kMostGap) return false;
  figures_.bytes += packet->wire_size();
  if (packet->wire_size() == rtp.payload_offset + wire::kRepairHeaderBytes) {
    missing_.refused(first, last);
    return true;
  }
  ++(header->count == 1 ? figures_.repeated : figures_.coded);
  keep_until_ = now + kKeepAfterLoss;
  if (header->count == 1) missing_.answered(now, first);
  const auto added =
      decoder_.repair(first, *header, *packet, rtp.payload_offset + wire::kRepairHeaderBytes);
  if (added == Decoder::Added::refused) return false;
  if (added == Decoder::Added::useless) ++figures_.useless;
  if (last > missing_.newest()) static_cast<void>(unwrapper_.unwrap(seq_no_of(last).value));
  exists(now, last, round_trip);
  if (header->count > 1) missing_.still_missing(now, first, last, rtp.header.marker);
  return true;
}

std::optional<Decoder::Recovered> Receiver::poll(Timestamp now) {
  auto recovered = decoder_.poll();
  if (recovered) {
    ++figures_.recovered;
    missing_.arrived(now, recovered->id, true);
  }
  return recovered;
}

void Receiver::time_passed(Timestamp now) {
  missing_.time_passed(now);
  if (keep_until_ && now >= *keep_until_) {
    keep_until_.reset();
    decoder_.forget();
  }
}

}  // namespace diemcau::repair
