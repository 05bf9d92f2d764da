// Sizes on the line: datagram, seal, IP and UDP headers, and what the line itself adds.
#include "sim/network.h"

#include <algorithm>
#include <cstddef>

#include "core/base/byte_reader.h"
#include "core/base/check.h"
#include "core/wire/rtp.h"
#include "sim/model_keys.h"

namespace diemcau::sim {

namespace {

constexpr std::uint64_t kNoSsrc = ~std::uint64_t{0};
constexpr std::array<std::uint64_t, kWireStreams.size()> no_ssrcs() {
  std::array<std::uint64_t, kWireStreams.size()> none{};
  none.fill(kNoSsrc);
  return none;
}

// What enters a line cannot come out of it earlier than so much later.
Duration least_delay(const DelayConfig& c) {
  const Duration jitter = c.jitter.kind == JitterConfig::Kind::none ? 0ns : c.jitter.cap;
  return c.trace ? 0ns : std::max<Duration>(c.base - jitter, 0ns);
}

}  // namespace

Network::Network(const Scenario& scenario, const WorldOptions& options, Pools pools,
                 EventQueue& events, Wakes wakes)
    : members_(scenario.members.size()),
      lose_(options.lose_datagram),
      observer_(options.observer),
      pool_(pools.packets),
      small_(pools.small),
      events_(events),
      paths_(scenario),
      inboxes_(members_),
      wakes_(std::move(wakes)),
      ssrcs_(members_ * members_, no_ssrcs()),
      crossings_(members_) {
  for (const NamedLine& line : paths_.lines()) {
    const LinkIdentity identity{scenario.seed, lines_.size(), scenario.duration + 1min};
    lines_.push_back({Link{line.config, identity}, line.name, std::nullopt});
  }
  for (std::uint16_t member = 0; member < members_; ++member) {
    Line& line = lines_[paths_.inwards(member).back()];
    const LinkConfig& config = line.link.config();
    if (config.discipline == LinkConfig::Discipline::drop_tail)
      line.ahead = observer_ != nullptr ? 0ns : least_delay(config.delay);
  }
}

std::uint8_t Network::stream_of(const Datagram& d) {
  const ByteSpan bytes = d.packet->bytes();
  if (bytes.size() < wire::kRtpFixedHeaderBytes) return kNoStream;
  ByteReader reader{bytes.subspan(8)};
  const std::uint64_t ssrc = reader.u32();
  auto& known = ssrcs_[std::size_t{d.from} * members_ + d.to];
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i] == ssrc) return static_cast<std::uint8_t>(i);
  }
  const auto stream = sim::stream_of(bytes);
  if (!stream) return kNoStream;
  const std::uint8_t place = sim::place_of(*stream);
  known[place] = ssrc;
  return place;
}

PacketRef Network::copy_of(const Datagram& d) {
  const Packet& packet = *d.packet;
  // Real seals are opened in place and ask for room behind them.
  PacketRef copy = (packet.present() <= kSmallPacket && !d.sealed ? small_ : pool_).take();
  std::copy_n(packet.data(), packet.present(), copy->data());
  copy->set_size(packet.present(), packet.elided());
  return copy;
}

Place place_of(const LinePaths& paths, const CrossParcel& p) {
  const auto& path = p.up ? paths.outwards(p.member) : paths.inwards(p.member);
  Place place;
  place.line = path[p.hop];
  place.last = p.hop + std::size_t{1} == path.size();
  place.to = p.member;
  place.flow = kCrossHandle | p.flow << 1 | (p.up ? 1U : 0U);
  place.size = p.size;
  return place;
}

Place Network::place_of(std::uint32_t flight) {
  if ((flight & kCrossHandle) != 0) return sim::place_of(paths_, parcels_[flight & ~kCrossHandle]);
  Place place;
  const Datagram& d = flights_[flight];
  place.line = paths_.line(d.from, d.to, d.hop);
  place.last = d.hop + std::size_t{1} == paths_.hops(d.from, d.to);
  place.to = d.to;
  place.flow = static_cast<std::uint32_t>(d.from) << 16 | d.to;
  place.size = ByteCount::bytes(std::int64_t{d.payload_bytes} + kIpUdpBytes);
  return place;
}

Traffic Network::traffic_of(std::uint32_t flight) {
  if ((flight & kCrossHandle) != 0) {
    const CrossParcel& p = parcels_[flight & ~kCrossHandle];
    return {p.member, p.member, true, std::nullopt, p.size.count()};
  }
  const Datagram& d = flights_[flight];
  return {d.from, d.to, false, stream_at(d.stream), static_cast<std::int64_t>(d.payload_bytes)};
}

void Network::send(Timestamp now, CrossParcel parcel) {
  pass(now, parcels_.put(std::move(parcel)) | kCrossHandle);
}

