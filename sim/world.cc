// The lab's driver: every bridge gets its inputs in one total order of virtual time, and everything
// that crosses a boundary goes into the digest.
#include "sim/world.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/check.h"
#include "core/base/digest.h"
#include "core/mesh/trace.h"
#include "sim/event_queue.h"
#include "sim/network.h"
#include "sim/participant.h"
#include "sim/second_meter.h"

namespace diemcau::sim {

namespace {

// 2024-12-31 00:00:00 UTC in seconds since 1900: virtual time 0 on a perfect clock.
constexpr std::uint64_t kEpochSeconds = 3'944'592'000;
constexpr Duration kWallSpread = 20ms;
// A bridge that asks for the same moment again and again would stop the world.
constexpr std::uint32_t kMostTimersAtOnce = 10'000;

struct EncodedFrame {
  Layer layer = Layer::lo;
  Timestamp captured_at;
  VideoModel::Frame frame;
};

}  // namespace

struct World::Impl {
  Impl(const Scenario& s, WorldOptions o)
      : scenario(s),
        options(std::move(o)),
        network(scenario, options.lose_datagram, packets, events),
        cross(scenario.cross, scenario.seed,
              {[this](Timestamp t, CrossParcel parcel) { network.send(t, std::move(parcel)); },
               [this](Timestamp at, std::uint32_t flow) {
                 events.push(std::max(at, now), EventClass::cross, 0, flow);
               }}) {
    const auto roster = roster_of(scenario);
    for (std::uint16_t i = 0; i < roster.size(); ++i)
      members.push_back(std::make_unique<Participant>(scenario, roster, i, packets, frames));
  }

  // ------------------------------------------------------------ the boundary
  template <typename Boundary>
  void note(const Participant& p, const Boundary& what) {
    words.clear();
    mesh::trace(now, p.index, what, words);
    for (const std::uint64_t word : words) digest.add(word);
    ++noted;
    if (options.on_event) options.on_event(words);
  }

  void deliver(Participant& p, mesh::Input input) {
    note(p, input);
    p.bridge.handle(now, std::move(input));
    while (auto output = p.bridge.poll()) {
      note(p, *output);
      std::visit([&](const auto& o) { act(p, o); }, *output);
    }
    set_timer(p);
  }

  void set_timer(Participant& p) {
    const auto deadline = p.bridge.next_deadline();
    if (!deadline || (p.armed_for && *p.armed_for <= *deadline)) return;
    p.armed_for = deadline;
    // What is due already needs no sleep to end.
    p.timer_at = *deadline > now ? *deadline + p.host.timer_late() : now;
    events.push(*p.timer_at, EventClass::timer, p.index);
  }

  // ------------------------------------------------------------ outputs
  void act(Participant& p, const mesh::SendPacket& o) {
    const auto& route = p.routes[o.path.value];
    Datagram d;
    d.from = p.index;
    d.kind = o.kind;
    if (route) d.to = *route;
    d.packet = o.packet;
    if (!route || !seal(p.keys, options.seal, d)) return network.refused_unsent();
    network.send(now, std::move(d));
  }
  void act(Participant& p, const mesh::PathOpened& o) {
    if (p.routes.size() <= o.path.value) p.routes.resize(o.path.value + std::size_t{1});
    p.routes[o.path.value].reset();
    for (std::uint16_t i = 0; i < members.size(); ++i) {
      if (address_of(i) != o.remote) continue;
      p.routes[o.path.value] = i;
      p.peers[i].path = o.path;
    }
  }
  void act(Participant& p, const mesh::PathClosed& o) {
    const auto route = std::exchange(p.routes[o.path.value], std::nullopt);
    if (route && p.peers[*route].path == o.path) p.peers[*route].path.reset();
  }
  void act(Participant& p, const mesh::SetEncoder& o) {
    if (o.source == Source::camera && o.layer != Layer::only) p.video(o.layer).set(o);
  }
  void act(Participant& p, const mesh::PlayAudio& o) {
    const Timestamp at = now + p.host.sound_decoded();
    events.push(at + p.host.from_player(), EventClass::played, p.index,
                playing.put(p.peers[o.origin.value].playout.perform(at, o)));
  }
  void act(Participant& p, const mesh::DecodeFrame& o) {
    auto& peer = p.peers[o.stream.origin.value];
    const Duration took = p.host.decode(o.stream.layer);
    const auto number = static_cast<std::uint16_t>(o.frame_number);
    const auto need = members[o.stream.origin.value]->video(o.stream.layer).need_of(number);
    const bool ok =
        need && peer.decoders[static_cast<std::size_t>(o.stream.layer) - 1].decode(number, *need);
    if (!ok) ++p.undecodable;
    peer.decoder_free_at = std::max(peer.decoder_free_at, now + p.host.to_decoder()) + took;
    events.push(peer.decoder_free_at + p.host.from_decoder(), EventClass::decoded, p.index,
                decoding.put({o.stream, o.frame_number, ok, took}));
  }
  void act(Participant& p, const mesh::ShowFrame& o) {
    const Timestamp at = std::max(o.at, now) + p.host.shown_late();
    events.push(at + p.host.from_screen(), EventClass::shown, p.index,
                showing.put({o.stream, o.frame_number, at}));
  }
  void act(Participant&, const mesh::RecordBytes&) {}
  void act(Participant& p, const mesh::Event& o) {
    if (o.kind == mesh::EventKind::link_up) p.peers[o.peer.value].up = true;
    if (o.kind == mesh::EventKind::link_down || o.kind == mesh::EventKind::peer_left)
      p.peers[o.peer.value].up = false;
  }

