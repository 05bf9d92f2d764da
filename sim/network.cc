// Sizes on the line: datagram, seal, IP and UDP headers, and what the line itself adds.
#include "sim/network.h"

#include <algorithm>

#include "core/wire/rtp.h"
#include "sim/model_keys.h"

namespace diemcau::sim {

namespace {

std::optional<Layer> layer_of(const Packet& packet) {
  const auto rtp = wire::parse_rtp(packet.bytes());
  if (!rtp) return std::nullopt;
  if (rtp->header.payload_type == wire::kAudioPayloadType) return Layer::only;
  if (!rtp->extensions.frame_descriptor) return std::nullopt;
  return rtp->extensions.frame_descriptor->layer;
}

ByteCount udp_payload(const Datagram& d) {
  return ByteCount::bytes(static_cast<std::int64_t>(d.packet->wire_size()) + seal_bytes(d.kind));
}

}  // namespace

Network::Network(const Scenario& scenario, std::optional<std::uint64_t> lose, PacketPool& pool,
                 EventQueue& events)
    : members_(scenario.members.size()),
      lose_(lose),
      pool_(pool),
      events_(events),
      crossings_(members_ * members_ * 4) {
  for (std::size_t i = 0; i < members_; ++i) {
    const Site& site = scenario.members[i];
    up_.emplace_back(site.up, CounterRandom{scenario.seed, Purpose::wire_loss, i * 2});
    down_.emplace_back(site.down, CounterRandom{scenario.seed, Purpose::wire_loss, i * 2 + 1});
  }
}

void Network::send(Timestamp now, Datagram d) {
  const bool by_hand = lose_ && *lose_ == tally_.sent;
  ++tally_.sent;
  if (d.kind == mesh::PacketKind::rtp) d.layer = layer_of(*d.packet);
  if (d.layer) {
    Crossing& c = crossing_of(d);
    ++c.packets_sent;
    c.bytes_sent += static_cast<std::uint64_t>(udp_payload(d).count());
  }
  if (by_hand) {
    ++tally_.lost_by_hand;
    return;
  }
  const ByteCount size = udp_payload(d) + ByteCount::bytes(kIpUdpBytes);
  const Link::Result result = up_[d.from].send(now, size);
  if (lost(result)) return;
  PacketRef copy = pool_.take();
  std::copy_n(d.packet->data(), d.packet->present(), copy->data());
  copy->set_size(d.packet->present(), d.packet->elided());
  d.packet = std::move(copy);
  d.sent_at = now;
  const std::uint16_t to = d.to;
  events_.push(result.arrives_at, EventClass::crossing, to, flights_.put(std::move(d)));
}

void Network::cross(Timestamp now, std::uint32_t flight) {
  const Datagram& d = flights_[flight];
  const std::uint16_t to = d.to;
  const Link::Result result = down_[to].send(now, udp_payload(d) + ByteCount::bytes(kIpUdpBytes));
  if (lost(result)) {
    static_cast<void>(flights_.take(flight));
    return;
  }
  events_.push(result.arrives_at, EventClass::arrival, to, flight);
}

Datagram Network::take(Timestamp now, std::uint32_t flight) {
  Datagram d = flights_.take(flight);
  if (d.layer) crossing_of(d).delay.add(now - d.sent_at);
  return d;
}

bool Network::lost(const Link::Result& result) {
  if (result.passage == Passage::carried) return false;
  ++(result.passage == Passage::dropped_queue ? tally_.dropped_queue : tally_.lost_wire);
  return true;
}

void Network::warmup_over() {
  at_warmup_ = tally_;
  for (Link& link : up_) link.reset_figures();
  for (Link& link : down_) link.reset_figures();
  for (Crossing& c : crossings_) c = Crossing{};
}

Tally Network::tally() const {
  Tally t = tally_;
  t.in_flight = flights_.in_use();
  return t;
}

Tally Network::tally_after_warmup() const {
  Tally t = tally_;
  t.sent -= at_warmup_.sent;
  t.delivered -= at_warmup_.delivered;
  t.dropped_queue -= at_warmup_.dropped_queue;
  t.lost_wire -= at_warmup_.lost_wire;
  t.lost_by_hand -= at_warmup_.lost_by_hand;
  t.refused -= at_warmup_.refused;
  return t;
}

std::vector<LinkReport> Network::link_reports(const Scenario& scenario, Duration measured) const {
  std::vector<LinkReport> reports;
  const auto add = [&](const std::string& name, const Link& link) {
    const double capacity =
        static_cast<double>(link.config().rate.bps()) * to_ms_double(measured) / 1e3;
    reports.push_back(
        {name, static_cast<double>(link.figures().bits_served) / capacity, link.figures()});
  };
  for (std::size_t i = 0; i < members_; ++i) {
    add(scenario.members[i].name + "/up", up_[i]);
    add(scenario.members[i].name + "/down", down_[i]);
  }
  return reports;
}

}  // namespace diemcau::sim