std::uint32_t Network::make(std::uint16_t from, std::uint16_t to, mesh::PacketKind kind,
                            PacketRef packet) {
  const std::uint32_t flight = flights_.place();
  Datagram& d = flights_[flight];
  d.from = from;
  d.to = to;
  d.hop = 0;
  d.corrupt = d.sealed = false;
  d.kind = kind;
  d.stream = kNoStream;
  d.key = 0;
  d.packet = std::move(packet);
  d.read.reset();
  return flight;
}

void Network::send(Timestamp now, std::uint32_t flight) {
  Datagram& d = flights_[flight];
  const bool by_hand = lose_ && *lose_ == tally_.sent;
  ++tally_.sent;
  const std::uint32_t seal = d.sealed ? 0 : seal_bytes(d.kind);
  d.payload_bytes = static_cast<std::uint32_t>(d.packet->wire_size()) + seal;
  if (d.kind == mesh::PacketKind::rtp) d.stream = stream_of(d);
  Crossing* crossing = d.stream != kNoStream ? &crossing_of(d) : nullptr;
  if (crossing != nullptr) diemcau::fetch(crossing, offsetof(Crossing, delay));
  const std::uint32_t bytes = d.payload_bytes;
  if (observer_ != nullptr) {
    Traffic traffic{d.from, d.to, false, stream_at(d.stream),
                    static_cast<std::int64_t>(d.payload_bytes)};
    if (d.kind == mesh::PacketKind::rtp)
      traffic.repair_bytes = static_cast<std::int64_t>(repair_bytes_of(*d.packet));
    observer_->sent(now, traffic);
  }
  if (by_hand) {
    ++tally_.lost_by_hand;
    static_cast<void>(flights_.take(flight));
  } else {
    if (d.packet->capacity() > kSmallPacket || !d.packet.sole()) d.packet = copy_of(d);
    d.sent_at = now;
    pass(now, flight);
  }
  if (crossing == nullptr) return;
  ++crossing->packets_sent;  // last: it has been fetched by now
  crossing->bytes_sent += bytes;
}

void Network::next_hop(std::uint32_t flight) {
  if ((flight & kCrossHandle) != 0) {
    ++parcels_[flight & ~kCrossHandle].hop;
  } else {
    ++flights_[flight].hop;
  }
}

void Network::cross(Timestamp now, std::uint32_t flight) {
  next_hop(flight);
  pass(now, flight);
}

void Network::pass(Timestamp now, std::uint32_t flight) {
  const Place place = place_of(flight);
  Line& line = lines_[place.line];
  if (line.ahead) catch_up(now, line);  // came before it
  const Link::Result result = line.link.send(now, place.size, place.flow, flight);
  if (result.passage != Passage::waits) told(flight, place, result);
  if (!line.ahead) arm(place.line);
}

// ------------------------------------------------------------ a member's own line and its inbox

void Network::come(Timestamp at, std::uint32_t flight, std::uint32_t line) {
  next_hop(flight);
  lines_[line].entrance.add(at, flight);
  arm_entry(line);
}

void Network::arm_entry(std::uint32_t line) {
  Line& l = lines_[line];
  const auto first = l.entrance.first();
  if (!first) return;
  const Timestamp at = *first + *l.ahead;
  if (l.entry_at && *l.entry_at <= at) return;
  l.entry_at = at;
  events_.push(at, EventClass::entry, static_cast<std::uint16_t>(line));
}

void Network::enter(Timestamp now, std::uint16_t line) {
  Line& l = lines_[line];
  if (l.entry_at != now) return;
  l.entry_at.reset();
  catch_up(now, l);
  arm_entry(line);
}

void Network::catch_up(Timestamp now, Line& line) {
  const auto due = line.entrance.take(now);
  for (const Entrance::Coming& coming : due) {
    if ((coming.flight & kCrossHandle) == 0) __builtin_prefetch(&flights_[coming.flight]);
  }
  for (const Entrance::Coming& coming : due) {
    const Place place = place_of(coming.flight);
    told(coming.flight, place, line.link.send(coming.at(), place.size, place.flow));
  }
}

void Network::arm_read(std::uint16_t member) {
  Inbox& inbox = inboxes_[member];
  const auto* first = inbox.first();
  if (first == nullptr) return;
  if (!inbox.wakes_after) inbox.wakes_after = wakes_(member);
  const Timestamp at = first->at + *inbox.wakes_after;
  if (inbox.read_at == at) return;
  inbox.read_at = at;
  events_.push(at, EventClass::read, member);
}

bool Network::wakes(Timestamp now, std::uint16_t member) {
  Inbox& inbox = inboxes_[member];
  if (inbox.read_at != now) return false;
  inbox.read_at.reset();
  inbox.wakes_after.reset();
  return true;
}

std::optional<std::uint32_t> Network::read(Timestamp now, std::uint16_t member) {
  Inbox& inbox = inboxes_[member];
  const auto arrived = inbox.take(now);
  if (!arrived) {
    arm_read(member);
    return std::nullopt;
  }
  const Datagram& d = flights_[arrived->flight];
  if (d.stream != kNoStream && arrived->at > measured_from_)
    crossing_of(d).delay.add(arrived->at - d.sent_at);
  return arrived->flight;
}

