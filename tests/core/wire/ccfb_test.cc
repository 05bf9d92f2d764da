// Congestion control feedback.
#include "core/wire/ccfb.h"

#include <array>
#include <catch2/catch.hpp>
#include <vector>

#include "core/units/ntp_time.h"
#include "core/wire/rtcp.h"
#include "tests/core/wire/wire_bytes.h"

using namespace diemcau;
using namespace diemcau::wire;
using wire_test::Bytes;
using wire_test::hex;

namespace {

struct Stream {
  Ssrc ssrc;
  SeqNo begin;
  std::vector<CcfbPacket> packets;
  bool operator==(const Stream&) const = default;
};

Bytes written(Ssrc sender, const std::vector<Stream>& streams, std::uint32_t stamp) {
  std::vector<CcfbStream> views;
  std::size_t size = kCcfbFixedBytes;
  for (const Stream& s : streams) {
    views.push_back({s.ssrc, s.begin, s.packets});
    size += ccfb_stream_size(s.packets.size());
  }
  Bytes b(size);
  ByteWriter out(b);
  write_ccfb(out, sender, views, stamp);
  REQUIRE(out.ok());
  REQUIRE(out.size() == size);
  return b;
}

std::optional<Ccfb> parsed(ByteSpan datagram) {
  RtcpReader reader(datagram);
  const auto packet = reader.next();
  if (!packet || !std::holds_alternative<Ccfb>(*packet)) return std::nullopt;
  return std::get<Ccfb>(*packet);
}

std::vector<Stream> streams_of(const Ccfb& ccfb) {
  std::vector<Stream> streams;
  ccfb.for_each_stream([&streams](const CcfbStreamView& v) {
    Stream s{v.ssrc(), v.begin(), {}};
    for (std::size_t i = 0; i < v.size(); ++i) s.packets.push_back(v[i]);
    streams.push_back(s);
  });
  return streams;
}

}  // namespace

