// RTCP packets, compound and alone.
#include "core/wire/rtcp.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/core/wire/wire_bytes.h"

using namespace diemcau;
using namespace diemcau::wire;
using wire_test::Bytes;
using wire_test::hex;

namespace {

template <typename F>
Bytes written(F&& f) {
  Bytes b(1232);
  ByteWriter out(b);
  f(out);
  REQUIRE(out.ok());
  b.resize(out.size());
  return b;
}

// The only packet of a datagram.
template <typename T>
T only(ByteSpan datagram) {
  RtcpReader reader(datagram);
  const auto packet = reader.next();
  REQUIRE(packet);
  REQUIRE(std::holds_alternative<T>(*packet));
  REQUIRE_FALSE(reader.next());
  REQUIRE_FALSE(reader.error());
  return std::get<T>(*packet);
}

RtcpError error_of(ByteSpan datagram) {
  RtcpReader reader(datagram);
  while (reader.next()) {
  }
  REQUIRE(reader.error());
  return *reader.error();
}

const ReportBlock kBlock{Ssrc{0xBBBBBBBB}, 64, -2, 0x00011234, 90, 0x12345678, 0x00010000};

std::vector<std::uint16_t> asked_for(const Nack& nack) {
  std::vector<std::uint16_t> seqs;
  nack.for_each([&seqs](SeqNo s) { seqs.push_back(s.value); });
  return seqs;
}

// Visits everything that a datagram offers, as a receiver would; gives the bytes looked at.
std::size_t visit(ByteSpan datagram) {
  std::size_t seen = 0;
  RtcpReader reader(datagram);
  while (const auto packet = reader.next()) {
    if (const auto* p = std::get_if<SenderReport>(&*packet)) {
      for (std::size_t i = 0; i < p->blocks.size(); ++i) seen += p->blocks[i].fraction_lost;
    } else if (const auto* r = std::get_if<ReceiverReport>(&*packet)) {
      for (std::size_t i = 0; i < r->blocks.size(); ++i) seen += p != nullptr;
    } else if (const auto* s = std::get_if<SourceDescription>(&*packet)) {
      s->for_each_cname([&seen](const Cname& c) {
        for (const char ch : c.name) seen += ch == 'x';
      });
    } else if (const auto* b = std::get_if<Bye>(&*packet)) {
      for (std::size_t i = 0; i < b->size(); ++i) seen += (*b)[i].value & 1U;
      for (const char ch : b->reason) seen += ch == 'x';
    } else if (const auto* n = std::get_if<Nack>(&*packet)) {
      n->for_each([&seen](SeqNo q) { seen += q.value & 1U; });
    } else if (const auto* c = std::get_if<Ccfb>(&*packet)) {
      c->for_each_stream([&seen](const CcfbStreamView& v) {
        for (std::size_t i = 0; i < v.size(); ++i) seen += v[i].arrival_offset;
      });
    }
  }
  return seen;
}

}  // namespace

