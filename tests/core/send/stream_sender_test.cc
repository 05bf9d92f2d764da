#include "core/send/stream_sender.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "core/send/packetizer.h"
#include "core/wire/rtp.h"

using namespace diemcau;
using namespace diemcau::send;

namespace {

constexpr NtpTime kCaptured = NtpTime::from_raw(0x1234'5678'9ABC'DEF0);

struct Stage {
  PacketPool pool;
  Rng rng{1};
  StreamSender sender{Ssrc{0xABCD}, rng};
  Packetizer packetizer{pool};

  wire::RtpPacket send(const OutgoingPacket& packet, Packet& out) {
    sender.write(packet, out);
    const auto parsed = wire::parse_rtp(out.bytes());
    REQUIRE(parsed);
    return *parsed;
  }
};

}  // namespace

TEST_CASE("sequence numbers follow each other in the order of leaving") {
  Stage s;
  const std::vector<std::uint32_t> sizes = {4'000};
  VideoFrameInfo info;
  info.key = true;
  const auto packets = s.packetizer.video(info, sizes, {});
  PacketRef out = s.pool.take();
  SeqNo expected = s.send(packets[2], *out).header.seq;
  for (const std::size_t i : {0U, 3U, 1U}) {
    expected = expected.next();
    CHECK(s.send(packets[i], *out).header.seq == expected);
  }
}

TEST_CASE("every video packet carries the descriptor, the first one of a frame its capture time") {
  Stage s;
  VideoFrameInfo info;
  info.captured = kCaptured;
  info.frame_number = 77;
  info.key = true;
  const std::vector<std::uint32_t> sizes = {3'000};
  PacketRef out = s.pool.take();
  for (const auto& p : s.packetizer.video(info, sizes, {})) {
    const auto rtp = s.send(p, *out);
    CHECK(rtp.extensions.frame_descriptor == p.descriptor);
    CHECK(rtp.extensions.absolute_capture.has_value() == p.descriptor.start);
    if (p.descriptor.start) CHECK(rtp.extensions.absolute_capture->captured == kCaptured);
    CHECK_FALSE(rtp.extensions.audio_level);
    CHECK(rtp.header.marker == p.descriptor.end);
    CHECK(rtp.header.payload_type == wire::kVideoPayloadType);
    CHECK(out->wire_size() == rtp.payload_offset + p.payload->wire_size());
  }
}

TEST_CASE("an audio packet carries its level and its capture time") {
  Stage s;
  AudioFrameInfo info;
  info.captured = kCaptured;
  info.level = {30, true};
  const std::vector<std::uint8_t> opus(80, 0x78);
  PacketRef out = s.pool.take();
  const auto rtp = s.send(s.packetizer.audio(info, opus, 80)[0], *out);
  CHECK(rtp.extensions.audio_level == wire::AudioLevel{30, true});
  CHECK(rtp.extensions.absolute_capture->captured == kCaptured);
  CHECK_FALSE(rtp.extensions.frame_descriptor);
  CHECK(rtp.header.payload_type == wire::kAudioPayloadType);
  REQUIRE(rtp.payload_size == 80);
  CHECK(std::memcmp(out->data() + rtp.payload_offset, opus.data(), 80) == 0);
}

TEST_CASE("two peers get the same payload under their own SSRC and numbers") {
  Stage a, b;
  b.sender = StreamSender(Ssrc{0x1111}, a.rng);
  const std::vector<std::uint8_t> opus(60, 0x78);
  const auto packet = a.packetizer.audio({}, opus, 60)[0];
  PacketRef out_a = a.pool.take(), out_b = b.pool.take();
  const auto rtp_a = a.send(packet, *out_a), rtp_b = b.send(packet, *out_b);
  CHECK(rtp_a.header.ssrc == Ssrc{0xABCD});
  CHECK(rtp_b.header.ssrc == Ssrc{0x1111});
  CHECK(rtp_a.header.timestamp != rtp_b.header.timestamp);
  CHECK(std::memcmp(out_a->data() + rtp_a.payload_offset, out_b->data() + rtp_b.payload_offset,
                    60) == 0);
}

TEST_CASE("a sender report speaks of what was sent, and there is none before that") {
  Stage s;
  CHECK_FALSE(s.sender.sender_info(kCaptured));
  AudioFrameInfo info;
  info.captured = kCaptured;
  PacketRef out = s.pool.take();
  std::uint32_t timestamp = 0;
  for (int i = 0; i < 3; ++i) {
    timestamp = s.send(s.packetizer.audio(info, {}, 70)[0], *out).header.timestamp;
  }
  const auto report = s.sender.sender_info(kCaptured + 1500ms);
  REQUIRE(report);
  CHECK(report->packets == 3);
  CHECK(report->octets == 210);  // of payload, without headers (RFC 3550 §6.4.1)
  CHECK(report->ntp == kCaptured + 1500ms);
  CHECK(report->rtp_timestamp == timestamp + 72'000);  // 1.5 s at 48 kHz
}
