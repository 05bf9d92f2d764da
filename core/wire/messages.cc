// Reading and writing control messages: a type byte, then the fields in the order of the structs,
// big-endian; strings with a length byte, lists with a 16-bit count.
#include "core/wire/messages.h"

#include <string_view>
#include <utility>

#include "core/base/check.h"

namespace diemcau::wire {

namespace {

enum MessageType : std::uint8_t {
  hello = 1,
  bridge_state = 2,
  loss_report = 3,
  key_request = 4,
  goodbye = 5,
};
constexpr std::uint8_t kNoLayer = 0xFF;
constexpr unsigned kMicrophone = 1;
constexpr unsigned kCamera = 2;
constexpr unsigned kDocument = 4;

using Parsed = Result<Message, MessageError>;

bool is_roster_id(std::string_view s) {
  for (const char c : s) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return !s.empty();
}

// Shown to people: control characters could play tricks on a terminal.
bool is_printable(std::string_view s) {
  for (const char c : s) {
    if (c < 0x20 || c > 0x7E) return false;
  }
  return true;
}

void write_text(ByteWriter& out, std::string_view s, std::size_t limit) {
  DC_CHECK(s.size() <= limit);
  out.u8(static_cast<std::uint8_t>(s.size()));
  out.bytes({reinterpret_cast<const std::uint8_t*>(s.data()), s.size()});
}

// A view: it lives as long as the bytes.
std::string_view read_text(ByteReader& in) {
  const ByteSpan b = in.bytes(in.u8());
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

void write_body(ByteWriter& out, const Hello& m) {
  DC_CHECK(is_roster_id(m.bridge_id) && is_printable(m.software));
  out.u8(MessageType::hello);
  out.u16(m.protocol_version);
  out.u16(m.min_version);
  out.u32(m.capabilities);
  out.u64(m.session_id);
  write_text(out, m.bridge_id, kMaxBridgeId);
  write_text(out, m.software, kMaxSoftware);
}

Parsed parse_hello(ByteReader in) {
  Hello m;
  m.protocol_version = in.u16();
  m.min_version = in.u16();
  m.capabilities = in.u32();
  m.session_id = in.u64();
  const std::string_view id = read_text(in);
  const std::string_view software = read_text(in);
  if (!in.ok()) return Unexpected{MessageError::truncated};
  if (id.size() > kMaxBridgeId || !is_roster_id(id)) return Unexpected{MessageError::bad_value};
  if (software.size() > kMaxSoftware || !is_printable(software)) {
    return Unexpected{MessageError::bad_value};
  }
  if (m.min_version > m.protocol_version) return Unexpected{MessageError::bad_value};
  m.bridge_id = id;
  m.software = software;
  return Message{std::move(m)};
}

void write_body(ByteWriter& out, const BridgeState& m) {
  DC_CHECK(m.subscriptions.size() <= kMaxSubscriptions && m.streams.size() <= kMaxStreams);
  out.u8(MessageType::bridge_state);
  out.u64(m.serial);
  out.u8(static_cast<std::uint8_t>(m.presence));
  out.u8(static_cast<std::uint8_t>((m.microphone ? kMicrophone : 0U) | (m.camera ? kCamera : 0U) |
                                   (m.document ? kDocument : 0U)));
  out.u16(static_cast<std::uint16_t>(m.subscriptions.size()));
  for (const Subscription& s : m.subscriptions) {
    DC_CHECK(is_roster_id(s.origin));
    write_text(out, s.origin, kMaxBridgeId);
    out.u8(static_cast<std::uint8_t>(s.source));
    out.u8(s.layer ? static_cast<std::uint8_t>(*s.layer) : kNoLayer);
  }
  out.u16(static_cast<std::uint16_t>(m.streams.size()));
  for (const StreamEntry& s : m.streams) {
    out.u32(s.ssrc.value);
    out.u8(static_cast<std::uint8_t>(s.source));
    out.u8(static_cast<std::uint8_t>(s.layer));
  }
}

bool is_known_source(std::uint8_t s) { return s <= static_cast<std::uint8_t>(Source::repair); }
bool is_known_layer(std::uint8_t l) { return l <= static_cast<std::uint8_t>(Layer::hi); }

// Sound and repair have the one layer `only`, pictures never have it.
bool fits(Source source, Layer layer) { return has_pictures(source) != (layer == Layer::only); }

// Entries whose source or layer is of a later version are left out; their form is the same.
std::optional<MessageError> parse_subscriptions(ByteReader& in, BridgeState& m) {
  const std::size_t count = in.u16();
  if (count > kMaxSubscriptions) return MessageError::too_many;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view origin = read_text(in);
    const std::uint8_t source = in.u8();
    const std::uint8_t layer = in.u8();
    if (!in.ok()) return MessageError::truncated;
    if (origin.size() > kMaxBridgeId || !is_roster_id(origin)) return MessageError::bad_value;
    if (!is_known_source(source) || (layer != kNoLayer && !is_known_layer(layer))) continue;
    Subscription s{std::string(origin), static_cast<Source>(source), std::nullopt};
    if (layer != kNoLayer) s.layer = static_cast<Layer>(layer);
    if (s.layer && !fits(s.source, *s.layer)) return MessageError::bad_value;
    m.subscriptions.push_back(std::move(s));
  }
  return std::nullopt;
}

std::optional<MessageError> parse_streams(ByteReader& in, BridgeState& m) {
  const std::size_t count = in.u16();
  if (count > kMaxStreams) return MessageError::too_many;
  for (std::size_t i = 0; i < count; ++i) {
    const Ssrc ssrc{in.u32()};
    const std::uint8_t source = in.u8();
    const std::uint8_t layer = in.u8();
    if (!in.ok()) return MessageError::truncated;
    if (!is_known_source(source) || !is_known_layer(layer)) continue;
    const StreamEntry s{ssrc, static_cast<Source>(source), static_cast<Layer>(layer)};
    if (!fits(s.source, s.layer)) return MessageError::bad_value;
    m.streams.push_back(s);
  }
  return std::nullopt;
}

Parsed parse_bridge_state(ByteReader in) {
  BridgeState m;
  m.serial = in.u64();
  // Unknown states of presence count as present.
  m.presence = in.u8() == static_cast<std::uint8_t>(Presence::leaving) ? Presence::leaving
                                                                       : Presence::present;
  const unsigned flags = in.u8();
  m.microphone = (flags & kMicrophone) != 0;
  m.camera = (flags & kCamera) != 0;
  m.document = (flags & kDocument) != 0;
  if (const auto error = parse_subscriptions(in, m)) return Unexpected{*error};
  if (const auto error = parse_streams(in, m)) return Unexpected{*error};
  if (!in.ok()) return Unexpected{MessageError::truncated};
  return Message{std::move(m)};
}

void write_body(ByteWriter& out, const LossReport& m) {
  out.u8(MessageType::loss_report);
  out.u32(m.ssrc.value);
  out.u16(m.first_lost);
  out.u16(m.last_good);
}

Parsed parse_loss_report(ByteReader in) {
  LossReport m;
  m.ssrc = Ssrc{in.u32()};
  m.first_lost = in.u16();
  m.last_good = in.u16();
  if (!in.ok()) return Unexpected{MessageError::truncated};
  return Message{m};
}

void write_body(ByteWriter& out, const KeyRequest& m) {
  out.u8(MessageType::key_request);
  out.u32(m.ssrc.value);
}

Parsed parse_key_request(ByteReader in) {
  const KeyRequest m{Ssrc{in.u32()}};
  if (!in.ok()) return Unexpected{MessageError::truncated};
  return Message{m};
}

void write_body(ByteWriter& out, const Goodbye& m) {
  out.u8(MessageType::goodbye);
  out.u8(static_cast<std::uint8_t>(m.reason));
}

Parsed parse_goodbye(ByteReader in) {
  const std::uint8_t reason = in.u8();
  if (!in.ok()) return Unexpected{MessageError::truncated};
  // It leaves, whatever a later version's reason is.
  if (reason > static_cast<std::uint8_t>(GoodbyeReason::replaced)) return Message{Goodbye{}};
  return Message{Goodbye{static_cast<GoodbyeReason>(reason)}};
}

void write_body(ByteWriter&, const UnknownMessage&) {
  DC_CHECK(false && "what we do not know we do not write");
}

}  // namespace

void write(ByteWriter& out, const Message& message) {
  std::visit([&out](const auto& m) { write_body(out, m); }, message);
}

Result<Message, MessageError> parse_message(ByteSpan bytes) {
  ByteReader in(bytes);
  const std::uint8_t type = in.u8();
  if (!in.ok()) return Unexpected{MessageError::truncated};
  switch (type) {
    case MessageType::hello: return parse_hello(in);
    case MessageType::bridge_state: return parse_bridge_state(in);
    case MessageType::loss_report: return parse_loss_report(in);
    case MessageType::key_request: return parse_key_request(in);
    case MessageType::goodbye: return parse_goodbye(in);
    default: return Message{UnknownMessage{type}};
  }
}

}  // namespace diemcau::wire