TEST_CASE("a sender report with one block has the bytes of RFC 3550 section 6.4.1",
          "[wire][rtcp]") {
  const SenderInfo info{NtpTime::from_raw(0xE8D4'A510'1234'5678), 0x00112233, 1000, 1'000'000};
  const Bytes b = written([&](ByteWriter& out) {
    write_sender_report(out, Ssrc{0xAAAAAAAA}, info, std::array{kBlock});
  });
  // V=2 P=0 RC=1, PT 200, 12 words more; lost: 24 bits of −2 are FFFFFE.
  CHECK(b == hex("81C8000C AAAAAAAA E8D4A510 12345678 00112233 000003E8 000F4240"
                 "BBBBBBBB 40FFFFFE 00011234 0000005A 12345678 00010000"));
  const auto sr = only<SenderReport>(b);
  CHECK(sr.sender == Ssrc{0xAAAAAAAA});
  CHECK(sr.info == info);
  REQUIRE(sr.blocks.size() == 1);
  CHECK(sr.blocks[0] == kBlock);
}

TEST_CASE("a receiver report round-trips with 0 and with 31 blocks", "[wire][rtcp]") {
  for (const std::size_t n : {std::size_t{0}, kMaxReportBlocks}) {
    std::vector<ReportBlock> blocks(n, kBlock);
    for (std::size_t i = 0; i < n; ++i) blocks[i].ssrc.value = static_cast<std::uint32_t>(i);
    const Bytes b = written([&](ByteWriter& out) { write_receiver_report(out, Ssrc{7}, blocks); });
    const auto rr = only<ReceiverReport>(b);
    CHECK(rr.sender == Ssrc{7});
    REQUIRE(rr.blocks.size() == n);
    for (std::size_t i = 0; i < n; ++i) CHECK(rr.blocks[i] == blocks[i]);
  }
}

TEST_CASE("cumulative loss keeps its sign in 24 bits", "[wire][rtcp]") {
  for (const std::int32_t lost : {0, 1, -1, 0x7FFFFF, -0x800000}) {
    ReportBlock block = kBlock;
    block.cumulative_lost = lost;
    const Bytes b =
        written([&](ByteWriter& out) { write_receiver_report(out, Ssrc{7}, std::array{block}); });
    CHECK(only<ReceiverReport>(b).blocks[0].cumulative_lost == lost);
  }
}

TEST_CASE("names of every length end on a word with at least one zero", "[wire][rtcp]") {
  for (std::size_t length = 0; length <= 255; ++length) {
    const std::string name(length, 'n');
    const Bytes b = written([&](ByteWriter& out) { write_cname(out, {Ssrc{9}, name}); });
    REQUIRE(b.size() % 4 == 0);
    REQUIRE(b.back() == 0);
    std::size_t seen = 0;
    only<SourceDescription>(b).for_each_cname([&](const Cname& c) {
      REQUIRE(c.ssrc == Ssrc{9});
      REQUIRE(c.name == name);
      ++seen;
    });
    REQUIRE(seen == 1);
  }
}

TEST_CASE("names are found among other items and chunks", "[wire][rtcp]") {
  // Two chunks: SSRC 1 with NAME (2) "ab" and CNAME (1) "cd"; SSRC 2 without CNAME; padding after.
  const Bytes b = hex("82CA0006 00000001 02026162 01026364 00000000 00000002 00000000");
  std::vector<std::string> names;
  only<SourceDescription>(b).for_each_cname([&](const Cname& c) {
    CHECK(c.ssrc == Ssrc{1});
    names.emplace_back(c.name);
  });
  CHECK(names == std::vector<std::string>{"cd"});
}

TEST_CASE("a goodbye round-trips with and without a reason", "[wire][rtcp]") {
  const std::array ssrcs{Ssrc{1}, Ssrc{2}};
  const Bytes plain = written([&](ByteWriter& out) { write_bye(out, ssrcs, ""); });
  CHECK(plain == hex("82CB0002 00000001 00000002"));
  CHECK(only<Bye>(plain).reason.empty());
  for (std::size_t length = 1; length <= 255; ++length) {
    const std::string reason(length, 'r');
    const Bytes b = written([&](ByteWriter& out) { write_bye(out, ssrcs, reason); });
    REQUIRE(b.size() % 4 == 0);
    const auto bye = only<Bye>(b);
    REQUIRE(bye.size() == 2);
    REQUIRE(bye[1] == Ssrc{2});
    REQUIRE(bye.reason == reason);
  }
}

TEST_CASE("a NACK packs 17 packets into one item", "[wire][rtcp]") {
  const std::array lost{SeqNo{65530}, SeqNo{65531}, SeqNo{10}, SeqNo{11}};
  const Bytes b = written([&](ByteWriter& out) { write_nack(out, Ssrc{1}, Ssrc{2}, lost); });
  // FMT 1, PT 205, 3 words more. 65530 = FFFA; +1 is bit 0, +16 (10 after the wrap) is bit 15;
  // 11 is 17 ahead and starts the next item.
  CHECK(b == hex("81CD0004 00000001 00000002 FFFA8001 000B0000"));
  const auto nack = only<Nack>(b);
  CHECK(nack.sender == Ssrc{1});
  CHECK(nack.media == Ssrc{2});
  CHECK(asked_for(nack) == std::vector<std::uint16_t>{65530, 65531, 10, 11});
}

TEST_CASE("any set of lost packets round-trips through a NACK", "[wire][rtcp]") {
  Rng rng(wire_test::kGarbageSeed);
  CAPTURE(wire_test::kGarbageSeed);
  for (int round = 0; round < 500; ++round) {
    std::vector<SeqNo> lost;
    std::vector<std::uint16_t> expected;
    auto seq = static_cast<std::uint16_t>(rng.next());
    for (std::uint32_t n = rng.below(100) + 1; n > 0; --n) {
      lost.push_back(SeqNo{seq});
      expected.push_back(seq);
      seq = static_cast<std::uint16_t>(seq + 1 + rng.below(round % 2 == 0 ? 3 : 40));
    }
    const Bytes b = written([&](ByteWriter& out) { write_nack(out, Ssrc{1}, Ssrc{2}, lost); });
    REQUIRE(asked_for(only<Nack>(b)) == expected);
  }
}

TEST_CASE("a compound datagram gives its packets in order and skips unknown ones", "[wire][rtcp]") {
  Bytes b = written([&](ByteWriter& out) {
    write_receiver_report(out, Ssrc{1}, {});
    write_cname(out, {Ssrc{1}, "xa-an-binh"});
    out.bytes(hex("83F00001 DEADBEEF"));  // PT 240
    write_bye(out, std::array{Ssrc{1}}, "");
  });
  RtcpReader reader(b);
  CHECK(std::holds_alternative<ReceiverReport>(*reader.next()));
  CHECK(std::holds_alternative<SourceDescription>(*reader.next()));
  const auto unknown = reader.next();
  REQUIRE(std::holds_alternative<UnknownRtcp>(*unknown));
  CHECK(std::get<UnknownRtcp>(*unknown).packet_type == 240);
  CHECK(std::get<UnknownRtcp>(*unknown).count_or_format == 3);
  CHECK(std::holds_alternative<Bye>(*reader.next()));
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.error());
}

TEST_CASE("feedback of an unknown format is skipped", "[wire][rtcp]") {
  // PT 205, FMT 15 (transport-wide feedback).
  const auto unknown = only<UnknownRtcp>(hex("8FCD0002 00000001 00000002"));
  CHECK(unknown.packet_type == 205);
  CHECK(unknown.count_or_format == 15);
}

TEST_CASE("padding is allowed on the last packet only", "[wire][rtcp]") {
  const auto rr = only<ReceiverReport>(hex("A0C90002 00000001 00000004"));
  CHECK(rr.sender == Ssrc{1});
  CHECK(error_of(hex("A0C90002 00000001 00000004 80C90001 00000001")) == RtcpError::bad_padding);
  CHECK(error_of(hex("A0C90002 00000001 00000000")) == RtcpError::bad_padding);
  CHECK(error_of(hex("A0C90002 00000001 00000009")) == RtcpError::bad_padding);
  CHECK(error_of(hex("A0C90000")) == RtcpError::bad_padding);
}

TEST_CASE("malformed RTCP packets are errors", "[wire][rtcp]") {
  CHECK(error_of(hex("40C90001 00000001")) == RtcpError::bad_version);
  CHECK(error_of(hex("81C90001 00000001")) == RtcpError::bad_content);  // announces a block
  CHECK(error_of(hex("80C80001 00000001")) == RtcpError::bad_content);  // SR without its body
  CHECK(error_of(hex("81CA0002 00000001 01FF6162")) == RtcpError::bad_content);  // CNAME of 255
  CHECK(error_of(hex("81CA0002 00000001 01026162")) == RtcpError::bad_content);  // no end
  CHECK(error_of(hex("82CB0001 00000001")) == RtcpError::bad_content);           // two sources
  CHECK(error_of(hex("81CB0002 00000001 04616263")) == RtcpError::bad_content);  // reason of 4
  CHECK(error_of(hex("81CD0002 00000001 00000002")) == RtcpError::bad_content);  // NACK of nothing
}

TEST_CASE("an RTCP packet cut at any length is truncated", "[wire][rtcp]") {
  const SenderInfo info{NtpTime::from_raw(1), 2, 3, 4};
  const Bytes whole = written([&](ByteWriter& out) {
    write_sender_report(out, Ssrc{1}, info, std::array{kBlock, kBlock});
  });
  wire_test::for_each_prefix(whole, [](ByteSpan b) {
    if (!b.empty()) REQUIRE(error_of(b) == RtcpError::truncated);
  });
  CHECK_FALSE(RtcpReader(ByteSpan{}).next());
}

TEST_CASE("whatever bytes come, reading RTCP stays inside the datagram and ends", "[wire][rtcp]") {
  CAPTURE(wire_test::kGarbageSeed);
  std::size_t seen = 0;
  const auto read = [&seen](ByteSpan b) { seen += visit(b); };
  for (const unsigned type : {0U, 200U, 201U, 202U, 203U, 205U}) {
    for (const unsigned count : {1U, 2U, 11U, 31U}) {
      wire_test::for_each_garbage(
          {static_cast<std::uint8_t>(0x80 | count), static_cast<std::uint8_t>(type), 0,
           static_cast<std::uint8_t>(type % 32)},
          read);
    }
  }
  wire_test::for_each_garbage({}, read);
  const Bytes compound = written([&](ByteWriter& out) {
    write_sender_report(out, Ssrc{1}, {}, std::array{kBlock});
    write_cname(out, {Ssrc{1}, "xxxx"});
    write_nack(out, Ssrc{1}, Ssrc{2}, std::array{SeqNo{1}, SeqNo{9}});
    write_bye(out, std::array{Ssrc{1}}, "xx");
  });
  wire_test::for_each_mutation(compound, 20'000, read);
  CHECK(seen > 0);
}