  // ------------------------------------------------------------ events
  void start(Participant& p) {
    p.started = true;
    wall_clock(p);
    deliver(p, mesh::LocalStatus{true, true, false});
    events.push(now + p.camera_phase, EventClass::camera, p.index, 0);
    microphone_next(p, 0);
    loudspeaker_next(p, 0);
  }

  // All that comes until the thread is awake is one batch.
  void arrive(Participant& p, std::uint32_t flight) {
    network.arrived(now, flight);
    if (p.host.ideal()) return take(p, flight);
    if (p.unread.empty()) events.push(now + p.host.socket_wakes(), EventClass::read, p.index);
    p.unread.push_back(flight);
  }

  void read(Participant& p) {
    // Nothing arrives while they are handled: virtual time stands.
    for (const std::uint32_t flight : p.unread) take(p, flight);
    p.unread.clear();
  }

  void take(Participant& p, std::uint32_t flight) {
    Datagram d = network.take(flight);
    const auto& path = p.peers[d.from].path;
    if (!p.here() || (!path && d.kind != mesh::PacketKind::stun) ||
        !open(p.keys, options.seal, now, d))
      return network.refused();
    network.delivered();
    if (path) {
      deliver(p, mesh::PacketArrived{*path, d.kind, now, std::move(d.packet)});
    } else {
      deliver(p, mesh::StrangerArrived{0, address_of(d.from), now, std::move(d.packet)});
    }
  }

  void camera(Participant& p, std::uint32_t tick) {
    for (VideoModel& video : p.videos) {
      if (const auto frame = video.capture(scenario.camera_fps)) {
        events.push(p.host.encoded(now, video.layer(), frame->encode), EventClass::encoded, p.index,
                    encoding.put({video.layer(), now, *frame}));
      }
    }
    // From the start, not from the last tick: no rounding adds up.
    const std::int64_t next_ns = (std::int64_t{tick} + 1) * 1'000'000'000 / scenario.camera_fps;
    events.push(p.starts_at + p.camera_phase + Duration{next_ns}, EventClass::camera, p.index,
                tick + 1);
  }

  void encoded(Participant& p, std::uint32_t slot) {
    const EncodedFrame e = encoding.take(slot);
    split_into_nals(e.frame, options.full_payload, nals);
    mesh::VideoEncoded input;
    input.layer = e.layer;
    input.captured_at = e.captured_at;
    input.frame_number = e.frame.number;
    input.newest_needed = e.frame.newest_needed;
    input.oldest_needed = e.frame.oldest_needed;
    input.key = e.frame.key;
    input.nals = nals;
    deliver(p, input);
  }

  // By the scenario's turns; nothing when it has none.
  std::optional<bool> speaks(const Participant& p) const {
    if (scenario.turns.empty()) return std::nullopt;
    const Duration at = now - Timestamp{};
    const auto next = std::find_if(scenario.turns.begin(), scenario.turns.end(),
                                   [at](const SpeakerTurn& t) { return t.at > at; });
    return next != scenario.turns.begin() && std::prev(next)->member == p.index;
  }

  // Devices count from the start: no lateness adds up.
  void microphone_next(Participant& p, std::uint32_t n) {
    const Timestamp captured = p.starts_at + p.microphone_phase + kAudioFrame * n;
    events.push(std::max(now, captured + kAudioFrame + p.host.sound_encoded()),
                EventClass::microphone, p.index, n);
  }
  void loudspeaker_next(Participant& p, std::uint32_t n) {
    const Timestamp tick = p.starts_at + p.loudspeaker_phase + kDeviceTick * n;
    events.push(std::max(now, tick + p.host.loudspeaker_late()), EventClass::loudspeaker, p.index,
                n);
  }

  void microphone(Participant& p, std::uint32_t n) {
    const VoiceModel::Level level = p.voice.next_frame(speaks(p));
    mesh::AudioEncoded input;
    input.captured_at = p.starts_at + p.microphone_phase + kAudioFrame * n;
    input.level_dbov = level.dbov;
    input.voice = level.voice;
    input.length = static_cast<std::uint32_t>(audio_frame_bytes(scenario.rates.audio).count());
    if (options.full_payload) input.bytes = audio_bytes(input.length);
    microphone_next(p, n + 1);
    deliver(p, input);
  }

