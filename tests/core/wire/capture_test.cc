// Writes a capture of our packets for tshark_check.py, which reads them with an independent
// decoder.
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "core/wire/rtcp.h"
#include "core/wire/rtp.h"
#include "core/wire/stun.h"
#include "tests/core/wire/wire_bytes.h"

using namespace diemcau;
using namespace diemcau::wire;
using wire_test::Bytes;

namespace {

// A pcap file of raw IPv4 packets (link type 101), one UDP datagram each.
class Capture {
 public:
  explicit Capture(const std::string& path) : file_(path, std::ios::binary) {
    put(wire_test::hex("A1B2C3D4 00020004 00000000 00000000 0000FFFF 00000065"));
  }
  template <typename F>
  void datagram(std::uint16_t port, F&& write_payload) {
    Bytes payload(1232);
    ByteWriter out(payload);
    write_payload(out);
    REQUIRE(out.ok());
    payload.resize(out.size());
    const auto udp = static_cast<std::uint16_t>(8 + payload.size());
    Bytes head(16 + 20 + 8);
    ByteWriter h(head);
    h.u32(0);
    h.u32(count_++);
    h.u32(20U + udp);
    h.u32(20U + udp);
    h.u16(0x4500);
    h.u16(static_cast<std::uint16_t>(20 + udp));
    h.u32(0);
    h.u32(0x4011'0000);  // TTL 64, UDP, no checksum
    h.u32(0x7F00'0001);
    h.u32(0x7F00'0001);
    h.u16(port);
    h.u16(port);
    h.u16(udp);
    h.u16(0);
    put(head);
    put(payload);
  }

 private:
  void put(const Bytes& b) {
    file_.write(reinterpret_cast<const char*>(b.data()), static_cast<std::streamsize>(b.size()));
    REQUIRE(file_);
  }
  std::ofstream file_;
  std::uint32_t count_ = 0;
};

StunMac mac_of(ByteSpan covered) {
  const Bytes key(32, 7);
  return wire_test::hmac_sha256(key, covered);
}

void write_stun_packets(Capture& capture) {
  StunMessage request;
  request.username = "tinh:xa-an-binh";
  request.session_id = 1;
  capture.datagram(3478, [&](ByteWriter& out) { write_stun(out, request, mac_of); });
  StunMessage response;
  response.message_class = StunClass::success;
  response.mapped = Endpoint::v4(0xC000'0201, 32853);
  response.clock = StunClock{NtpTime::from_raw(1), NtpTime::from_raw(2)};
  capture.datagram(3478, [&](ByteWriter& out) { write_stun(out, response, mac_of); });
}

void write_rtp_packet(Capture& capture) {
  RtpExtensions e;
  e.audio_level = AudioLevel{30, true};
  e.absolute_capture = AbsoluteCapture{NtpTime::from_raw(0xE8D4'A510'1234'5678)};
  capture.datagram(5004, [&](ByteWriter& out) {
    write_rtp_header(out, {kAudioPayloadType, true, SeqNo{4660}, 960'000, Ssrc{0xCAFEBABE}}, e);
    out.bytes(wire_test::hex("F8FFFE"));
  });
}

void write_rtcp_packets(Capture& capture) {
  capture.datagram(5005, [](ByteWriter& out) {
    const SenderInfo info{NtpTime::from_raw(0xE8D4'A510'8000'0000), 960'000, 1000, 80'000};
    const ReportBlock block{Ssrc{0xBBBBBBBB}, 64, 5, 70'000, 90, 0x12345678, 65'536};
    write_sender_report(out, Ssrc{0xCAFEBABE}, info, std::array{block});
    write_cname(out, {Ssrc{0xCAFEBABE}, "xa-an-binh"});
    write_nack(out, Ssrc{0xCAFEBABE}, Ssrc{0xBBBBBBBB}, std::array{SeqNo{100}, SeqNo{102}});
    write_bye(out, std::array{Ssrc{0xCAFEBABE}}, "leaving");
  });
  capture.datagram(5005, [](ByteWriter& out) {
    const std::vector<CcfbPacket> packets{{true, 0, 100}, {}, {true, 3, 50}};
    const std::array streams{CcfbStream{Ssrc{0xBBBBBBBB}, SeqNo{1000}, packets}};
    write_ccfb(out, Ssrc{0xCAFEBABE}, streams, 0xA510'8000);
  });
}

}  // namespace

TEST_CASE("our packets are written to a capture", "[.capture]") {
  const char* path = std::getenv("DIEMCAU_CAPTURE");
  REQUIRE(path);
  Capture capture(path);
  write_stun_packets(capture);
  write_rtp_packet(capture);
  write_rtcp_packets(capture);
}
