// Media packets with symbol ids, and both ends of their repair, without a network between them.
#pragma once

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

#include "core/base/byte_writer.h"
#include "core/base/packet_pool.h"
#include "core/base/rng.h"
#include "core/repair/decoder.h"
#include "core/repair/sent_symbols.h"
#include "core/wire/repair.h"
#include "core/wire/rtp.h"

namespace diemcau::repair {

struct LinkOfRepair {
  PacketPool packets;
  SentSymbols sent{{packets, plain_kernel()}};
  Decoder decoder{packets, plain_kernel()};

  // A media packet of `size` bytes of which `elided` are not there.
  PacketRef media(PacketId id, std::size_t size, Rng& rng, std::size_t elided = 0,
                  std::uint8_t payload_type = wire::kVideoPayloadType) {
    PacketRef p = packets.take();
    ByteWriter out(p->buffer());
    wire::RtpHeader header;
    header.payload_type = payload_type;
    header.seq = seq_no_of(id);
    wire::RtpExtensions extensions;
    extensions.symbol_id = static_cast<std::uint16_t>(id);
    wire::write_rtp_header(out, header, extensions);
    while (out.size() + elided < size) out.u8(static_cast<std::uint8_t>(rng.below(256)));
    p->set_size(out.size(), elided);
    return p;
  }
  PacketRef send(Timestamp now, std::size_t size, Rng& rng, std::size_t elided = 0) {
    PacketRef p = media(sent.next(), size, rng, elided);
    sent.add(now, *p);
    return p;
  }
  Decoder::Added deliver(const PacketRef& payload) {
    const auto header = wire::parse_repair_header(payload->bytes());
    REQUIRE(header);
    return decoder.repair(header->first, *header, *payload, wire::kRepairHeaderBytes);
  }
};

inline bool same(const Packet& a, const Packet& b) {
  return a.present() == b.present() && a.elided() == b.elided() &&
         std::memcmp(a.data(), b.data(), a.present()) == 0;
}

}  // namespace diemcau::repair
