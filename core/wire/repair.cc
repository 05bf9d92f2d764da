// Six bytes of numbers.
#include "core/wire/repair.h"

namespace diemcau::wire {

void write(ByteWriter& out, const RepairHeader& h) {
  out.u16(h.first);
  out.u8(h.count);
  out.u8(static_cast<std::uint8_t>(h.density << 4));
  out.u16(h.key);
}

std::optional<RepairHeader> parse_repair_header(ByteSpan payload) {
  ByteReader in(payload);
  RepairHeader h;
  h.first = in.u16();
  h.count = in.u8();
  const unsigned density = in.u8();
  h.density = static_cast<std::uint8_t>(density >> 4);
  h.key = in.u16();
  const bool alone = h.count == 1;
  if (!in.ok() || h.count == 0 || (density & 0x0FU) != 0 || alone != (h.key == 0)) {
    return std::nullopt;
  }
  return h;
}

}  // namespace diemcau::wire
