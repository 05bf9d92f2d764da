// Routes inputs to links and media, and lets whatever has come due send.
#include "core/mesh/bridge.h"

#include <algorithm>
#include <functional>
#include <type_traits>

#include "core/base/check.h"
#include "core/mesh/page_memory.h"
#include "core/mesh/peer_table.h"

namespace diemcau::mesh {

struct Bridge::Impl {
  Impl(BridgeConfig c, Ports p)
      : config(std::move(c)),
        ports(p),
        rng(config.seed),
        camera(config.roster.size()),
        pages(config.roster.size()),
        document(config.roster.size(), Source::document, &pages),
        outbound(config, {ports.packets, ports.headers, ports.kernel}, wall),
        allocation(config, outbound, camera, document),
        peers(config, ports, rng, wall, out, {camera, document, pages}, allocation, outbound) {}

  void handle(Timestamp at, PacketArrived& in) { peers.packet_arrived(at, in); }
  void handle(Timestamp at, StrangerArrived& in) { peers.stranger_arrived(at, in); }
  void handle(Timestamp at, AudioEncoded& in) {
    if (left) return;
    peers.spoke(at, in.level_dbov);
    const auto frame = outbound.packetize(in);
    peers.for_each([&](Peer& peer) {
      if (!peer.hears_us(at)) return;
      outbound.fetch_sound(peer.id);
      outbound.enqueue(at, peer.id, frame);
    });
  }
  void handle(Timestamp at, VideoEncoded& in) {
    if (left || !exists(in.source, in.layer)) return;
    LayerBoard& board = in.source == Source::document ? document : camera;
    board.frame_encoded(at, in.layer, {in.key, in.frame_number, in.newest_needed});
    const auto frame = outbound.packetize(in);
    if (in.source == Source::document) {
      std::size_t bytes = 0;
      for (const NalUnit& nal : in.nals) bytes += nal.size;
      const bool turned = allocation.page_encoded(at, in.layer, bytes);
      bool lacks_key = turned && !in.key && pages.forget(in.layer);
      // What was still being encoded when the document was put away is not of the next one.
      if (document.active(in.layer)) lacks_key = pages.add(in.layer, frame, in.key) || lacks_key;
      if (lacks_key) document.request_key(at, in.layer);
    }
    peers.for_each([&](Peer& peer) {
      if (!peer.link.is_up() || !board.goes_to(peer.id, in.layer)) return;
      if (in.source == Source::document) pages.sent(peer.id, in.layer);
      if (board.halves(peer.id, in.layer)) {
        outbound.enqueue_half(at, peer.id, frame);
      } else {
        outbound.enqueue(at, peer.id, frame);
      }
    });
  }
  void handle(Timestamp at, AudioWanted& in) {
    if (Peer* peer = peers.find(in.origin)) peer->inbound.audio_wanted(at, in.queued_samples);
    // A device asks for all origins in turn.
    const PeerId next{static_cast<std::uint16_t>(in.origin.value + 1)};
    if (const Peer* peer = peers.find(next)) peer->inbound.fetch_sound();
  }
  void handle(Timestamp at, AudioPlayed& in) {
    if (Peer* peer = peers.find(in.origin)) peer->inbound.audio_played(at, in);
  }
  void handle(Timestamp at, FrameDecoded& in) {
    if (Peer* peer = peers.find(in.stream.origin)) {
      peer->inbound.frame_decoded(at, in);
      peers.touched(at, *peer);
    }
  }
  void handle(Timestamp, FrameShown& in) {
    if (Peer* peer = peers.find(in.stream.origin)) peer->inbound.frame_shown(in);
  }
  void handle(Timestamp at, Command& in) {
    if (const auto* subscribe = std::get_if<Subscribe>(&in)) {
      peers.subscribe(at, *subscribe);
    } else if (const auto* key = std::get_if<RequestKey>(&in)) {
      peers.request_key(at, key->stream);
    } else {
      left = true;
      peers.leave(at);
    }
  }
  void handle(Timestamp at, LocalStatus& in) { peers.set_status(at, in); }
  void handle(Timestamp at, WallClock& in) { wall.read(at, in.ntp); }
  void handle(Timestamp, TimePassed&) {}

  // A document has no layer in which it cannot be read.
  static bool exists(Source source, Layer layer) {
    return has_pictures(source) && layer >= (source == Source::document ? Layer::mid : Layer::lo);
  }

