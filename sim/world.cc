// The lab's driver: every bridge gets its inputs in one total order of virtual time, and everything
// that crosses a boundary goes into the digest.
#include "sim/world.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "core/base/check.h"
#include "core/base/digest.h"
#include "core/mesh/trace.h"
#include "sim/devices.h"
#include "sim/event_queue.h"
#include "sim/network.h"
#include "sim/participant.h"
#include "sim/second_meter.h"

namespace diemcau::sim {

namespace {

// A bridge that asks for the same moment again and again would stop the world.
constexpr std::uint32_t kMostTimersAtOnce = 10'000;

}  // namespace

struct World::Impl {
  Impl(const Scenario& s, WorldOptions o)
      : scenario(s),
        options(std::move(o)),
        network(scenario, options, {packets, headers}, events,
                [this](std::uint16_t member) { return members[member]->host.socket_wakes(); }),
        cross(scenario.cross, scenario.seed,
              {[this](Timestamp t, CrossParcel parcel) { network.send(t, std::move(parcel)); },
               [this](Timestamp at, std::uint32_t flow) {
                 events.push(std::max(at, now), EventClass::cross, 0, flow);
               }}) {
    const auto roster = roster_of(scenario);
    for (std::uint16_t i = 0; i < roster.size(); ++i)
      members.push_back(std::make_unique<Participant>(
          scenario, roster, i, Participant::Pools{packets, headers, frames}));
  }

  // ------------------------------------------------------------ the boundary
  template <typename Boundary>
  void note(const Participant& p, const Boundary& what) {
    mesh::trace(now, p.index, what, digest);
    ++noted;
    if (!options.on_event) return;
    words.clear();
    mesh::trace(now, p.index, what, words);
    options.on_event(words);
  }

  void deliver(Participant& p, mesh::Input&& input) {
    note(p, input);
    p.bridge.handle(p.clock.local(now), std::move(input));
    while (mesh::Output* output = p.bridge.poll()) {
      note(p, *output);
      std::visit([&](auto& o) { act(p, o); }, *output);
    }
    set_timer(p);
  }

  void set_timer(Participant& p) {
    const auto deadline = p.bridge.next_deadline();
    if (!deadline || p.armed_for <= *deadline) return;
    p.armed_for = *deadline;
    const Timestamp at = p.clock.true_time(*deadline);
    // What is due already needs no sleep to end.
    p.timer_at = at > now ? at + p.host.timer_late() : now;
    events.push(p.timer_at, EventClass::timer, p.index);
  }

  // ------------------------------------------------------------ outputs
  void act(Participant& p, mesh::SendPacket& o) {
    const auto& route = p.routes[o.path.value];
    if (!route) return network.refused_unsent();
    const std::uint32_t flight = network.make(p.index, *route, o.kind, std::move(o.packet));
    if (!seal(p.keys, options.seal, network[flight])) return network.refused_unsent(flight);
    network.send(now, flight);
  }
  void act(Participant& p, const mesh::PathOpened& o) {
    if (p.routes.size() <= o.path.value) p.routes.resize(o.path.value + std::size_t{1});
    p.routes[o.path.value].reset();
    for (std::uint16_t i = 0; i < members.size(); ++i) {
      if (address_of(i) != o.remote) continue;
      p.routes[o.path.value] = i;
      p.paths[i] = o.path;
    }
  }
  void act(Participant& p, const mesh::PathClosed& o) {
    const auto route = std::exchange(p.routes[o.path.value], std::nullopt);
    if (route && p.paths[*route] == o.path) p.paths[*route].reset();
  }
  void act(Participant& p, const mesh::SetEncoder& o) {
    devices.perform(now, p, o);
    if (options.observer != nullptr) options.observer->encoder_set(now, p.index, o);
  }
  void act(Participant& p, const mesh::PlayAudio& o) { devices.perform(now, p, o); }
  void act(Participant& p, const mesh::DecodeFrame& o) { devices.perform(now, p, o); }
  void act(Participant& p, const mesh::ShowFrame& o) { devices.perform(now, p, o); }
  void act(Participant&, const mesh::RecordBytes&) {}
  void act(Participant& p, const mesh::Event& o) {
    if (o.kind == mesh::EventKind::link_up) p.peers[o.peer.value].up = true;
    if (o.kind == mesh::EventKind::link_down || o.kind == mesh::EventKind::peer_left) {
      p.peers[o.peer.value].up = false;
      p.peers[o.peer.value].playout.silent();
    }
    if (options.observer != nullptr) options.observer->told(now, p.index, o);
  }