  void loudspeaker(Participant& p, std::uint32_t n) {
    for (std::uint16_t origin = 0; origin < members.size(); ++origin) {
      auto& peer = p.peers[origin];
      if (!peer.up) continue;
      const std::uint32_t queued = peer.playout.tick();
      if (queued < kSamplesPerTick) deliver(p, mesh::AudioWanted{PeerId{origin}, queued});
    }
    loudspeaker_next(p, n + 1);
  }

  void wall_clock(Participant& p) {
    const auto ns = static_cast<std::uint64_t>(to_ns(now) + to_ns(p.wall_offset + kWallSpread));
    const NtpTime ntp = NtpTime::from_ns(kEpochSeconds * 1'000'000'000 + ns);
    events.push(now + 1s, EventClass::wall_clock, p.index);
    deliver(p, mesh::WallClock{ntp, kWallSpread});
  }

  void timer(Participant& p) {
    if (p.timer_at != now) return;  // an earlier one was set after this one
    p.timer_at.reset();
    p.armed_for.reset();
    const auto deadline = p.bridge.next_deadline();
    if (deadline && *deadline <= now) {
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
    for (auto& p : members) {
      if (p->started) p->bridge.reset_figures(now);
    }
  }

  // Says goodbye; what its models would have done from here on is left out.
  void leave(Participant& p) {
    if (!p.here()) return;
    deliver(p, mesh::Command{mesh::Leave{}});
    p.left = true;
  }

  void dispatch(const SimEvent& event) {
    if (event.what() == EventClass::service) return network.serve(now, event.id());
    if (event.what() == EventClass::cross) return cross.wake(now, event.payload);
    const bool of_cross = (event.payload & kCrossHandle) != 0;
    if (event.what() == EventClass::arrival && of_cross)
      return cross.arrive(now, network.take_cross(event.payload));
    Participant& p = *members[event.id()];
    if (p.left && event.what() != EventClass::crossing && event.what() != EventClass::arrival &&
        event.what() != EventClass::read && event.what() != EventClass::warmup_over)
      return drop(event);
    switch (event.what()) {
      case EventClass::service:
      case EventClass::cross: return;  // above
      case EventClass::leave: return leave(p);
      case EventClass::crossing: return network.cross(now, event.payload);
      case EventClass::arrival: return arrive(p, event.payload);
      case EventClass::read: return read(p);
      case EventClass::start: return start(p);
      case EventClass::encoded: return encoded(p, event.payload);
      case EventClass::decoded: return deliver(p, decoding.take(event.payload));
      case EventClass::shown: return deliver(p, showing.take(event.payload));
      case EventClass::played: return deliver(p, playing.take(event.payload));
      case EventClass::camera: return camera(p, event.payload);
      case EventClass::microphone: return microphone(p, event.payload);
      case EventClass::loudspeaker: return loudspeaker(p, event.payload);
      case EventClass::wall_clock: return wall_clock(p);
      case EventClass::timer: return timer(p);
      case EventClass::warmup_over: return warmup_over();
    }
  }

  // What was under way for a bridge that has left.
  void drop(const SimEvent& event) {
    if (event.what() == EventClass::encoded) static_cast<void>(encoding.take(event.payload));
    if (event.what() == EventClass::decoded) static_cast<void>(decoding.take(event.payload));
    if (event.what() == EventClass::shown) static_cast<void>(showing.take(event.payload));
    if (event.what() == EventClass::played) static_cast<void>(playing.take(event.payload));
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
    return result();
  }

  // Looks at everything and changes nothing.
  void second_over(Timestamp end) {
    if (options.on_second) options.on_second(end);
    if (!options.sample_seconds) return;
    const auto second = static_cast<std::uint32_t>(to_ns(end) / 1'000'000'000 - 1);
    for (const auto& p : members) {
      if (!p->here()) continue;
      meter.add(p->index, second, p->bridge.report(end),
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
    r.after_warmup = network.tally_after_warmup();
    for (std::size_t i = 0; i < members.size(); ++i) {
      r.names.push_back(scenario.members[i].name);
      r.bridges.push_back(members[i]->bridge.report(now));
      r.undecodable += members[i]->undecodable;
    }
    r.links = network.link_reports(now);
    r.crossings = network.crossings();
    r.cross = cross.reports();
    r.per_second = meter.take();
    return r;
  }

  const Scenario scenario;
  const WorldOptions options;
  // The pools outlive everything that holds their packets and frames.
  PacketPool packets;
  FramePool frames;
  EventQueue events;
  Network network;
  CrossTraffic cross;
  SecondMeter meter{scenario.members.size()};
  std::vector<std::unique_ptr<Participant>> members;
  Timestamp now;
  Digest digest;
  std::uint64_t noted = 0;
  mesh::Words words;
  std::vector<mesh::NalUnit> nals;
  Slots<EncodedFrame> encoding;
  Slots<mesh::FrameDecoded> decoding;
  Slots<mesh::FrameShown> showing;
  Slots<mesh::AudioPlayed> playing;
};

World::World(const Scenario& scenario, WorldOptions options)
    : impl_(std::make_unique<Impl>(scenario, std::move(options))) {}
World::~World() = default;
RunResult World::run() { return impl_->run(); }

}  // namespace diemcau::sim
