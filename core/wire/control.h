// The datagrams of the control layer: fragments of messages and acknowledgements, inside DTLS
// application data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "core/base/byte_reader.h"
#include "core/base/byte_writer.h"

namespace diemcau::wire {

// In this order, the first before all others.
enum class ControlPriority : std::uint8_t { floor, subscriptions, documents, backfill };
constexpr std::size_t kControlPriorities = 4;

constexpr std::uint8_t kControlVersion = 1;
constexpr std::size_t kMaxControlDatagram = 1'200;
constexpr std::size_t kControlHeaderBytes = 2;
constexpr std::size_t kFragmentHeaderBytes = 12;  // chunk header and fragment fields
constexpr std::size_t kAckBytes = 16;
// All fragments but the last are exactly this long, so that the index is the place in the message.
constexpr std::size_t kFragmentBytes = 1'024;
constexpr std::size_t kMaxFragments = 64;  // as many as one acknowledgement has bits
constexpr std::size_t kMaxMessageBytes = kFragmentBytes * kMaxFragments;

// Datagram: version, flags (0), then chunks:
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7
//  |     type      |   priority    |        length of the body     |
//  | body …
//
// FRAGMENT (1): message id (32), index (16), count (16), bytes.
// ACK (2):      message id (32), bitmap (64): bit i is fragment i, the lowest bit fragment 0.
// Chunks of an unknown type are skipped. Message ids count per priority, from 0.
struct ControlFragment {
  ControlPriority priority = ControlPriority::floor;
  std::uint32_t message_id = 0;
  std::uint16_t index = 0;
  std::uint16_t count = 1;
  ByteSpan bytes;  // a view into the datagram when parsed
};

struct ControlAck {
  ControlPriority priority = ControlPriority::floor;
  std::uint32_t message_id = 0;
  std::uint64_t received = 0;
  constexpr bool operator==(const ControlAck&) const = default;
};

using ControlChunk = std::variant<ControlFragment, ControlAck>;

enum class ControlError : std::uint8_t { truncated, bad_version, bad_chunk, too_long };

constexpr std::size_t fragment_count(std::size_t message_bytes) {
  return (message_bytes + kFragmentBytes - 1) / kFragmentBytes;
}
// The bytes of fragment `index` of a whole message.
constexpr ByteSpan fragment_of(ByteSpan message, std::size_t index) {
  const std::size_t at = index * kFragmentBytes;
  const std::size_t rest = message.size() - at;
  return message.subspan(at, rest < kFragmentBytes ? rest : kFragmentBytes);
}
// The bitmap of a message of which every fragment has arrived.
constexpr std::uint64_t all_fragments(std::size_t count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

void write_control_header(ByteWriter& out);
void write(ByteWriter& out, const ControlFragment& fragment);
void write(ByteWriter& out, const ControlAck& ack);

// Walks the chunks of one datagram without allocation. A fragment that it gives has index < count ≤
// kMaxFragments and the length that its index asks for. One thread at a time.
class ControlReader {
 public:
  explicit ControlReader(ByteSpan datagram);
  // Nothing at the end or after an error; call again until then.
  std::optional<ControlChunk> next();
  std::optional<ControlError> error() const { return error_; }

 private:
  std::optional<ControlChunk> fail(ControlError e) {
    error_ = e;
    return std::nullopt;
  }
  ByteReader in_;
  std::optional<ControlError> error_;
};

}  // namespace diemcau::wire
