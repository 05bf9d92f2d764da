// Real datagrams over the simulator's lines: what goes in at one time comes out at another,
// damaged, twice or not at all, between the traffic of others.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "core/base/packet_pool.h"
#include "core/units/time.h"
#include "sim/cross_traffic.h"
#include "sim/event_queue.h"
#include "sim/line_paths.h"
#include "sim/link.h"
#include "sim/network.h"
#include "sim/slots.h"

namespace diemcau::sim {

// Every datagram offered is in exactly one of: delivered minus duplicated, a loss, on the way.
struct RelayFigures {
  std::uint64_t offered = 0, delivered = 0;
  std::uint64_t duplicated = 0, corrupted = 0;
  std::uint64_t dropped_queue = 0, dropped_policer = 0, lost_wire = 0, lost_outage = 0;
  std::uint64_t no_room = 0;  // as much was on the way as may be
};

// Knows no clock and no socket: the emulator brings both, a test brings neither. One thread.
class Relay {
 public:
  // 100 MB of datagrams: a second of 800 Mbit/s. Beyond it the machine is no line any more.
  static constexpr std::size_t kMostUnderWay = 65'536;

  struct Delivery {
    std::uint16_t from = 0, to = 0;
    Timestamp entered, due;
    PacketRef packet;
  };
  struct LineFigures {
    std::string name;
    LinkFigures figures;
    double utilisation = 0;
  };

  // Time 0 is the start of the scenario. `life` bounds what outages are drawn for.
  Relay(const Scenario& scenario, Duration life, std::size_t most_under_way = kMostUnderWay);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Takes a copy. `now` never goes back, and everything that is due before it has been polled; the
  // datagram is not longer than longest().
  void offer(Timestamp now, std::uint16_t from, std::uint16_t to, ByteSpan datagram);
  // The next datagram whose time has come; poll until empty.
  std::optional<Delivery> poll(Timestamp now);
  // When poll() is due.
  std::optional<Timestamp> next() const;

  std::size_t longest() const { return packets_.capacity_bytes(); }
  std::size_t members() const { return paths_.members(); }
  const RelayFigures& figures() const { return figures_; }
  std::uint64_t under_way() const { return flights_.in_use(); }
  std::vector<LineFigures> lines(Timestamp now);
  std::vector<CrossReport> cross() const { return cross_.reports(); }

 private:
  struct Flight {
    std::uint16_t from = 0, to = 0;
    std::uint8_t hop = 0;
    bool corrupt = false;
    Timestamp entered;
    PacketRef packet;
  };
  struct Line {
    Link link;
    std::optional<Timestamp> service_at;  // the event under way
  };
  struct Later {
    bool operator()(const SimEvent& a, const SimEvent& b) const { return b < a; }
  };
  Place place_of(std::uint32_t flight);
  void enter(Timestamp now, std::uint32_t flight);
  void serve(Timestamp now, std::uint32_t line);
  void arm(std::uint32_t line);
  void told(std::uint32_t flight, const Link::Result& result);
  void go_on(Timestamp at, std::uint32_t flight);
  void lose(std::uint32_t flight, Passage passage);
  void damage(Packet& packet);
  void push(Timestamp at, EventClass what, std::uint16_t id, std::uint32_t payload);

  LinePaths paths_;
  std::size_t most_under_way_;
  PacketPool packets_;  // outlives the flights
  std::vector<Line> lines_;
  Slots<Flight> flights_;
  Slots<CrossParcel> parcels_;
  std::priority_queue<SimEvent, std::vector<SimEvent>, Later> events_;
  std::uint64_t sequence_ = 0;
  Timestamp now_;  // of the event being handled
  CrossTraffic cross_;
  std::vector<Link::Told> told_;  // scratch
  CounterRandom damage_;
  RelayFigures figures_;
};

}  // namespace diemcau::sim
