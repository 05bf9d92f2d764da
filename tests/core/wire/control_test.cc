// Control datagrams.
#include "core/wire/control.h"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/core/wire/wire_bytes.h"

using namespace diemcau;
using namespace diemcau::wire;
using wire_test::Bytes;
using wire_test::hex;

namespace {

ControlError error_of(ByteSpan datagram) {
  ControlReader reader(datagram);
  while (reader.next()) {
  }
  REQUIRE(reader.error());
  return *reader.error();
}

Bytes datagram_of(const ControlFragment& f) {
  Bytes b(kMaxControlDatagram);
  ByteWriter out(b);
  write_control_header(out);
  write(out, f);
  REQUIRE(out.ok());
  b.resize(out.size());
  return b;
}

}  // namespace

TEST_CASE("a datagram with an acknowledgement and a fragment has the documented bytes",
          "[wire][control]") {
  Bytes b(64);
  ByteWriter out(b);
  const Bytes text = hex("AABBCC");
  write_control_header(out);
  write(out, ControlAck{ControlPriority::subscriptions, 7, 0x8000'0000'0000'0005});
  write(out, ControlFragment{ControlPriority::backfill, 0x01020304, 2, 3, text});
  REQUIRE(out.ok());
  REQUIRE(out.size() == kControlHeaderBytes + kAckBytes + kFragmentHeaderBytes + 3);
  // Version 1, flags 0. ACK (2), priority 1, 12 bytes: message 7; fragments 0, 2 and 63.
  // FRAGMENT (1), priority 3, 11 bytes: message, index 2 of 3, bytes.
  CHECK(wire_test::copy(out.written()) ==
        hex("0100 0201000C 00000007 8000000000000005 0103000B 01020304 0002 0003 AABBCC"));
  ControlReader reader(out.written());
  const auto ack = reader.next();
  REQUIRE(ack);
  CHECK(std::get<ControlAck>(*ack) ==
        ControlAck{ControlPriority::subscriptions, 7, 0x8000'0000'0000'0005});
  const auto fragment = reader.next();
  REQUIRE(fragment);
  const auto& f = std::get<ControlFragment>(*fragment);
  CHECK(f.priority == ControlPriority::backfill);
  CHECK(f.message_id == 0x01020304);
  CHECK((f.index == 2 && f.count == 3));
  CHECK(wire_test::copy(f.bytes) == text);
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.error());
}

TEST_CASE("messages of every size are cut into fragments and joined again", "[wire][control]") {
  Rng rng(wire_test::kGarbageSeed);
  for (const std::size_t size : {std::size_t{1}, kFragmentBytes - 1, kFragmentBytes,
                                 kFragmentBytes + 1, std::size_t{30'000}, kMaxMessageBytes}) {
    Bytes message(size);
    for (auto& b : message) b = static_cast<std::uint8_t>(rng.next());
    const auto count = static_cast<std::uint16_t>(fragment_count(size));
    REQUIRE(count <= kMaxFragments);
    Bytes joined;
    std::uint64_t received = 0;
    for (std::uint16_t i = 0; i < count; ++i) {
      const Bytes b =
          datagram_of({ControlPriority::documents, 1, i, count, fragment_of(message, i)});
      ControlReader reader(b);
      const auto chunk = reader.next();
      REQUIRE(chunk);
      const auto& f = std::get<ControlFragment>(*chunk);
      joined.insert(joined.end(), f.bytes.begin(), f.bytes.end());
      received |= std::uint64_t{1} << f.index;
    }
    CHECK(joined == message);
    CHECK(received == all_fragments(count));
  }
  CHECK(fragment_count(kMaxMessageBytes) == kMaxFragments);
  CHECK(kMaxMessageBytes == 65'536);
}

TEST_CASE("the largest fragment leaves room for ten acknowledgements", "[wire][control]") {
  CHECK(kControlHeaderBytes + kFragmentHeaderBytes + kFragmentBytes + 10 * kAckBytes <=
        kMaxControlDatagram);
}

TEST_CASE("chunks of an unknown type are skipped, whatever their priority", "[wire][control]") {
  const Bytes b = hex("0100 63FF0003 AABBCC 0200000C 00000009 0000000000000001");
  ControlReader reader(b);
  const auto chunk = reader.next();
  REQUIRE(chunk);
  CHECK(std::get<ControlAck>(*chunk).message_id == 9);
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.error());
}

TEST_CASE("a datagram without chunks is valid and unknown flags mean nothing", "[wire][control]") {
  const Bytes b = hex("01FF");
  ControlReader reader(b);
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.error());
}

TEST_CASE("malformed control datagrams are errors", "[wire][control]") {
  CHECK(error_of({}) == ControlError::truncated);
  CHECK(error_of(hex("0200")) == ControlError::bad_version);
  CHECK(error_of(hex("0100 0104000B 00000001 0000 0001 AABBCC")) == ControlError::bad_chunk);
  CHECK(error_of(hex("0100 0100000B 00000001 0001 0001 AABBCC")) == ControlError::bad_chunk);
  CHECK(error_of(hex("0100 0100000B 00000001 0000 0000 AABBCC")) == ControlError::bad_chunk);
  CHECK(error_of(hex("0100 0100000B 00000001 0040 0041 AABBCC")) == ControlError::bad_chunk);
  CHECK(error_of(hex("0100 01000008 00000001 0000 0001")) == ControlError::bad_chunk);  // no bytes
  CHECK(error_of(hex("0100 0100000B 00000001 0000 0002 AABBCC")) == ControlError::bad_chunk);
  CHECK(error_of(hex("0100 0200000B 00000001 00000000000000")) == ControlError::bad_chunk);
  CHECK(error_of(hex("0100 0200000D 00000001 0000000000000000 00")) == ControlError::bad_chunk);
  CHECK(error_of(Bytes(kMaxControlDatagram + 1, 1)) == ControlError::too_long);
}

TEST_CASE("a fragment over 1,024 bytes is refused", "[wire][control]") {
  Bytes b = datagram_of({ControlPriority::floor, 1, 0, 1, Bytes(kFragmentBytes, 5)});
  b.push_back(5);
  b[4] = static_cast<std::uint8_t>((8 + kFragmentBytes + 1) >> 8);
  b[5] = static_cast<std::uint8_t>(8 + kFragmentBytes + 1);
  CHECK(error_of(b) == ControlError::bad_chunk);
}

TEST_CASE("a control datagram cut at any length gives an error", "[wire][control]") {
  const Bytes text(20, 7);
  const Bytes whole = datagram_of({ControlPriority::floor, 1, 0, 1, text});
  wire_test::for_each_prefix(whole, [](ByteSpan b) {
    if (b.size() == kControlHeaderBytes) return;  // no chunks: valid
    REQUIRE(error_of(b) == ControlError::truncated);
  });
}

TEST_CASE("whatever bytes come, a control fragment keeps its promises", "[wire][control]") {
  CAPTURE(wire_test::kGarbageSeed);
  std::size_t accepted = 0;
  const auto read = [&accepted](ByteSpan b) {
    ControlReader reader(b);
    while (const auto chunk = reader.next()) {
      ++accepted;
      const auto* f = std::get_if<ControlFragment>(&*chunk);
      if (!f) continue;
      REQUIRE(f->index < f->count);
      REQUIRE(f->count <= kMaxFragments);
      REQUIRE((f->index + 1 == f->count || f->bytes.size() == kFragmentBytes));
      REQUIRE((!f->bytes.empty() && f->bytes.size() <= kFragmentBytes));
    }
  };
  wire_test::for_each_garbage({}, read);
  wire_test::for_each_garbage({1, 0}, read);
  wire_test::for_each_garbage({1, 0, 2, 0, 0, 12}, read);
  for (std::uint8_t size = 8; size < 250; ++size) {
    wire_test::for_each_garbage({1, 0, 1, 0, 0, size, 0, 0, 0, 1, 0, 0, 0, 1}, read);
  }
  const Bytes text(1024, 7);
  wire_test::for_each_mutation(datagram_of({ControlPriority::floor, 1, 0, 2, text}), 20'000, read);
  CHECK(accepted > 0);
}
