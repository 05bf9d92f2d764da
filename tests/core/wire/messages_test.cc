// Control messages.
#include "core/wire/messages.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/wire/control.h"
#include "tests/core/wire/wire_bytes.h"

using namespace diemcau;
using namespace diemcau::wire;
using wire_test::Bytes;
using wire_test::hex;

namespace {

Bytes written(const Message& m) {
  Bytes b(kMaxMessageBytes);
  ByteWriter out(b);
  write(out, m);
  REQUIRE(out.ok());
  b.resize(out.size());
  return b;
}

MessageError error_of(ByteSpan b) {
  const auto m = parse_message(b);
  REQUIRE_FALSE(m);
  return m.error();
}

Hello sample_hello() {
  Hello h;
  h.protocol_version = 2;
  h.min_version = 1;
  h.capabilities = bit(Capability::repair) | bit(Capability::layers);
  h.session_id = 0x0102030405060708;
  h.bridge_id = "xa-1";
  h.software = "0.1";
  return h;
}

BridgeState sample_state() {
  BridgeState d;
  d.serial = 5;
  d.microphone = true;
  d.document = true;
  d.subscriptions = {{"tinh", Source::camera, Layer::hi}, {"xa-2", Source::camera, std::nullopt}};
  d.streams = {{Ssrc{0x11}, Source::microphone, Layer::only},
               {Ssrc{0x12}, Source::camera, Layer::lo}};
  return d;
}

// Type 1, version 2, minimum 1, capabilities 1 | 8, session, "xa-1", "0.1".
const char* const kHello = "01 0002 0001 00000009 0102030405060708 04 78612D31 03 302E31";
// Type 2, serial, present, microphone | document; 2 subscriptions: "tinh" camera hi,
// "xa-2" camera none; 2 streams.
const char* const kState =
    "02 0000000000000005 00 05 0002 04 74696E68 01 03 04 78612D32 01 FF"
    "0002 00000011 00 00 00000012 01 01";
const char* const kLossReport = "03 AABBCCDD 0102 0100";
const char* const kKeyRequest = "04 AABBCCDD";
const char* const kGoodbye = "05 01";

}  // namespace

TEST_CASE("every message has its documented bytes and is read back", "[wire][messages]") {
  const std::vector<std::pair<Message, const char*>> all{
      {sample_hello(), kHello},
      {sample_state(), kState},
      {LossReport{Ssrc{0xAABBCCDD}, 0x0102, 0x0100}, kLossReport},
      {KeyRequest{Ssrc{0xAABBCCDD}}, kKeyRequest},
      {Goodbye{GoodbyeReason::incompatible}, kGoodbye},
  };
  for (const auto& [message, text] : all) {
    CAPTURE(text);
    CHECK(written(message) == hex(text));
    const auto back = parse_message(hex(text));
    REQUIRE(back);
    CHECK(*back == message);
  }
}

TEST_CASE("an unknown message is skipped, not an error", "[wire][messages]") {
  const auto m = parse_message(hex("F0 01020304"));
  REQUIRE(m);
  CHECK(std::get<UnknownMessage>(*m).type == 0xF0);
}

TEST_CASE("fields that a later version appends are ignored", "[wire][messages]") {
  for (const char* text : {kHello, kState, kLossReport, kKeyRequest, kGoodbye}) {
    const auto plain = parse_message(hex(text));
    const auto longer = parse_message(hex(std::string(text) + "DEADBEEF"));
    REQUIRE(plain);
    REQUIRE(longer);
    CHECK(*plain == *longer);
  }
}

