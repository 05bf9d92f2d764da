#include "core/send/stream_sender.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "core/send/packetizer.h"
#include "core/wire/redundancy.h"
#include "core/wire/rtp.h"

using namespace diemcau;
using namespace diemcau::send;

namespace {

constexpr NtpTime kCaptured = NtpTime::from_raw(0x1234'5678'9ABC'DEF0);

struct Stage {
  PacketPool pool;
  SecretRng rng{1};
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

TEST_CASE("sound carries the frames that left before it, the oldest first, with their own bytes") {
  Stage s;
  PacketRef out = s.pool.take();
  AudioFrameInfo info;
  for (std::uint8_t i = 0; i < 8; ++i) {
    const std::vector<std::uint8_t> opus(60U + i, i);
    info.captured_at += 20ms;
    const std::size_t wanted = i % 4U;
    s.sender.write(s.packetizer.audio(info, opus, 60U + i)[0], *out,
                   wire::EarlierFrames::nearest(wanted));
    const auto rtp = wire::parse_rtp(out->bytes());
    REQUIRE(rtp);
    if (wanted == 0) {
      CHECK(rtp->header.payload_type == wire::kAudioPayloadType);
      CHECK(rtp->payload_size == opus.size());
      continue;
    }
    CHECK(rtp->header.payload_type == wire::kRedundantPayloadType);
    const ByteSpan payload = out->bytes().subspan(rtp->payload_offset);
    const auto blocks = wire::parse_redundancy(payload, 0);
    REQUIRE(blocks);
    REQUIRE(blocks->count == wanted + 1);
    for (std::size_t k = 0; k < blocks->count; ++k) {
      const std::size_t back = wanted - k;
      const wire::SoundBlock& b = blocks->blocks[k];
      CHECK(b.behind == 960 * back);
      CHECK(b.length == 60U + i - back);
      for (const std::uint8_t byte : payload.subspan(b.offset, b.length)) CHECK(byte == i - back);
    }
  }
}

TEST_CASE("a frame further back is carried without those between, unless capturing has paused") {
  Stage s;
  PacketRef out = s.pool.take();
  AudioFrameInfo info;
  const auto next = [&](std::uint8_t value, Duration later) {
    info.captured_at += later;
    const std::vector<std::uint8_t> opus(60, value);
    s.sender.write(s.packetizer.audio(info, opus, 60)[0], *out, wire::EarlierFrames{0b100});
    return wire::parse_rtp(out->bytes());
  };
  for (std::uint8_t i = 0; i < 3; ++i) {
    CHECK(next(i, 20ms)->header.payload_type == wire::kAudioPayloadType);
  }
  const auto rtp = next(3, 20ms);
  REQUIRE(rtp->header.payload_type == wire::kRedundantPayloadType);
  const ByteSpan payload = out->bytes().subspan(rtp->payload_offset);
  const auto blocks = wire::parse_redundancy(payload, 0);
  REQUIRE(blocks);
  REQUIRE(blocks->count == 2);
  CHECK(wire::frames_behind(blocks->blocks[0].behind) == 3);
  CHECK(payload[blocks->blocks[0].offset] == 0);
  // Three packets ago is not three frames ago then.
  CHECK(next(4, 300ms)->header.payload_type == wire::kAudioPayloadType);
}

TEST_CASE("with elided sound a packet is as long as with its bytes, and says the same") {
  Stage full, lab;
  PacketRef a = full.pool.take(), b = lab.pool.take();
  AudioFrameInfo info;
  for (std::uint32_t i = 0; i < 5; ++i) {
    info.captured_at += 20ms;
    const std::vector<std::uint8_t> opus(70 + i, 0x78);
    full.sender.write(full.packetizer.audio(info, opus, 70 + i)[0], *a,
                      wire::EarlierFrames::nearest(2));
    lab.sender.write(lab.packetizer.audio(info, {}, 70 + i)[0], *b,
                     wire::EarlierFrames::nearest(2));
    CHECK(a->wire_size() == b->wire_size());
    CHECK(std::memcmp(a->data(), b->data(), b->present()) == 0);
    const auto rtp = wire::parse_rtp(b->bytes());
    REQUIRE(rtp);
    if (i == 0) continue;
    const auto blocks =
        wire::parse_redundancy(b->bytes().subspan(rtp->payload_offset), b->elided());
    REQUIRE(blocks);
    CHECK(blocks->count == std::min<std::size_t>(i, 2) + 1);
    CHECK(blocks->blocks[blocks->count - 1].length == 70 + i);
  }
}

TEST_CASE("what is too long ago or does not fit into the datagram is left out") {
  Stage s;
  PacketRef out = s.pool.take();
  AudioFrameInfo info;
  const auto earlier_in_next = [&](Duration later, std::uint32_t length) {
    info.captured_at += later;
    s.sender.write(s.packetizer.audio(info, {}, length)[0], *out, wire::EarlierFrames::nearest(3));
    const auto rtp = wire::parse_rtp(out->bytes());
    REQUIRE(rtp);
    CHECK(out->wire_size() <= kMaxDatagram);
    if (rtp->header.payload_type == wire::kAudioPayloadType) return std::size_t{0};
    const auto blocks =
        wire::parse_redundancy(out->bytes().subspan(rtp->payload_offset), out->elided());
    REQUIRE(blocks);
    return blocks->count - 1;
  };
  CHECK(earlier_in_next(20ms, 100) == 0);
  CHECK(earlier_in_next(20ms, 100) == 1);
  CHECK(earlier_in_next(400ms, 100) == 0);  // 14 bits are 341 ms
  CHECK(earlier_in_next(20ms, 1'040) == 1);
  CHECK(earlier_in_next(20ms, 100) == 0);  // 10 bits are 1,023 bytes
  CHECK(earlier_in_next(20ms, 500) == 1);
  CHECK(earlier_in_next(20ms, 600) == 1);  // 600 + 500 + 100 are too much
}

TEST_CASE("of a packet's number it is known which picture it belongs to, of the last sixteen") {
  Stage s;
  CHECK_FALSE(s.sender.first_picture_from(SeqNo{0}));
  std::vector<SeqNo> first;
  const std::vector<std::uint32_t> sizes = {3'000};
  for (std::uint16_t n = 100; n < 130; ++n) {
    VideoFrameInfo info;
    info.frame_number = n;
    PacketRef out = s.pool.take();
    const auto packets = s.packetizer.video(info, sizes, {});
    first.push_back(s.send(packets.front(), *out).header.seq);
    for (const auto& packet : packets.subspan(1)) s.send(packet, *out);
  }
  CHECK(s.sender.first_picture_from(first[29]) == 129);
  CHECK(s.sender.first_picture_from(first[29].next()) == 129);
  CHECK(s.sender.first_picture_from(first[14]) == 114);
  CHECK(s.sender.first_picture_from(first[13]) == 114);  // what is older is forgotten
  const SeqNo to_come{static_cast<std::uint16_t>(first[29].value + 100)};
  CHECK_FALSE(s.sender.first_picture_from(to_come));
}
