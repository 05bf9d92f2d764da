// The lines of all members and the datagrams on them: up the sender's line, down the receiver's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/packet_pool.h"
#include "core/mesh/boundary.h"
#include "core/units/time.h"
#include "sim/event_queue.h"
#include "sim/link.h"
#include "sim/scenario.h"
#include "sim/slots.h"
#include "sim/world.h"

namespace diemcau::sim {

struct Datagram {
  std::uint16_t from = 0, to = 0;
  mesh::PacketKind kind = mesh::PacketKind::stun;
  std::uint64_t key = 0;  // that sealed it
  Timestamp sent_at;
  PacketRef packet;
  std::optional<Layer> layer;  // of an RTP packet
};

// IPv4 and UDP headers, which the lines carry besides their own overhead.
constexpr std::uint32_t kIpUdpBytes = 20 + 8;

class Network {
 public:
  Network(const Scenario& scenario, std::optional<std::uint64_t> lose, PacketPool& pool,
          EventQueue& events);

  // Takes a copy, as a socket does: what the sender does with its packet afterwards stays its own.
  void send(Timestamp now, Datagram datagram);
  // A crossing event: from the sender's line onto the receiver's.
  void cross(Timestamp now, std::uint32_t flight);
  // An arrival event.
  Datagram take(Timestamp now, std::uint32_t flight);
  void refused() { ++tally_.refused; }
  void refused_unsent() { ++tally_.sent, ++tally_.refused; }
  void delivered() { ++tally_.delivered; }

  void warmup_over();
  Tally tally() const;
  Tally tally_after_warmup() const;
  std::vector<LinkReport> link_reports(const Scenario& scenario, Duration measured) const;
  std::vector<Crossing> crossings() const { return crossings_; }

 private:
  Crossing& crossing_of(const Datagram& d) {
    return crossings_[(std::size_t{d.from} * members_ + d.to) * 4 +
                      static_cast<std::size_t>(*d.layer)];
  }
  bool lost(const Link::Result& result);

  std::size_t members_;
  std::optional<std::uint64_t> lose_;
  PacketPool& pool_;
  EventQueue& events_;
  std::vector<Link> up_, down_;
  Slots<Datagram> flights_;
  std::vector<Crossing> crossings_;
  Tally tally_, at_warmup_;
};

}  // namespace diemcau::sim