  // ------------------------------------------------------------ events
  void start(Participant& p) {
    p.started = true;
    devices.start(now, p);
  }

  // All that comes until the thread is awake is one batch.
  void read(Participant& p) {
    if (!network.wakes(now, p.index)) return;
    while (const auto flight = network.read(now, p.index)) take(p, *flight);
    fetch_after(p.index);
  }

  // What a member will read next is known when it has read the one before, some dozens of events
  // ahead: it is fetched now, what is found through it after the next two reads of anybody.
  void fetch_after(std::uint16_t member) {
    if (const Datagram* d = network.next_read(member)) __builtin_prefetch(d);
    const std::uint16_t second = std::exchange(to_fetch[0], to_fetch[1]);
    const std::uint16_t first = std::exchange(to_fetch[1], member);
    if (const Datagram* d = network.next_read(first)) {
      network.fetch(*d);
      if (const auto path = members[first]->paths[d->from]) members[first]->bridge.fetch(*path);
    }
    if (const Datagram* d = network.next_read(second)) {
      if (const auto path = members[second]->paths[d->from])
        members[second]->bridge.fetch_next(*path, d->packet->bytes());
    }
  }

  void take(Participant& p, std::uint32_t flight) {
    Datagram d = network.take(flight);
    const auto& path = p.paths[d.from];
    if (!p.here() || (!path && d.kind != mesh::PacketKind::stun) ||
        !open(p.keys, options.seal, now, d))
      return network.refused();
    network.delivered();
    if (path) {
      deliver(p, mesh::PacketArrived{*path, d.kind, p.clock.local(now), std::move(d.packet)});
    } else {
      deliver(
          p, mesh::StrangerArrived{0, address_of(d.from), p.clock.local(now), std::move(d.packet)});
    }
  }

  void timer(Participant& p) {
    if (p.timer_at != now) return;  // an earlier one was set after this one
    p.timer_at = p.armed_for = Participant::kNever;
    const auto deadline = p.bridge.next_deadline();
    if (deadline && *deadline <= p.clock.local(now)) {
      p.timers_at_once = p.last_timer_at == now ? p.timers_at_once + 1 : 0;
      p.last_timer_at = now;
      DC_CHECK(p.timers_at_once < kMostTimersAtOnce);
      deliver(p, mesh::TimePassed{});
    } else {
      set_timer(p);
    }
  }

  void warmup_over() {
    network.warmup_over(now);
    cross.reset_figures();
    devices.pages().reset(now);
    for (auto& p : members) {
      if (p->started) p->bridge.reset_figures(p->clock.local(now));
    }
  }

  // Says goodbye; what its models would have done from here on is left out.
  void leave(Participant& p) {
    if (!p.here()) return;
    deliver(p, mesh::Command{mesh::Leave{}});
    p.left = true;
  }

