// Any RTP packet: what is read lies inside it, and what we understood survives being written again.
#include <array>
#include <cstdint>

#include "core/base/check.h"
#include "core/wire/rtp.h"

using namespace diemcau;
using namespace diemcau::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto packet = parse_rtp({data, size});
  if (!packet) return 0;
  DC_CHECK(packet->payload_offset + packet->payload_size + packet->padding == size);
  std::array<std::uint8_t, kMaxRtpHeaderBytes> buffer{};
  ByteWriter out(buffer);
  write_rtp_header(out, packet->header, packet->extensions);
  DC_CHECK(out.ok() && out.size() == rtp_header_size(packet->extensions));
  const auto again = parse_rtp(out.written());
  DC_CHECK(again && again->header == packet->header && again->extensions == packet->extensions);
  return 0;
}