TEST_CASE("a report of two streams has the bytes of RFC 8888 section 3.1", "[wire][ccfb]") {
  const std::vector<Stream> streams{
      {Ssrc{0x11111111}, SeqNo{0xFFFF}, {{true, 0, 0}, {}, {true, 3, 1024}}},
      {Ssrc{0x22222222}, SeqNo{5}, {{true, 1, kArrivalOverRange}, {true, 2, kArrivalUnavailable}}},
  };
  const NtpTime now = NtpTime::from_raw(0xE8D4'A510'1234'5678);
  const Bytes b = written(Ssrc{0xAAAAAAAA}, streams, now.compact());
  // V=2 FMT=11 → 8B, PT 205 → CD, 9 words more; sender.
  // Stream 1: begin FFFF, 3 reports: R=1 ECN=00 ATO=0 → 8000; lost → 0000;
  //           R=1 ECN=11 ATO=1024 (1 s) → 1 11 0010000000000... = E400; two zeros to the word.
  // Stream 2: begin 5, 2 reports: R=1 ECN=01 ATO=1FFE → BFFE; ECN=10 ATO=1FFF → DFFF.
  // Report timestamp: middle of the NTP time, A5101234.
  CHECK(b == hex("8BCD0009 AAAAAAAA"
                 "11111111 FFFF0003 80000000 E4000000"
                 "22222222 00050002 BFFEDFFF"
                 "A5101234"));
  const auto ccfb = parsed(b);
  REQUIRE(ccfb);
  CHECK(ccfb->sender == Ssrc{0xAAAAAAAA});
  CHECK(ccfb->report_timestamp == 0xA510'1234);
  CHECK(streams_of(*ccfb) == streams);
}

TEST_CASE("sequence numbers of a report go on over the wrap", "[wire][ccfb]") {
  const Bytes b = written(Ssrc{1}, {{Ssrc{2}, SeqNo{0xFFFF}, std::vector<CcfbPacket>(3)}}, 0);
  parsed(b)->for_each_stream([](const CcfbStreamView& v) {
    CHECK(v.seq(0) == SeqNo{0xFFFF});
    CHECK(v.seq(1) == SeqNo{0});
    CHECK(v.seq(2) == SeqNo{1});
  });
}

TEST_CASE("a report without streams and a stream without packets are valid", "[wire][ccfb]") {
  CHECK(streams_of(*parsed(written(Ssrc{1}, {}, 0))).empty());
  const std::vector<Stream> empty{{Ssrc{2}, SeqNo{3}, {}}};
  CHECK(streams_of(*parsed(written(Ssrc{1}, empty, 0))) == empty);
}

TEST_CASE("random reports round-trip", "[wire][ccfb]") {
  Rng rng(wire_test::kGarbageSeed);
  CAPTURE(wire_test::kGarbageSeed);
  for (int round = 0; round < 300; ++round) {
    std::vector<Stream> streams;
    for (std::uint32_t s = rng.below(6); s > 0; --s) {
      Stream stream{Ssrc{rng.next_u32()}, SeqNo{static_cast<std::uint16_t>(rng.next())}, {}};
      for (std::uint32_t n = rng.below(80); n > 0; --n) {
        CcfbPacket p;
        if (rng.below(10) != 0) {
          p = {true, static_cast<std::uint8_t>(rng.below(4)),
               static_cast<std::uint16_t>(rng.below(0x2000))};
        }
        stream.packets.push_back(p);
      }
      streams.push_back(stream);
    }
    const Bytes b = written(Ssrc{1}, streams, rng.next_u32());
    const auto ccfb = parsed(b);
    REQUIRE(ccfb);
    REQUIRE(streams_of(*ccfb) == streams);
  }
}

TEST_CASE("a report over 50 ms of one 1.5 Mbit/s peer is 52 bytes", "[wire][ccfb]") {
  // 8 video packets, 3 audio packets: 12 + (8 + 16) + (8 + 8).
  CHECK(kCcfbFixedBytes + ccfb_stream_size(8) + ccfb_stream_size(3) == 52);
  // Ten peers' worth in one report would still fit a datagram.
  CHECK(kCcfbFixedBytes + 10 * (ccfb_stream_size(8) + ccfb_stream_size(3)) < 1232);
}

TEST_CASE("more streams than the cap are refused", "[wire][ccfb]") {
  const std::vector<Stream> at_cap(kMaxCcfbStreams, {Ssrc{2}, SeqNo{3}, {}});
  Bytes b = written(Ssrc{1}, at_cap, 0);
  CHECK(parsed(b));
  // One block more, and two words more in the length.
  const Bytes block = hex("00000002 00030000");
  b.insert(b.end() - 4, block.begin(), block.end());
  b[3] = static_cast<std::uint8_t>(b[3] + 2);
  CHECK_FALSE(parsed(b));
}

TEST_CASE("a block that announces more reports than there are is refused", "[wire][ccfb]") {
  Bytes b = written(Ssrc{1}, {{Ssrc{2}, SeqNo{3}, std::vector<CcfbPacket>(4)}}, 0);
  CHECK(parsed(b));
  for (const std::uint16_t count :
       {std::uint16_t{5}, std::uint16_t{16385}, std::uint16_t{0xFFFF}}) {
    b[14] = static_cast<std::uint8_t>(count >> 8);
    b[15] = static_cast<std::uint8_t>(count);
    CHECK_FALSE(parsed(b));
  }
}

TEST_CASE("a report whose length is cut at any word is refused or whole blocks", "[wire][ccfb]") {
  const std::vector<Stream> streams{{Ssrc{1}, SeqNo{1}, std::vector<CcfbPacket>(7)},
                                    {Ssrc{2}, SeqNo{2}, std::vector<CcfbPacket>(2)}};
  const Bytes whole = written(Ssrc{9}, streams, 0);
  for (std::size_t words = 1; words < whole.size() / 4; ++words) {
    Bytes b(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(words * 4));
    b[3] = static_cast<std::uint8_t>(words - 1);
    const auto ccfb = parsed(b);
    if (ccfb) REQUIRE(streams_of(*ccfb).size() <= 1);
    // Sender and timestamp alone, or the first block whole.
    REQUIRE(ccfb.has_value() == (words == 3 || words == 9));
  }
}

TEST_CASE("whatever bytes come, a report visits only what is there", "[wire][ccfb]") {
  CAPTURE(wire_test::kGarbageSeed);
  std::size_t accepted = 0;
  const auto read = [&accepted](ByteSpan b) {
    const auto ccfb = parsed(b);
    if (!ccfb) return;
    ++accepted;
    std::size_t bytes = kCcfbFixedBytes;
    ccfb->for_each_stream([&](const CcfbStreamView& v) { bytes += ccfb_stream_size(v.size()); });
    REQUIRE(bytes <= b.size());
  };
  for (std::size_t words = 2; words < 64; ++words) {
    wire_test::for_each_garbage({0x8B, 0xCD, 0, static_cast<std::uint8_t>(words)}, read);
  }
  const std::vector<Stream> streams{{Ssrc{1}, SeqNo{1}, std::vector<CcfbPacket>(9)}};
  wire_test::for_each_mutation(written(Ssrc{9}, streams, 0), 20'000, read);
  CHECK(accepted > 0);
}
