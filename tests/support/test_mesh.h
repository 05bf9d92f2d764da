// N bridges on lines with a delay, driven in virtual time: jumps to the nearest deadline, bounded
// in steps.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/mesh/bridge.h"
#include "tests/support/test_ports.h"

namespace diemcau::test {

// The roster is "b0", "b1", …; b0 is central and records. Addresses are 10.0.0.<index>:5000, until
// bridges change places. Every output that is not a datagram is handed to `on_output`; datagrams
// cross after `delay` unless `drop` says otherwise.
class TestMesh {
 public:
  struct Datagram {
    std::size_t from = 0, to = 0;
    mesh::PacketKind kind{};
    std::vector<std::uint8_t> bytes;
    std::size_t elided = 0;
  };
  // `tiles`: of all but b0, which records. `uplink`: of each.
  explicit TestMesh(std::size_t count, std::uint64_t seed = 1, mesh::TileLayers tiles = {},
                    Bitrate uplink = mesh::BridgeConfig{}.uplink) {
    for (std::size_t i = 0; i < count; ++i)
      nodes_.push_back(std::make_unique<Node>(i, count, seed, tiles, uplink));
    for (std::size_t i = 0; i < count; ++i) place_.push_back(i);
    for (std::size_t i = 0; i < count; ++i) start(i);
  }

  Duration delay = 5ms;
  std::function<bool(const Datagram&)> drop = [](const Datagram&) { return false; };
  std::function<void(std::size_t bridge, const mesh::Output&)> on_output =
      [](std::size_t, const mesh::Output&) {};

  Timestamp now() const { return now_; }
  mesh::Bridge& bridge(std::size_t i) { return *nodes_[i]->bridge; }
  PacketPool& packets(std::size_t i) { return nodes_[i]->packets; }
  const std::vector<mesh::Event>& events(std::size_t i) const { return nodes_[i]->events; }
  std::size_t count_events(std::size_t i, mesh::EventKind kind) const {
    std::size_t n = 0;
    for (const auto& e : nodes_[i]->events) n += e.kind == kind ? 1 : 0;
    return n;
  }
  static Endpoint address(std::size_t i) {
    return Endpoint::v4(0x0A00'0000U + static_cast<std::uint32_t>(i), 5000);
  }

  void input(std::size_t i, mesh::Input in) {
    nodes_[i]->bridge->handle(now_, std::move(in));
    drain(i);
  }
  // A restart of the process: new bridge, new session, nothing remembered. `clock_ahead`: of what
  // the others' wall clocks say.
  void restart(std::size_t i, std::uint64_t seed, Duration clock_ahead = {}) {
    nodes_[i]->make_bridge(seed);
    start(i, clock_ahead);
  }
  // Each has the other's address from now on; rosters do not know.
  void change_places(std::size_t a, std::size_t b) { std::swap(place_[a], place_[b]); }
  // It has the address of `place` from now on, and nobody has its old one.
  void move(std::size_t i, std::size_t place) {
    empty_.insert(address(place_[i]));
    place_[i] = place;
  }
  void run_for(Duration d) {
    const Timestamp end = now_ + d;
    for (std::uint64_t steps = 0;; ++steps) {
      DC_CHECK(steps < 10'000'000);  // a livelock fails instead of hanging
      Timestamp next = end;
      for (const auto& n : nodes_) {
        if (const auto t = n->bridge->next_deadline(); t && *t < next) next = *t;
      }
      if (!line_.empty() && line_.begin()->first < next) next = line_.begin()->first;
      if (!agenda_.empty() && agenda_.begin()->first < next) next = agenda_.begin()->first;
      now_ = std::max(now_, next);
      deliver();
      while (!agenda_.empty() && agenda_.begin()->first <= now_) {
        const auto job = std::move(agenda_.begin()->second);
        agenda_.erase(agenda_.begin());
        job();
      }
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const auto t = nodes_[i]->bridge->next_deadline();
        if (t && *t <= now_) input(i, mesh::TimePassed{});
      }
      if (now_ >= end) return;
    }
  }
  // On the line now, as from that bridge's address.
  void send(Datagram d) { line_.emplace(now_ + delay, std::move(d)); }
  void at(Timestamp t, std::function<void()> job) { agenda_.emplace(t, std::move(job)); }