// ------------------------------------------------------------ what a line has done

void Network::serve(Timestamp now, std::uint16_t line) {
  Line& l = lines_[line];
  if (l.service_at != now) return;
  l.service_at.reset();
  told_.clear();
  l.link.serve(now, told_);
  for (const Link::Told& t : told_) told(t.handle, place_of(t.handle), t.result);
  arm(line);
}

void Network::arm(std::uint32_t line) {
  Line& l = lines_[line];
  const auto at = l.link.next_service();
  if (!at || (l.service_at && *l.service_at <= *at)) return;
  l.service_at = at;
  events_.push(*at, EventClass::service, static_cast<std::uint16_t>(line));
}

void Network::told(std::uint32_t flight, const Place& place, const Link::Result& result) {
  if (observer_ != nullptr) {
    Traffic traffic = traffic_of(flight);
    traffic.bytes = place.size.count() + lines_[place.line].link.config().overhead;
    observer_->crossed(place.line, traffic, result);
  }
  if (result.passage != Passage::carried) return lose(flight, result.passage);
  if ((flight & kCrossHandle) == 0) {
    if (result.copy_at) go_on(*result.copy_at, duplicate(flight), place);
    flights_[flight].corrupt = flights_[flight].corrupt || result.corrupt;
  } else if (result.corrupt) {  // its checksum fails, and nobody there counts it
    static_cast<void>(take_cross(flight));
    return;
  }
  go_on(result.arrives_at, flight, place);
}

std::uint32_t Network::line_after(std::uint32_t flight) const {
  if ((flight & kCrossHandle) != 0) {
    const CrossParcel& p = parcels_[flight & ~kCrossHandle];
    return (p.up ? paths_.outwards(p.member) : paths_.inwards(p.member))[p.hop + std::size_t{1}];
  }
  const Datagram& d = flights_[flight];
  return paths_.line(d.from, d.to, d.hop + std::size_t{1});
}

void Network::go_on(Timestamp at, std::uint32_t flight, const Place& place) {
  const bool of_cross = (flight & kCrossHandle) != 0;
  if (!place.last) {
    const std::uint32_t next = line_after(flight);
    if (lines_[next].ahead) return come(at, flight, next);
    return events_.push(at, EventClass::crossing, place.to, flight);
  }
  if (of_cross || observer_ != nullptr) events_.push(at, EventClass::arrival, place.to, flight);
  if (of_cross) return;
  if (inboxes_[place.to].add(at, flight)) arm_read(place.to);
}

std::uint32_t Network::duplicate(std::uint32_t flight) {
  ++tally_.duplicated;
  if (!flights_[flight].read) flights_[flight].read = std::make_shared<bool>(false);
  Datagram copy = flights_[flight];
  copy.packet = copy_of(copy);
  return flights_.put(std::move(copy));
}

void Network::lose(std::uint32_t flight, Passage passage) {
  if ((flight & kCrossHandle) != 0) {
    static_cast<void>(take_cross(flight));
    return;
  }
  static_cast<void>(flights_.take(flight));
  switch (passage) {
    case Passage::dropped_queue: ++tally_.dropped_queue; break;
    case Passage::dropped_policer: ++tally_.dropped_policer; break;
    case Passage::lost_outage: ++tally_.lost_outage; break;
    case Passage::lost_wire: ++tally_.lost_wire; break;
    case Passage::carried:
    case Passage::waits: DC_CHECK(false && "it is not lost");
  }
}

void Network::warmup_over(Timestamp now) {
  for (Line& line : lines_) catch_up(now, line);
  measured_from_ = now;
  for (Line& line : lines_) line.link.reset_figures(now);
  crossings_.reset();
}

void Network::finish(Timestamp now) {
  for (Line& line : lines_) catch_up(now, line);
  // Arrived and not read yet.
  for (Inbox& inbox : inboxes_) {
    while (const auto arrived = inbox.take(now)) {
      const Datagram& d = flights_[arrived->flight];
      if (d.stream != kNoStream) crossing_of(d).delay.add(arrived->at - d.sent_at);
    }
  }
}

Tally Network::tally() const {
  Tally t = tally_;
  t.in_flight = flights_.in_use();
  return t;
}

bool Network::interrupted(std::uint16_t member, Timestamp from, Timestamp to) const {
  for (const auto* path : {&paths_.outwards(member), &paths_.inwards(member)}) {
    for (const std::uint32_t line : *path) {
      if (lines_[line].link.interrupted(from, to)) return true;
    }
  }
  return false;
}

std::vector<LinkReport> Network::link_reports(Timestamp now) {
  std::vector<LinkReport> reports;
  for (Line& line : lines_)
    reports.push_back({line.name, line.link.utilisation(measured_from_, now), line.link.figures()});
  return reports;
}

}  // namespace diemcau::sim
