// What bridges tell each other over the control layer, as typed values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/base/byte_writer.h"
#include "core/base/result.h"
#include "core/units/ids.h"

namespace diemcau::wire {

constexpr std::uint16_t kProtocolVersion = 1;
constexpr std::uint16_t kMinProtocolVersion = 1;

// Bits of Hello::capabilities. Unknown bits are kept and mean nothing.
enum class Capability : std::uint32_t {
  repair = 1U << 0,
  feedback_ccfb = 1U << 1,
  descriptor = 1U << 2,
  layers = 1U << 3,
  sound_by_time = 1U << 4,  // earlier frames of sound are known by their time, not by their order
};
constexpr std::uint32_t bit(Capability c) { return static_cast<std::uint32_t>(c); }

constexpr std::size_t kMaxBridgeId = 32;
constexpr std::size_t kMaxSoftware = 64;
// 105 bridges with three sources each would be 315; the pure mesh is designed for 11, stressed at
// 32.
constexpr std::size_t kMaxSubscriptions = 512;
constexpr std::size_t kMaxStreams = 64;

// The first message on a link.
struct Hello {
  std::uint16_t protocol_version = kProtocolVersion;
  std::uint16_t min_version = kMinProtocolVersion;
  std::uint32_t capabilities = 0;
  std::uint64_t session_id = 0;  // drawn anew at each start of the bridge
  std::string bridge_id;         // ≤ kMaxBridgeId
  std::string software;          // ≤ kMaxSoftware, for people
  bool operator==(const Hello&) const = default;
};

// What the writer of the state wants to receive; no layer: nothing of that source.
struct Subscription {
  std::string origin;  // roster id
  Source source = Source::camera;
  std::optional<Layer> layer;
  bool operator==(const Subscription&) const = default;
};

// A stream that the writer sends on this link.
struct StreamEntry {
  Ssrc ssrc;
  Source source = Source::camera;
  Layer layer = Layer::only;
  constexpr bool operator==(const StreamEntry&) const = default;
};

enum class Presence : std::uint8_t { present, leaving };

// What a bridge publishes about itself: the newest serial wins.
struct BridgeState {
  std::uint64_t serial = 0;
  Presence presence = Presence::present;
  bool microphone = false;
  bool camera = false;
  bool document = false;
  std::vector<Subscription> subscriptions;  // ≤ kMaxSubscriptions
  std::vector<StreamEntry> streams;         // ≤ kMaxStreams
  bool operator==(const BridgeState&) const = default;
};

// Frames from `first_lost` on can no longer be repaired; `last_good` was decoded. Numbers as in the
// frame descriptor.
struct LossReport {
  Ssrc ssrc;
  std::uint16_t first_lost = 0;
  std::uint16_t last_good = 0;
  constexpr bool operator==(const LossReport&) const = default;
};

// Nothing can be decoded without a key frame.
struct KeyRequest {
  Ssrc ssrc;
  constexpr bool operator==(const KeyRequest&) const = default;
};

enum class GoodbyeReason : std::uint8_t { leaving, incompatible, replaced };

struct Goodbye {
  GoodbyeReason reason = GoodbyeReason::leaving;
  constexpr bool operator==(const Goodbye&) const = default;
};

// Of a later version: to be ignored.
struct UnknownMessage {
  std::uint8_t type = 0;
  constexpr bool operator==(const UnknownMessage&) const = default;
};

using Message = std::variant<Hello, BridgeState, LossReport, KeyRequest, Goodbye, UnknownMessage>;

enum class MessageError : std::uint8_t { truncated, bad_value, too_many };

// Strings and lists of our own that are over their bounds are our mistake (DC_CHECK); an
// UnknownMessage cannot be written (DC_CHECK).
void write(ByteWriter& out, const Message& message);
// Bytes after the known fields are ignored: a later version appends.
Result<Message, MessageError> parse_message(ByteSpan bytes);

}  // namespace diemcau::wire
