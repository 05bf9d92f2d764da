// What a seal lets out and in: by the model's keys alone, or with real cryptography over every
// datagram besides.
#pragma once

#include <cstdint>

#include "core/base/packet_pool.h"
#include "core/mesh/boundary.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::sim {

class ModelKeys;
struct Datagram;

// Real keys behind the model's: `key` names what one handshake of the two members agreed on. Only
// sealed kinds come here, in place, and whole. One thread at a time.
class RealSeal {
 public:
  virtual ~RealSeal() = default;
  [[nodiscard]] virtual bool seal(PeerId from, PeerId to, std::uint64_t key, mesh::PacketKind kind,
                                  Packet& packet) = 0;
  // False: refused, as a node would.
  [[nodiscard]] virtual bool open(Timestamp now, PeerId from, PeerId to, std::uint64_t key,
                                  mesh::PacketKind kind, Packet& packet) = 0;
};

// Before it is sent; false when the sender has no key. `real` may be null.
bool seal(const ModelKeys& keys, RealSeal* real, Datagram& datagram);
// When it is read: not damaged, under a key of the reader's, and not a copy of what was read
// before.
bool open(const ModelKeys& keys, RealSeal* real, Timestamp now, Datagram& datagram);

}  // namespace diemcau::sim
