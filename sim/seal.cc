// Which keys both ends have is the model's to say; damage and copies are found by the real seal
// when there is one.
#include "sim/seal.h"

#include <utility>

#include "core/base/check.h"
#include "sim/model_keys.h"
#include "sim/network.h"

namespace diemcau::sim {

bool seal(const ModelKeys& keys, RealSeal* real, Datagram& d) {
  if (!is_sealed(d.kind)) return true;
  d.key = keys.sealing_key(PeerId{d.to});
  if (d.key == 0) return false;
  if (real == nullptr) return true;
  const std::size_t plain = d.packet->wire_size();
  if (!real->seal(PeerId{d.from}, PeerId{d.to}, d.key, d.kind, *d.packet)) return false;
  DC_CHECK(d.packet->wire_size() == plain + seal_bytes(d.kind));
  d.sealed = true;
  return true;
}

bool open(const ModelKeys& keys, RealSeal* real, Timestamp now, Datagram& d) {
  if (!is_sealed(d.kind)) return !d.corrupt;
  if (!keys.opens(PeerId{d.from}, d.key)) return false;
  if (d.sealed) {
    // The last byte is the seal's own, so that the datagram stays what it looks like.
    if (d.corrupt) d.packet->data()[d.packet->present() - 1] ^= 1;
    return real->open(now, PeerId{d.from}, PeerId{d.to}, d.key, d.kind, *d.packet);
  }
  // SRTP and DTLS let a record through once (RFC 3711 §3.3.2, RFC 6347 §4.1.2.6).
  return !d.corrupt && !(d.read && std::exchange(*d.read, true));
}

}  // namespace diemcau::sim