TEST_CASE("sources, layers and reasons of a later version do not spoil the rest",
          "[wire][messages]") {
  // One subscription to source 9, one to camera; one stream of layer 7, one of layer lo.
  const auto d =
      parse_message(hex("02 0000000000000005 07 00 0002 02 7861 09 03 02 7861 01 03"
                        "0002 00000011 01 07 00000012 01 01"));
  REQUIRE(d);
  const auto& state = std::get<BridgeState>(*d);
  CHECK(state.presence == Presence::present);
  CHECK(state.subscriptions == std::vector<Subscription>{{"xa", Source::camera, Layer::hi}});
  CHECK(state.streams == std::vector<StreamEntry>{{Ssrc{0x12}, Source::camera, Layer::lo}});
  const auto g = parse_message(hex("05 63"));
  REQUIRE(g);
  CHECK(std::get<Goodbye>(*g).reason == GoodbyeReason::leaving);
}

TEST_CASE("the fullest state round-trips and fits one control message", "[wire][messages]") {
  BridgeState d;
  d.presence = Presence::leaving;
  d.camera = true;
  d.subscriptions.assign(kMaxSubscriptions,
                         {std::string(kMaxBridgeId, 'z'), Source::document, Layer::mid});
  d.streams.assign(kMaxStreams, {Ssrc{0xFFFFFFFF}, Source::document, Layer::hi});
  const Bytes b = written(d);
  CHECK(b.size() <= kMaxMessageBytes);
  const auto back = parse_message(b);
  REQUIRE(back);
  CHECK(*back == Message{d});
}

TEST_CASE("lists over their bounds are refused before anything is read", "[wire][messages]") {
  CHECK(error_of(hex("02 0000000000000005 00 00 0201")) == MessageError::too_many);
  CHECK(error_of(hex("02 0000000000000005 00 00 0000 0041")) == MessageError::too_many);
}

TEST_CASE("bad values are errors", "[wire][messages]") {
  const std::string head = "01 0001 0001 00000000 0000000000000000";
  CHECK(parse_message(hex(head + "01 61 00")));
  CHECK(error_of(hex(head + "00 00")) == MessageError::bad_value);        // no id
  CHECK(error_of(hex(head + "01 41 00")) == MessageError::bad_value);     // upper case
  CHECK(error_of(hex(head + "01 2F 00")) == MessageError::bad_value);     // a path separator
  CHECK(error_of(hex(head + "01 61 01 1B")) == MessageError::bad_value);  // an escape sequence
  CHECK(error_of(hex(head + "01 61 01 80")) == MessageError::bad_value);
  std::string long_id = head + "21";
  for (int i = 0; i < 33; ++i) long_id += "61";
  CHECK(error_of(hex(long_id + "00")) == MessageError::bad_value);
  // Minimum version over the version.
  CHECK(error_of(hex("01 0001 0002 00000000 0000000000000000 01 61 00")) ==
        MessageError::bad_value);
  // A picture with the layer of sound, sound with a layer of pictures.
  CHECK(error_of(hex("02 0000000000000005 00 00 0001 02 7861 01 00 0000")) ==
        MessageError::bad_value);
  CHECK(error_of(hex("02 0000000000000005 00 00 0000 0001 00000011 00 03")) ==
        MessageError::bad_value);
}

TEST_CASE("a message cut at any length is truncated", "[wire][messages]") {
  for (const char* text : {kHello, kState, kLossReport, kKeyRequest, kGoodbye}) {
    wire_test::for_each_prefix(hex(text),
                               [](ByteSpan b) { REQUIRE(error_of(b) == MessageError::truncated); });
  }
}

TEST_CASE("whatever bytes come, a message that is read can be written and read again",
          "[wire][messages]") {
  CAPTURE(wire_test::kGarbageSeed);
  std::size_t accepted = 0;
  const auto read = [&accepted](ByteSpan b) {
    const auto m = parse_message(b);
    if (!m || std::holds_alternative<UnknownMessage>(*m)) return;
    ++accepted;
    const auto again = parse_message(written(*m));
    REQUIRE(again);
    REQUIRE(*again == *m);
  };
  for (std::uint8_t type = 0; type < 8; ++type) wire_test::for_each_garbage({type}, read);
  for (const char* text : {kHello, kState}) wire_test::for_each_mutation(hex(text), 20'000, read);
  CHECK(accepted > 0);
}
