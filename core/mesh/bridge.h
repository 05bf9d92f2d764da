// The bridge: one deterministic machine that holds everything between encoded frames and datagrams
// (docs/ARCHITECTURE.md).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/base/frame_pool.h"
#include "core/base/packet_pool.h"
#include "core/mesh/boundary.h"
#include "core/mesh/bridge_config.h"
#include "core/mesh/handshake.h"
#include "core/quality/flow_report.h"
#include "core/repair/gf256.h"

namespace diemcau::mesh {

// Contract: after each handle(), poll() until it is empty, then wait for next_deadline() or the
// next input. A spurious TimePassed changes nothing; `now` never goes back (CHECK). No callbacks
// leave the bridge. One thread at a time. The pools, the MAC, the handshake factory and the
// kernel belong to the driver and outlive the bridge.
class Bridge {
 public:
  struct Ports {
    PacketPool& packets;
    FramePool& frames;
    PairMac& pair_mac;
    HandshakeFactory& handshakes;
    const repair::Kernel& kernel = repair::plain_kernel();
    // For RTP whose payload is elided: its buffers may be short, because a header is all there is.
    PacketPool& headers = packets;
  };
  Bridge(BridgeConfig config, Ports ports);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  // What the input holds is used up.
  void handle(Timestamp now, Input&& input);
  // A packet on this path will be handed in soon: in a large mesh, what belongs to its peer has
  // left the cache. fetch_next() a little later, with the packet: for what is found through what
  // fetch() asked for. Both change nothing.
  void fetch(PathId path) const;
  void fetch_next(PathId path, ByteSpan packet) const;
  // Poll again after every handle() until there is none. It is the caller's to move from, and
  // stands until the next poll().
  [[nodiscard]] Output* poll();
  // When handle(TimePassed) is due at the latest; none before the first input.
  [[nodiscard]] std::optional<Timestamp> next_deadline() const;

  // Figures since the start, for summary, metrics and the lab. Cheap enough for a scrape, not for
  // every packet.
  quality::BridgeReport report(Timestamp now) const;
  // From here on figures count anew (the lab's warm-up cut, the demo's start-up).
  void reset_figures(Timestamp now);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::mesh
