// The lines of all members and the datagrams on them: up the sender's line, over shared segments,
// down the receiver's.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/fetch.h"
#include "core/base/packet_pool.h"
#include "core/mesh/boundary.h"
#include "core/units/time.h"
#include "sim/cross_traffic.h"
#include "sim/crossing.h"
#include "sim/entrance.h"
#include "sim/event_queue.h"
#include "sim/inbox.h"
#include "sim/line_paths.h"
#include "sim/link.h"
#include "sim/observer.h"
#include "sim/scenario.h"
#include "sim/slots.h"
#include "sim/world.h"

namespace diemcau::sim {

// On one line of the cache.
struct alignas(64) Datagram {
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

// Holds RTP headers, feedback and checks. With its own words three lines of a cache: an odd number
// of them, because mostly the first is used alone, and a cache has its places by the address.
constexpr std::size_t kSmallPacket = 192 - sizeof(Packet);

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

// What goes into a member's own line is known as long before as that line delays it, and what comes
// out of it before it comes: such lines take what they get together, with one event, and tell the
// member's inbox. With an observer each takes its packets one by one, at their time. That changes
// nothing but the order in which things are worked out.
class Network {
 public:
  // How long a member's thread takes to wake; asked once for each time that it does.
  using Wakes = std::function<Duration(std::uint16_t member)>;
  struct Pools {
    PacketPool& packets;
    // Of kSmallPacket. Datagrams whose payload is elided lie close together in it: in a mesh of a
    // hundred tens of thousands are under way.
    PacketPool& small;
  };
  Network(const Scenario& scenario, const WorldOptions& options, Pools pools, EventQueue& events,
          Wakes wakes);

  // What is to be sent, or refused after all. It is made where it stays: to copy what has just been
  // written field by field waits for whatever is being written to memory.
  std::uint32_t make(std::uint16_t from, std::uint16_t to, mesh::PacketKind kind, PacketRef packet);
  Datagram& operator[](std::uint32_t flight) { return flights_[flight]; }
  // Takes a copy, as a socket does: what the sender does with its packet afterwards stays its own.
  // A small one that nobody else holds is as good as a copy.
  void send(Timestamp now, std::uint32_t flight);
  void send(Timestamp now, CrossParcel parcel);
  CrossParcel take_cross(std::uint32_t handle) { return parcels_.take(handle & ~kCrossHandle); }
  // A crossing event: from one line of its path onto the next.
  void cross(Timestamp now, std::uint32_t flight);
  // The datagram that a member will read first, which is known to come; none while there is none.
  const Datagram* next_read(std::uint16_t member) const {
    const auto* first = inboxes_[member].first();
    return first != nullptr ? &flights_[first->flight] : nullptr;
  }
  // Its bytes and what is counted of it have left the cache in a large mesh.
  void fetch(const Datagram& d) const {
    d.packet.fetch();
    if (d.stream != kNoStream)
      diemcau::fetch(&crossings_.of(d.from, d.to, d.stream), sizeof(Crossing));
  }
  // An entry event: a line takes what has come to it by now.
  void enter(Timestamp now, std::uint16_t line);
  // A service event: an active queue's front goes into service.
  void serve(Timestamp now, std::uint16_t line);
  // An arrival event, for observers alone.
  void arrived(Timestamp now, std::uint32_t flight) { observer_->arrived(now, traffic_of(flight)); }
  // A read event: whether the member's thread wakes now.
  bool wakes(Timestamp now, std::uint16_t member);
  // The next datagram that it reads; ask until there is none.
  std::optional<std::uint32_t> read(Timestamp now, std::uint16_t member);
  Datagram take(std::uint32_t flight) { return flights_.take(flight); }
  void refused() { ++tally_.refused; }
  void refused_unsent() { ++tally_.sent, ++tally_.refused; }
  void refused_unsent(std::uint32_t flight) {
    static_cast<void>(flights_.take(flight));
    refused_unsent();
  }
  void delivered() { ++tally_.delivered; }

  void warmup_over(Timestamp now);
  // The end: works out what has happened by now.
  void finish(Timestamp now);
  Tally tally() const;
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
    // Of a member's own line to it, unless its queue is an active one.
    std::optional<Duration> ahead{};  // what enters it may be told so long afterwards
    Entrance entrance{};
    std::optional<Timestamp> entry_at{};  // the event under way
  };
  std::uint8_t stream_of(const Datagram& d);
  PacketRef copy_of(const Datagram& d);
  Place place_of(std::uint32_t flight);
  void next_hop(std::uint32_t flight);
  void pass(Timestamp now, std::uint32_t flight);
  void come(Timestamp at, std::uint32_t flight, std::uint32_t line);
  void catch_up(Timestamp now, Line& line);
  void arm_entry(std::uint32_t line);
  void arm_read(std::uint16_t member);
  void told(std::uint32_t flight, const Place& place, const Link::Result& result);
  Traffic traffic_of(std::uint32_t flight);
  void go_on(Timestamp at, std::uint32_t flight, const Place& place);
  std::uint32_t line_after(std::uint32_t flight) const;
  std::uint32_t duplicate(std::uint32_t flight);
  void lose(std::uint32_t flight, Passage passage);
  void arm(std::uint32_t line);

  std::size_t members_;
  std::optional<std::uint64_t> lose_;
  Observer* observer_;
  PacketPool& pool_;
  PacketPool& small_;
  EventQueue& events_;
  LinePaths paths_;
  std::vector<Line> lines_;     // as paths_ numbers them
  std::vector<Inbox> inboxes_;  // by member
  Wakes wakes_;
  std::vector<Link::Told> told_;  // scratch
  // What a stream is called on its way from one member to another, by pair and layer: most packets
  // are known by it and need not be read. More than 32 bits: none yet.
  std::vector<std::array<std::uint64_t, kWireStreams.size()>> ssrcs_;
  Timestamp measured_from_;
  Slots<Datagram> flights_;
  Slots<CrossParcel> parcels_;
  Crossings crossings_;
  Tally tally_;
};

}  // namespace diemcau::sim