 private:
  struct Node {
    Node(std::size_t i, std::size_t count, std::uint64_t seed, mesh::TileLayers t, Bitrate u)
        : index(i),
          total(count),
          tiles(t),
          uplink(u),
          mac(PeerId{static_cast<std::uint16_t>(i)}, 42) {
      make_bridge(seed);
    }
    void make_bridge(std::uint64_t seed) {
      mesh::BridgeConfig config;
      for (std::size_t k = 0; k < total; ++k) {
        config.roster.push_back({"b" + std::to_string(k),
                                 k == 0 ? mesh::Role::central : mesh::Role::member,
                                 {TestMesh::address(k)}});
      }
      config.self = PeerId{static_cast<std::uint16_t>(index)};
      config.records = index == 0;
      config.tiles = tiles;
      config.uplink = uplink;
      config.seed = seed * 1000 + index;
      paths.clear();
      by_address.clear();
      bridge.reset();
      bridge = std::make_unique<mesh::Bridge>(
          config, mesh::Bridge::Ports{packets, frames, mac, handshakes});
    }
    std::size_t index, total;
    mesh::TileLayers tiles;
    Bitrate uplink;
    PacketPool packets;
    FramePool frames;
    KeyedMac mac;
    FourFlightsFactory handshakes;
    std::map<PathId, mesh::PathOpened> paths;
    std::map<Endpoint, PathId> by_address;
    std::vector<mesh::Event> events;
    std::unique_ptr<mesh::Bridge> bridge;
  };

  void start(std::size_t i, Duration clock_ahead = {}) {
    // 2026-01-01 in NTP seconds; every bridge of a test shares the wall clock.
    input(i, mesh::WallClock{
                 NtpTime::from_ns(3'976'214'400'000'000'000U) + (now_ - Timestamp{}) + clock_ahead,
                 1ms});
    input(i, mesh::LocalStatus{true, true, false});
  }
  void drain(std::size_t i) {
    while (auto out = nodes_[i]->bridge->poll()) {
      if (auto* opened = std::get_if<mesh::PathOpened>(&*out)) {
        nodes_[i]->paths[opened->path] = *opened;
        nodes_[i]->by_address[opened->remote] = opened->path;
      }
      if (auto* event = std::get_if<mesh::Event>(&*out)) nodes_[i]->events.push_back(*event);
      if (auto* send = std::get_if<mesh::SendPacket>(&*out)) {
        const auto path = nodes_[i]->paths.find(send->path);
        DC_CHECK(path != nodes_[i]->paths.end());
        Datagram d;
        d.from = i;
        d.to = at_end_of(path->second);
        d.kind = send->kind;
        d.bytes.assign(send->packet->bytes().begin(), send->packet->bytes().end());
        d.elided = send->packet->elided();
        if (!empty_.contains(path->second.remote) && !drop(d))
          line_.emplace(now_ + delay, std::move(d));
      }
      on_output(i, *out);
    }
  }
  void deliver() {
    while (!line_.empty() && line_.begin()->first <= now_) {
      const Datagram d = std::move(line_.begin()->second);
      line_.erase(line_.begin());
      Node& to = *nodes_[d.to];
      PacketRef packet = to.packets.take();
      std::copy(d.bytes.begin(), d.bytes.end(), packet->data());
      packet->set_size(d.bytes.size(), d.elided);
      const Endpoint from = address(place_[d.from]);
      const auto path = to.by_address.find(from);
      if (path != to.by_address.end()) {
        input(d.to, mesh::PacketArrived{path->second, d.kind, now_, std::move(packet)});
      } else if (d.kind == mesh::PacketKind::stun) {
        input(d.to, mesh::StrangerArrived{0, from, now_, std::move(packet)});
      }
    }
  }

  // Whoever has the address; the peer itself where a test made one up.
  std::size_t at_end_of(const mesh::PathOpened& path) const {
    for (std::size_t i = 0; i < place_.size(); ++i) {
      if (address(place_[i]) == path.remote) return i;
    }
    return path.peer.value;
  }

  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::size_t> place_;
  std::set<Endpoint> empty_;
  std::multimap<Timestamp, Datagram> line_;
  std::multimap<Timestamp, std::function<void()>> agenda_;
  Timestamp now_ = timestamp_from_ns(1'000'000'000);
};

}  // namespace diemcau::test