  void dispatch(const SimEvent& event) {
    switch (event.what()) {
      case EventClass::read: return read(*members[event.id()]);
      case EventClass::entry: return network.enter(now, event.id());
      case EventClass::crossing: return network.cross(now, event.payload);
      case EventClass::service: return network.serve(now, event.id());
      case EventClass::cross: return cross.wake(now, event.payload);
      case EventClass::arrival:
        if ((event.payload & kCrossHandle) == 0) return network.arrived(now, event.payload);
        return cross.arrive(now, network.take_cross(event.payload));
      case EventClass::warmup_over: return warmup_over();
      default: return dispatch(event, *members[event.id()]);
    }
  }
  void dispatch(const SimEvent& event, Participant& p) {
    if (p.left) return devices.drop(event);  // was under way for a bridge that has left
    switch (event.what()) {
      case EventClass::timer: return timer(p);
      case EventClass::start: return start(p);
      case EventClass::leave: return leave(p);
      default: return devices.handle(now, p, event);
    }
  }

  RunResult run() {
    for (const auto& p : members) {
      events.push(p->starts_at, EventClass::start, p->index);
      if (const auto leaves = scenario.members[p->index].leaves)
        events.push(timestamp_from_ns(0) + *leaves, EventClass::leave, p->index);
    }
    events.push(now + scenario.warmup, EventClass::warmup_over, 0);
    cross.start();
    const Timestamp end = now + scenario.duration;
    Timestamp next_second = now + 1s;
    while (const auto event = events.pop(end)) {
      now = event->time();
      for (; now >= next_second; next_second += 1s) second_over(next_second);
      dispatch(*event);
    }
    now = end;
    network.finish(now);
    return result();
  }

  // Looks at everything and changes nothing.
  void second_over(Timestamp end) {
    if (options.on_second) options.on_second(end);
    if (!options.sample_seconds) return;
    const auto second = static_cast<std::uint32_t>(to_ns(end) / 1'000'000'000 - 1);
    for (const auto& p : members) {
      if (!p->here()) continue;
      meter.add(p->index, second, p->bridge.report(p->clock.local(end)),
                network.interrupted(p->index, end - 1s, end));
    }
  }

  RunResult result() {
    RunResult r;
    r.digest = digest.value();
    r.virtual_time = scenario.duration;
    r.measured = scenario.duration - scenario.warmup;
    r.events = noted;
    r.whole = network.tally();
    for (std::size_t i = 0; i < members.size(); ++i) {
      r.names.push_back(scenario.members[i].name);
      for (std::size_t j = 0; j < members.size(); ++j) {
        if (!meet(scenario.members[i], scenario.members[j])) r.apart.emplace(i, j);
      }
      r.bridges.push_back(members[i]->bridge.report(members[i]->clock.local(now)));
      r.undecodable += members[i]->undecodable;
      for (const auto& peer : members[i]->peers)
        r.underrun_samples += peer.playout.underrun_samples();
    }
    r.links = network.link_reports(now);
    r.crossings = network.crossings();
    r.cross = cross.reports();
    r.per_second = meter.take();
    r.pages = devices.pages().reports();
    return r;
  }

  const Scenario scenario;
  const WorldOptions options;
  // The pools outlive everything that holds their packets and frames.
  PacketPool packets, headers{kSmallPacket};
  FramePool frames;
  EventQueue events;
  Network network;
  CrossTraffic cross;
  SecondMeter meter{scenario.members.size()};
  Members members;
  Devices devices{scenario, options, members, events,
                  [this](Participant& p, mesh::Input&& input) { deliver(p, std::move(input)); }};
  Timestamp now;
  std::array<std::uint16_t, 2> to_fetch{};  // members that have read last
  Digest digest;
  std::uint64_t noted = 0;
  mesh::Words words;
};

World::World(const Scenario& scenario, WorldOptions options)
    : impl_(std::make_unique<Impl>(scenario, std::move(options))) {}
World::~World() = default;
RunResult World::run() { return impl_->run(); }
std::int64_t World::bits_between(std::uint32_t line, Timestamp from, Timestamp to) {
  return impl_->network.bits_between(line, from, to);
}
bool World::interrupted(std::uint32_t line, Timestamp from, Timestamp to) const {
  return impl_->network.line_interrupted(line, from, to);
}

}  // namespace diemcau::sim
