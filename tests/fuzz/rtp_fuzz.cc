// Any RTP packet: what is read lies inside it, and what we understood survives being written again;
// so do the frames of sound in its payload (RFC 2198).
#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/check.h"
#include "core/wire/redundancy.h"
#include "core/wire/rtp.h"

using namespace diemcau;
using namespace diemcau::wire;

namespace {

void check_sound(ByteSpan payload) {
  const auto sound = parse_redundancy(payload, 0);
  if (!sound) return;
  std::size_t at = redundancy_header_bytes(sound->count - 1);
  for (const SoundBlock& block : sound->all()) {
    DC_CHECK(block.offset == at && block.length > 0);
    at += block.length;
  }
  DC_CHECK(at == payload.size());
  std::array<std::uint8_t, redundancy_header_bytes(kMostEarlierFrames)> buffer{};
  ByteWriter out(buffer);
  write_redundancy_header(out, sound->all().first(sound->count - 1));
  DC_CHECK(out.ok() && std::equal(out.written().begin(), out.written().end(), payload.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto packet = parse_rtp({data, size});
  if (!packet) return 0;
  DC_CHECK(packet->payload_offset + packet->payload_size + packet->padding == size);
  std::array<std::uint8_t, kMaxRtpHeaderBytes> buffer{};
  ByteWriter out(buffer);
  write_rtp_header(out, packet->header, packet->extensions);
  DC_CHECK(out.ok() && out.size() == rtp_header_size(packet->extensions));
  check_sound(ByteSpan{data, size}.subspan(packet->payload_offset, packet->payload_size));
  const auto again = parse_rtp(out.written());
  DC_CHECK(again && again->header == packet->header && again->extensions == packet->extensions);
  return 0;
}
