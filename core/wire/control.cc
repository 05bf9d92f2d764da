// Reading and writing control datagrams; the layout stands in the header.
#include "core/wire/control.h"

#include "core/base/check.h"

namespace diemcau::wire {

namespace {

enum ChunkType : std::uint8_t { fragment = 1, ack = 2 };
constexpr std::size_t kFragmentFields = 8;
constexpr std::size_t kAckBody = 12;

std::optional<ControlChunk> parse_fragment(ControlPriority priority, ByteSpan body) {
  ByteReader in(body);
  ControlFragment f;
  f.priority = priority;
  f.message_id = in.u32();
  f.index = in.u16();
  f.count = in.u16();
  f.bytes = in.rest();
  if (!in.ok() || f.count > kMaxFragments || f.index >= f.count) return std::nullopt;
  const bool last = f.index + 1 == f.count;
  if (f.bytes.empty() || f.bytes.size() > kFragmentBytes) return std::nullopt;
  if (!last && f.bytes.size() != kFragmentBytes) return std::nullopt;
  return f;
}

std::optional<ControlChunk> parse_ack(ControlPriority priority, ByteSpan body) {
  if (body.size() != kAckBody) return std::nullopt;
  ByteReader in(body);
  ControlAck a;
  a.priority = priority;
  a.message_id = in.u32();
  a.received = in.u64();
  return a;
}

}  // namespace

void write_control_header(ByteWriter& out) {
  out.u8(kControlVersion);
  out.u8(0);
}

void write(ByteWriter& out, const ControlFragment& f) {
  DC_CHECK(f.count <= kMaxFragments && f.index < f.count);
  DC_CHECK(!f.bytes.empty() && f.bytes.size() <= kFragmentBytes);
  DC_CHECK(f.index + 1 == f.count || f.bytes.size() == kFragmentBytes);
  out.u8(ChunkType::fragment);
  out.u8(static_cast<std::uint8_t>(f.priority));
  out.u16(static_cast<std::uint16_t>(kFragmentFields + f.bytes.size()));
  out.u32(f.message_id);
  out.u16(f.index);
  out.u16(f.count);
  out.bytes(f.bytes);
}

void write(ByteWriter& out, const ControlAck& a) {
  out.u8(ChunkType::ack);
  out.u8(static_cast<std::uint8_t>(a.priority));
  out.u16(kAckBody);
  out.u32(a.message_id);
  out.u64(a.received);
}

ControlReader::ControlReader(ByteSpan datagram) : in_(datagram) {
  const std::uint8_t version = in_.u8();
  in_.skip(1);  // flags: none yet, unknown ones mean nothing
  if (datagram.size() > kMaxControlDatagram) {
    error_ = ControlError::too_long;
  } else if (!in_.ok()) {
    error_ = ControlError::truncated;
  } else if (version != kControlVersion) {
    error_ = ControlError::bad_version;
  }
}

std::optional<ControlChunk> ControlReader::next() {
  while (!error_ && in_.remaining() > 0) {
    const std::uint8_t type = in_.u8();
    const std::uint8_t priority = in_.u8();
    const ByteSpan body = in_.bytes(in_.u16());
    if (!in_.ok()) return fail(ControlError::truncated);
    if (type != ChunkType::fragment && type != ChunkType::ack) continue;
    if (priority >= kControlPriorities) return fail(ControlError::bad_chunk);
    const auto p = static_cast<ControlPriority>(priority);
    auto chunk = type == ChunkType::fragment ? parse_fragment(p, body) : parse_ack(p, body);
    if (!chunk) return fail(ControlError::bad_chunk);
    return chunk;
  }
  return std::nullopt;
}

}  // namespace diemcau::wire
