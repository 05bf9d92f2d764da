// The same steps as in sim/network.cc, with the datagram's bytes at hand.
#include "sim/relay.h"

#include <algorithm>

#include "core/base/check.h"

namespace diemcau::sim {

Relay::Relay(const Scenario& scenario, Duration life, std::size_t most_under_way)
    : paths_(scenario),
      most_under_way_(most_under_way),
      cross_(scenario.cross, scenario.seed,
             {[this](Timestamp t, CrossParcel parcel) {
                enter(t, parcels_.put(std::move(parcel)) | kCrossHandle);
              },
              [this](Timestamp at, std::uint32_t flow) {
                push(std::max(at, now_), EventClass::cross, 0, flow);
              }}),
      damage_(scenario.seed, Purpose::damage, paths_.lines().size()) {
  lines_.reserve(paths_.lines().size());
  for (const NamedLine& line : paths_.lines()) {
    const LinkIdentity identity{scenario.seed, lines_.size(), life};
    lines_.push_back({Link{line.config, identity}, std::nullopt});
  }
  cross_.start();
}

void Relay::push(Timestamp at, EventClass what, std::uint16_t id, std::uint32_t payload) {
  const std::uint64_t order =
      static_cast<std::uint64_t>(what) << 56 | static_cast<std::uint64_t>(id) << 40 | sequence_++;
  events_.push({to_ns(at), order, payload});
}

void Relay::offer(Timestamp now, std::uint16_t from, std::uint16_t to, ByteSpan datagram) {
  DC_CHECK(from != to && from < members() && to < members());
  DC_CHECK(datagram.size() <= longest());
  DC_CHECK(events_.empty() || events_.top().time_ns >= to_ns(now));
  ++figures_.offered;
  if (under_way() >= most_under_way_) {
    ++figures_.no_room;
    return;
  }
  Flight flight{from, to, 0, false, now, packets_.take()};
  std::copy(datagram.begin(), datagram.end(), flight.packet->data());
  flight.packet->set_size(datagram.size());
  enter(now, flights_.put(std::move(flight)));
}

std::optional<Timestamp> Relay::next() const {
  if (events_.empty()) return std::nullopt;
  return events_.top().time();
}

std::optional<Relay::Delivery> Relay::poll(Timestamp now) {
  while (!events_.empty() && events_.top().time_ns <= to_ns(now)) {
    const SimEvent event = events_.top();
    events_.pop();
    now_ = event.time();
    const bool of_cross = (event.payload & kCrossHandle) != 0;
    if (event.what() == EventClass::service) {
      serve(now_, event.payload);
    } else if (event.what() == EventClass::cross) {
      cross_.wake(now_, event.payload);
    } else if (event.what() == EventClass::crossing) {
      ++(of_cross ? parcels_[event.payload & ~kCrossHandle].hop : flights_[event.payload].hop);
      enter(now_, event.payload);
    } else if (of_cross) {
      cross_.arrive(now_, parcels_.take(event.payload & ~kCrossHandle));
    } else {
      Flight flight = flights_.take(event.payload);
      ++figures_.delivered;
      if (flight.corrupt) damage(*flight.packet);
      return Delivery{flight.from, flight.to, flight.entered, event.time(),
                      std::move(flight.packet)};
    }
  }
  return std::nullopt;
}

void Relay::damage(Packet& packet) {
  if (packet.present() == 0) return;
  const std::uint64_t bit = damage_.next() % (packet.present() * 8);
  packet.data()[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  ++figures_.corrupted;
}

Place Relay::place_of(std::uint32_t flight) {
  if ((flight & kCrossHandle) != 0) return sim::place_of(paths_, parcels_[flight & ~kCrossHandle]);
  const Flight& f = flights_[flight];
  Place place;
  place.line = paths_.line(f.from, f.to, f.hop);
  place.last = f.hop + std::size_t{1} == paths_.hops(f.from, f.to);
  place.to = f.to;
  place.flow = static_cast<std::uint32_t>(f.from) << 16 | f.to;
  place.size = ByteCount::bytes(static_cast<std::int64_t>(f.packet->wire_size()) + kIpUdpBytes);
  return place;
}

void Relay::enter(Timestamp now, std::uint32_t flight) {
  const Place place = place_of(flight);
  const Link::Result result = lines_[place.line].link.send(now, place.size, place.flow, flight);
  if (result.passage != Passage::waits) told(flight, result);
  arm(place.line);
}

void Relay::serve(Timestamp now, std::uint32_t line) {
  Line& l = lines_[line];
  if (l.service_at != now) return;
  l.service_at.reset();
  told_.clear();
  l.link.serve(now, told_);
  for (const Link::Told& t : told_) told(t.handle, t.result);
  arm(line);
}

void Relay::arm(std::uint32_t line) {
  Line& l = lines_[line];
  const auto at = l.link.next_service();
  if (!at || (l.service_at && *l.service_at <= *at)) return;
  l.service_at = at;
  push(*at, EventClass::service, static_cast<std::uint16_t>(line), line);
}

void Relay::told(std::uint32_t flight, const Link::Result& result) {
  if (result.passage != Passage::carried) return lose(flight, result.passage);
  if ((flight & kCrossHandle) != 0) {
    // A damaged one fails its checksum, and nobody there counts it.
    if (!result.corrupt) return go_on(result.arrives_at, flight);
    static_cast<void>(parcels_.take(flight & ~kCrossHandle));
    return;
  }
  if (result.copy_at) {
    ++figures_.duplicated;
    Flight copy = flights_[flight];
    copy.packet = packets_.take();
    const Packet& original = *flights_[flight].packet;
    std::copy_n(original.data(), original.present(), copy.packet->data());
    copy.packet->set_size(original.present());
    go_on(*result.copy_at, flights_.put(std::move(copy)));
  }
  flights_[flight].corrupt = flights_[flight].corrupt || result.corrupt;
  go_on(result.arrives_at, flight);
}

void Relay::go_on(Timestamp at, std::uint32_t flight) {
  const Place place = place_of(flight);
  push(at, place.last ? EventClass::arrival : EventClass::crossing, place.to, flight);
}

void Relay::lose(std::uint32_t flight, Passage passage) {
  if ((flight & kCrossHandle) != 0) {
    static_cast<void>(parcels_.take(flight & ~kCrossHandle));
    return;
  }
  static_cast<void>(flights_.take(flight));
  switch (passage) {
    case Passage::dropped_queue: ++figures_.dropped_queue; break;
    case Passage::dropped_policer: ++figures_.dropped_policer; break;
    case Passage::lost_outage: ++figures_.lost_outage; break;
    case Passage::lost_wire: ++figures_.lost_wire; break;
    case Passage::carried:
    case Passage::waits: DC_CHECK(false && "it is not lost");
  }
}

std::vector<Relay::LineFigures> Relay::lines(Timestamp now) {
  std::vector<LineFigures> all;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    Link& link = lines_[i].link;
    all.push_back(
        {paths_.lines()[i].name, link.figures(), link.utilisation(timestamp_from_ns(0), now)});
  }
  return all;
}

}  // namespace diemcau::sim
