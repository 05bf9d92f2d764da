// Any order of any packets: frames leave in order, nothing is held without bound, and time ends
// every wait.
#include <algorithm>
#include <cstdint>

#include "core/base/byte_reader.h"
#include "core/base/check.h"
#include "core/receive/assembly.h"

using namespace diemcau;
using namespace diemcau::receive;

namespace {

// Eight bytes a packet: sequence number, frame number, flags, needs, time since the last one,
// payload.
wire::RtpPacket packet_from(ByteReader& in, Packet& out, SeqNo& seq, Duration& later) {
  wire::RtpPacket rtp;
  seq = SeqNo{in.u16()};
  wire::FrameDescriptor d;
  d.frame_number = in.u16();
  const unsigned flags = in.u8();
  d.start = (flags & 1U) != 0;
  d.end = (flags & 2U) != 0;
  d.key = (flags & 4U) != 0;
  d.temporal_id = static_cast<std::uint8_t>(flags >> 3 & 1U);
  d.newest_needed_diff = d.key ? std::uint8_t{0} : std::max<std::uint8_t>(in.u8(), 1);
  d.oldest_needed_diff = d.newest_needed_diff;
  later = in.u8() * Duration{1ms};
  const std::size_t size = in.u8() % 64;
  const ByteSpan payload = in.bytes(std::min(size, in.remaining()));
  rtp.extensions.frame_descriptor = d;
  rtp.payload_size = payload.size();
  std::copy(payload.begin(), payload.end(), out.data());
  out.set_size(payload.size(), (flags & 16U) != 0 ? 1'000 : 0);
  return rtp;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static PacketPool packets;
  static FramePool frames;
  ByteReader in({data, std::min<std::size_t>(size, 32'768)});
  Assembly assembly(frames);
  SeqUnwrapper unwrapper;
  Timestamp now = timestamp_from_ns(1'000'000'000);
  std::int64_t last = -1;
  const auto drain = [&] {
    while (auto frame = assembly.poll()) {
      DC_CHECK(frame->frame_number > last || frame->key);
      DC_CHECK(frame->frame->bytes.size() <= wire::kMaxAccessUnitBytes);
      last = frame->frame_number;
    }
  };
  while (in.remaining() >= 8) {
    PacketRef packet = packets.take();
    SeqNo seq;
    Duration later{};
    const wire::RtpPacket rtp = packet_from(in, *packet, seq, later);
    now += later;
    assembly.time_passed(now);
    assembly.insert(now, unwrapper.unwrap(seq), rtp, std::move(packet));
    drain();
    static_cast<void>(assembly.take_loss(now, 100ms));
    DC_CHECK(packets.in_use() <= 512);
    if (const auto due = assembly.deadline()) DC_CHECK(*due > now);
  }
  assembly.time_passed(now + 10s);
  drain();
  DC_CHECK(!assembly.deadline());
  return 0;
}
