// Any STUN message: the integrity lies inside it; with and without a right fingerprint.
#include "core/wire/stun.h"

#include <cstdint>
#include <vector>

#include "core/base/check.h"

using namespace diemcau;
using namespace diemcau::wire;

namespace {

void read(ByteSpan datagram) {
  const auto m = parse_stun(datagram);
  if (!m) return;
  DC_CHECK(m->username.size() <= kMaxStunUsername);
  DC_CHECK(!m->integrity_at || *m->integrity_at + 36U <= datagram.size());
  static_cast<void>(verify_stun(datagram, *m, [&](ByteSpan covered) {
    DC_CHECK(covered.size() == *m->integrity_at);
    return StunMac{};
  }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read({data, size});
  // A fuzzer does not guess a CRC: the same bytes again with the fingerprint put right.
  constexpr std::size_t kFingerprint = 8;
  if (size < 20 + kFingerprint || size > kMaxStunBytes) return 0;
  std::vector<std::uint8_t> b(data, data + size);
  b[2] = static_cast<std::uint8_t>((size - 20) >> 8);
  b[3] = static_cast<std::uint8_t>(size - 20);
  const std::uint32_t crc = crc32(ByteSpan{b}.first(size - kFingerprint)) ^ 0x5354554EU;
  ByteWriter out(std::span{b}.subspan(size - kFingerprint));
  out.u32(0x8028'0004U);
  out.u32(crc);
  read(b);
  return 0;
}