  // Of inputs that only playout hears: whether nothing can have come due since the last one.
  template <typename T>
  bool is_heard_only(Timestamp at) const {
    constexpr bool heard = std::is_same_v<T, AudioWanted> || std::is_same_v<T, AudioPlayed> ||
                           std::is_same_v<T, FrameShown>;
    return heard && due_known && at < due;
  }

  // A packet of media or a decoded picture changes nothing but its peer, as a rule: whether that is
  // so, and nothing else can have come due either.
  template <typename T>
  bool is_its_peers_only(Timestamp at, const T& in) const {
    if constexpr (std::is_same_v<T, PacketArrived>) {
      if (in.kind != PacketKind::rtp) return false;
    } else if constexpr (!std::is_same_v<T, FrameDecoded>) {
      return false;
    }
    return due_known && at < sending_due && !outbound.waits_for_window();
  }
  template <typename T>
  void handle_its_peers(Timestamp at, T& in) {
    handle(at, in);
    if (peers.stirs() || peers.has_work(at)) return run(at);
    due = std::min(peers.due(), sending_due);
  }

  std::optional<Timestamp> next_deadline() const {
    if (!started) return std::nullopt;
    if (!due_known) {
      due_known = true;
      sending_due =
          std::min({camera.deadline().value_or(kNever), document.deadline().value_or(kNever),
                    pages.deadline(), allocation.deadline().value_or(kNever),
                    outbound.deadline().value_or(kNever)});
      due = std::min(peers.due(), sending_due);
    }
    if (due == kNever) return std::nullopt;
    return due;
  }

  void run(Timestamp at) {
    due_known = false;
    if (!started) {
      started = true;
      peers.start(at);
    }
    peers.time_passed(at);
    camera.time_passed(at);
    document.time_passed(at);
    bring_up(at);
    while (auto departure = outbound.poll(at)) peers.send_rtp(*departure);
    while (const auto frame = outbound.poll_dropped()) peers.frame_dropped(at, *frame);
    allocation.plan(at);
    const std::function<bool(PeerId)> silent = [&](PeerId peer) {
      return outbound.uplink().silent(at, peer);
    };
    for (const Layer layer : {Layer::lo, Layer::mid, Layer::hi}) {
      camera.set_waiting(at, layer, outbound.peers_waiting(layer));
      camera.look_for_silence(layer, silent);
    }
    outbound.set_may_hold(camera.may_hold());
    while (const auto set = camera.poll()) out.push(*set);
    while (const auto set = document.poll()) out.push(*set);
    peers.settled();
  }

  // Whoever comes to a page that is shown already.
  void bring_up(Timestamp at) {
    if (pages.deadline() > at) return;
    while (const auto step = pages.poll(at, wall.at(at))) {
      outbound.enqueue(at, step->peer, step->frame);
      allocation.rates_changed();  // it takes a page's part meanwhile
      if (step->last) document.caught_up(at, step->peer, step->layer);
    }
  }

  BridgeConfig config;
  Ports ports;
  SecretRng rng;
  WallTime wall;
  OutputQueue out;
  LayerBoard camera;
  PageMemory pages;
  LayerBoard document;
  Outbound outbound;
  Allocation allocation;
  PeerTable peers;
  bool started = false;
  bool left = false;
  Timestamp now;
  static constexpr Timestamp kNever = Timestamp::max();
  mutable Timestamp due = kNever, sending_due = kNever;  // of all, and of all but the peers
  mutable bool due_known = false;
};

Bridge::Bridge(BridgeConfig config, Ports ports)
    : impl_(std::make_unique<Impl>(std::move(config), ports)) {}
Bridge::~Bridge() = default;

void Bridge::handle(Timestamp now, Input&& input) {
  DC_CHECK(now >= impl_->now);
  impl_->now = now;
  std::visit(
      [&]<typename T>(T& in) {
        if (impl_->is_its_peers_only(now, in)) return impl_->handle_its_peers(now, in);
        impl_->handle(now, in);
        if (!impl_->is_heard_only<T>(now)) impl_->run(now);
      },
      input);
}

void Bridge::fetch(PathId path) const { impl_->peers.fetch(path); }
void Bridge::fetch_next(PathId path, ByteSpan packet) const {
  impl_->peers.fetch_next(path, packet);
}

Output* Bridge::poll() { return impl_->out.pop(); }

std::optional<Timestamp> Bridge::next_deadline() const { return impl_->next_deadline(); }

quality::BridgeReport Bridge::report(Timestamp now) const { return impl_->peers.report(now); }

void Bridge::reset_figures(Timestamp now) { impl_->peers.reset_figures(now); }

}  // namespace diemcau::mesh
