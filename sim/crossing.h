// What the lines did to each stream between two members, told from RTP headers, which SRTP leaves
// in clear.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/base/packet_pool.h"
#include "core/quality/histogram.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::sim {

// Of an RTP packet, sealed or not; nothing for everything else.
std::optional<Layer> layer_of(ByteSpan datagram);

// Of an RTP packet, not sealed yet: the bytes that are there because packets get lost. All of a
// repair packet; in one of sound, its earlier frames.
std::size_t repair_bytes_of(const Packet& rtp);

// One stream between two bridges as the lines saw it; the receiver's own figures are in its
// BridgeReport.
struct Crossing {
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;  // UDP payload, seal included
  quality::Histogram delay;      // leaving the pacer → arrival
};

// By sender, receiver and layer.
class Crossings {
 public:
  Crossings() = default;
  explicit Crossings(std::size_t members) : members_(members), all_(members * members * 4) {}
  Crossing& of(std::size_t from, std::size_t to, Layer layer) {
    return all_[(from * members_ + to) * 4 + static_cast<std::size_t>(layer)];
  }
  const Crossing& of(std::size_t from, std::size_t to, Layer layer) const {
    return all_[(from * members_ + to) * 4 + static_cast<std::size_t>(layer)];
  }
  bool empty() const { return all_.empty(); }
  void reset() { all_.assign(all_.size(), Crossing{}); }

 private:
  std::size_t members_ = 0;
  std::vector<Crossing> all_;
};

}  // namespace diemcau::sim
