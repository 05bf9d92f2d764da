// Routes inputs to links and media, and lets whatever has come due send.
#include "core/mesh/bridge.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/mesh/link.h"
#include "core/mesh/output_queue.h"
#include "core/mesh/roster_view.h"
#include "core/mesh/wall_time.h"
#include "core/wire/stun.h"

namespace diemcau::mesh {

struct Bridge::Impl {
  Impl(BridgeConfig c, Ports p) : config(std::move(c)), ports(p), rng(config.seed) {
    DC_CHECK(config.self.value < config.roster.size());
    for (std::size_t i = 0; i < config.roster.size(); ++i) {
      const PeerId peer{static_cast<std::uint16_t>(i)};
      links.push_back(peer == config.self ? nullptr
                                          : std::make_unique<Link>(
                                                LinkContext{config, ports.packets, ports.pair_mac,
                                                            ports.handshakes, rng, wall, out},
                                                peer));
    }
  }

  Link* link_of(PathId path) {
    const std::size_t peer = path.value / Link::kPaths;
    return peer < links.size() ? links[peer].get() : nullptr;
  }

  void start(Timestamp now) {
    started = true;
    for (auto& link : links) {
      if (link) link->start(now);
    }
  }

  void handle(Timestamp now, PacketArrived& in) {
    Link* link = link_of(in.path);
    if (link == nullptr) return;
    const ByteSpan bytes = in.packet->bytes();
    switch (in.kind) {
      case PacketKind::stun: link->stun_arrived(now, in.received_at, in.path, bytes); break;
      case PacketKind::dtls: link->dtls_arrived(now, in.path, bytes); break;
      case PacketKind::control:
        link->traffic_arrived(now, in.path, in.packet->wire_size());
        link->control_arrived(now, bytes);
        break;
      case PacketKind::rtp:
      case PacketKind::rtcp: link->traffic_arrived(now, in.path, in.packet->wire_size()); break;
    }
    while (link->poll_message(now)) {
    }
  }
  void handle(Timestamp now, StrangerArrived& in) {
    const auto parsed = wire::parse_stun(in.packet->bytes());
    if (!parsed) return count(quality::DropReason::malformed);
    const auto colon = parsed->username.find(':');
    if (colon == std::string_view::npos) return count(quality::DropReason::unknown);
    const auto peer = find_bridge(config.roster, parsed->username.substr(colon + 1));
    if (!peer || !links[peer->value]) return count(quality::DropReason::unknown);
    if (!links[peer->value]->stranger_arrived(now, in.received_at, in.uplink, in.from,
                                              in.packet->bytes())) {
      count(quality::DropReason::auth);
    }
  }
  void handle(Timestamp now, WallClock& in) { wall.read(now, in.ntp); }
  template <typename T>
  void handle(Timestamp, T&) {}

  void count(quality::DropReason reason) { ++dropped[static_cast<std::size_t>(reason)]; }

  void time_passed(Timestamp now) {
    for (auto& link : links) {
      if (link && link->deadline() <= now) link->time_passed(now);
    }
  }

  BridgeConfig config;
  Ports ports;
  Rng rng;
  WallTime wall;
  OutputQueue out;
  std::vector<std::unique_ptr<Link>> links;
  bool started = false;
  Timestamp now;
  std::uint64_t dropped[static_cast<std::size_t>(quality::DropReason::count_)] = {};
};

Bridge::Bridge(BridgeConfig config, Ports ports)
    : impl_(std::make_unique<Impl>(std::move(config), ports)) {}
Bridge::~Bridge() = default;

void Bridge::handle(Timestamp now, Input input) {
  DC_CHECK(now >= impl_->now);
  impl_->now = now;
  std::visit([&](auto& in) { impl_->handle(now, in); }, input);
  if (!impl_->started) impl_->start(now);
  impl_->time_passed(now);
}

std::optional<Output> Bridge::poll() { return impl_->out.pop(); }

std::optional<Timestamp> Bridge::next_deadline() const {
  std::optional<Timestamp> first;
  if (!impl_->started) return first;
  for (const auto& link : impl_->links) {
    if (!link) continue;
    const Timestamp t = link->deadline();
    if (!first || t < *first) first = t;
  }
  return first;
}

quality::BridgeReport Bridge::report(Timestamp now) const {
  quality::BridgeReport r;
  for (const auto& link : impl_->links) {
    if (link) r.paths.push_back(link->report(now));
  }
  std::copy(std::begin(impl_->dropped), std::end(impl_->dropped), std::begin(r.dropped));
  return r;
}

void Bridge::reset_figures(Timestamp) {}

}  // namespace diemcau::mesh
