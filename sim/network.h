// The lines of all members and the datagrams on them: up the sender's line, over shared segments,
// down the receiver's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/packet_pool.h"
#include "core/mesh/boundary.h"
#include "core/units/time.h"
#include "sim/cross_traffic.h"
#include "sim/crossing.h"
#include "sim/event_queue.h"
#include "sim/line_paths.h"
#include "sim/link.h"
#include "sim/observer.h"
#include "sim/scenario.h"
#include "sim/slots.h"
#include "sim/world.h"

namespace diemcau::sim {

struct Datagram {
  std::uint16_t from = 0, to = 0;
  std::uint8_t hop = 0;  // the line that it is on, of those between the two
  bool corrupt = false;
  bool sealed = false;  // really: its size has the seal's bytes
  mesh::PacketKind kind = mesh::PacketKind::stun;
  std::uint32_t payload_bytes = 0;  // of UDP, seal included
  std::uint8_t stream = kNoStream;  // of an RTP packet: its place among kWireStreams
  std::uint64_t key = 0;            // that sealed it
  Timestamp sent_at;
  PacketRef packet;
  std::shared_ptr<bool> read;  // shared with its duplicates
};

// Parcels of cross traffic are told from datagrams by this bit of their handle.
constexpr std::uint32_t kCrossHandle = std::uint32_t{1} << 31;

// Holds RTP headers, feedback and checks.
constexpr std::size_t kSmallPacket = 192;

// IPv4 and UDP headers, which the lines carry besides their own overhead.
constexpr std::uint32_t kIpUdpBytes = 20 + 8;

// Where something is on its path, and what it is there.
struct Place {
  std::uint32_t line = 0;
  bool last = false;
  std::uint16_t to = 0;  // member at whose end it arrives
  std::uint32_t flow = 0;
  ByteCount size;
};
Place place_of(const LinePaths& paths, const CrossParcel& parcel);

class Network {
 public:
  Network(const Scenario& scenario, const WorldOptions& options, PacketPool& pool,
          EventQueue& events);

  // Takes a copy, as a socket does: what the sender does with its packet afterwards stays its own.
  void send(Timestamp now, Datagram&& datagram);
  void send(Timestamp now, CrossParcel parcel);
  CrossParcel take_cross(std::uint32_t handle) { return parcels_.take(handle & ~kCrossHandle); }
  // A crossing event: from one line of its path onto the next.
  void cross(Timestamp now, std::uint32_t flight);
  // A crossing or an arrival is near: its datagram has left the cache in a large mesh.
  void fetch(std::uint32_t flight) const {
    if ((flight & kCrossHandle) == 0) __builtin_prefetch(&flights_[flight]);
  }
  // Of an arrival that was fetched before: its bytes.
  void fetch_bytes(std::uint32_t flight) const {
    if ((flight & kCrossHandle) != 0) return;
    const Packet& packet = *flights_[flight].packet;
    __builtin_prefetch(&packet);
    __builtin_prefetch(packet.data());
  }
  // A service event: an active queue's front goes into service.
  void serve(Timestamp now, std::uint16_t line);
  // An arrival event: its line has done with it, whoever reads it when. Gives who sent it.
  std::uint16_t arrived(Timestamp now, std::uint32_t flight);
  Datagram take(std::uint32_t flight) { return flights_.take(flight); }
  void refused() { ++tally_.refused; }
  void refused_unsent() { ++tally_.sent, ++tally_.refused; }
  void delivered() { ++tally_.delivered; }

  void warmup_over(Timestamp now);
  Tally tally() const;
  Tally tally_after_warmup() const;
  bool interrupted(std::uint16_t member, Timestamp from, Timestamp to) const;
  // Utilisation counts from the end of the warm-up.
  std::vector<LinkReport> link_reports(Timestamp now);
  const Crossings& crossings() const { return crossings_; }
  // Of a line, as numbered in LinePaths.
  std::int64_t bits_between(std::uint32_t line, Timestamp from, Timestamp to) {
    return lines_[line].link.bits_between(from, to);
  }
  bool line_interrupted(std::uint32_t line, Timestamp from, Timestamp to) const {
    return lines_[line].link.interrupted(from, to);
  }

 private:
  Crossing& crossing_of(const Datagram& d) { return crossings_.of(d.from, d.to, d.stream); }
  struct Line {
    Link link;
    std::string name;
    std::optional<Timestamp> service_at;  // the event under way
  };
  std::uint8_t stream_of(const Datagram& d);
  PacketRef copy_of(const Datagram& d);
  Place place_of(std::uint32_t flight);
  void enter(Timestamp now, std::uint32_t flight);
  void told(std::uint32_t flight, const Place& place, const Link::Result& result);
  Traffic traffic_of(std::uint32_t flight);
  void go_on(Timestamp at, std::uint32_t flight, const Place& place);
  std::uint32_t duplicate(std::uint32_t flight);
  void lose(std::uint32_t flight, Passage passage);
  void arm(std::uint32_t line);

  std::size_t members_;
  std::optional<std::uint64_t> lose_;
  Observer* observer_;
  PacketPool& pool_;
  EventQueue& events_;
  LinePaths paths_;
  std::vector<Line> lines_;       // as paths_ numbers them
  std::vector<Link::Told> told_;  // scratch
  // What a stream is called on its way from one member to another, by pair and layer: most packets
  // are known by it and need not be read. More than 32 bits: none yet.
  std::vector<std::array<std::uint64_t, kWireStreams.size()>> ssrcs_;
  Timestamp measured_from_;
  // Datagrams whose payload is elided lie close together: in a mesh of a hundred tens of thousands
  // are under way.
  PacketPool small_{kSmallPacket};
  Slots<Datagram> flights_;
  Slots<CrossParcel> parcels_;
  Crossings crossings_;
  Tally tally_, at_warmup_;
};

}  // namespace diemcau::sim
