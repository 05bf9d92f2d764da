#include "bench/load/load.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <thread>

#include "bench/load/load_peer.h"
#include "bench/load/node_process.h"
#include "node/clock.h"
#include "node/thread_rank.h"

namespace diemcau::bench {

namespace {

constexpr Duration kReelLength = 4s, kShortReel = 200ms;
constexpr Duration kMeshPatience = 30s;
// Joins, first key frames and growing buffers are over.
constexpr Duration kSettling = 3s;
constexpr Duration kTick = 2ms;
// A datagram of hi, and bursts of a frame's packets.
constexpr std::size_t kTypicalDatagram = 1000;
constexpr unsigned kRawBurst = 6;
constexpr unsigned kRawBursts = 2000;

// One wants hi and one wants lo, so that the node encodes all three layers; the rest want mid.
Layer view_of(std::size_t peer) {
  return peer == 0 ? Layer::hi : peer == 1 ? Layer::lo : Layer::mid;
}

class Load {
 public:
  Load(const LoadOptions& options, const Reel& reel) : node_(options.node, options.role) {
    std::vector<node::RosterBridge> entries;
    for (unsigned i = 1; i < options.bridges; ++i) {
      peers_.push_back(std::make_unique<LoadPeer>(io_, fmt::format("peer-{:03}", i), reel));
      entries.push_back(peers_.back()->roster_entry());
    }
    const Timestamp now = node::monotonic_now();
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      const Duration phase =
          Duration{100ms} * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(peers_.size());
      peers_[i]->join(node_.roster_entry(), view_of(i), i + 1, now, phase);
    }
    started_at_ = node::monotonic_now();
    node_.start(entries);
    tick();
  }

  unsigned links_up() const {
    return static_cast<unsigned>(
        std::count_if(peers_.begin(), peers_.end(), [](const auto& p) { return p->up(); }));
  }

  void run(Duration length, LoadResult& result) {
    run_until(kMeshPatience, [this] { return links_up() == peers_.size(); });
    result.links_up = links_up();
    if (result.links_up < peers_.size()) return;
    tell_times(result);
    run_until(kSettling, [] { return false; });
    const Traffic before = traffic();
    const NodeProcess::Usage used_before = node_.usage();
    const Timestamp began = node::monotonic_now();
    longest_stall_ = Duration::zero();
    write_down(&datagrams_);
    run_until(length, [] { return false; });
    write_down(nullptr);
    const Traffic after = traffic();
    const NodeProcess::Usage used = node_.usage();
    result.measured = node::monotonic_now() - began;
    result.longest_stall = longest_stall_;
    result.links_up = links_up();
    result.cpu = used.cpu - used_before.cpu;
    if (used.core && used_before.core) result.core_cpu = *used.core - *used_before.core;
    result.traffic = {after.to_node - before.to_node, after.from_node - before.from_node,
                      after.bytes_to_node - before.bytes_to_node,
                      after.bytes_from_node - before.bytes_from_node};
    result.rss_max_mib = node_.rss_max_mib();
    tell_flows(result);
  }

  void stop(LoadResult& result) {
    result.exit = node_.stop();
    result.log = node_.log();
    std::ifstream summary(node_.summary());
    result.summary.assign(std::istreambuf_iterator<char>(summary), {});
    for (auto& peer : peers_) peer->leave();
  }

  // Of the measured time.
  const std::vector<Datagram>& datagrams() const { return datagrams_; }

 private:
  void write_down(std::vector<Datagram>* traffic) {
    for (std::size_t i = 0; i < peers_.size(); ++i)
      peers_[i]->write_into(traffic, static_cast<std::uint32_t>(i));
  }

  void run_until(Duration limit, const std::function<bool()>& done) {
    const Timestamp end = node::monotonic_now() + limit;
    while (!done() && node_.running()) {
      const Duration left = end - node::monotonic_now();
      if (left <= Duration::zero()) return;
      io_.run_for(std::min(left, Duration{50ms}));
    }
  }

  void tick() {
    const Timestamp now = node::monotonic_now();
    if (ticked_at_) longest_stall_ = std::max(longest_stall_, now - *ticked_at_);
    ticked_at_ = now;
    for (auto& peer : peers_) peer->tick(now);
    timer_.expires_after(kTick);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) tick();
    });
  }

  void tell_times(LoadResult& result) const {
    std::optional<Timestamp> first_proven, last_up;
    for (const auto& peer : peers_) {
      if (!first_proven || *peer->proven_at() < *first_proven) first_proven = peer->proven_at();
      if (!last_up || *peer->up_at() > *last_up) last_up = peer->up_at();
    }
    result.mesh_time = *last_up - started_at_;
    result.handshake_time = *last_up - *first_proven;
  }

  Traffic traffic() const {
    Traffic sum;
    for (const auto& peer : peers_) {
      for (const quality::PathReport& path : peer->report().paths) {
        sum.to_node += path.packets_sent;
        sum.from_node += path.packets_received;
        sum.bytes_to_node += path.bytes_sent;
        sum.bytes_from_node += path.bytes_received;
      }
    }
    return sum;
  }

  void tell_flows(LoadResult& result) const {
    for (const auto& peer : peers_) {
      for (const quality::FlowReport& flow : peer->report().flows) {
        result.packets_from_node += flow.packets_received;
        result.packets_lost_from_node += flow.packets_lost;
        ++result.layers_sent[flow.layer];
      }
    }
  }

  boost::asio::io_context io_{1};
  boost::asio::steady_timer timer_{io_};
  NodeProcess node_;
  std::vector<std::unique_ptr<LoadPeer>> peers_;
  Timestamp started_at_;
  std::optional<Timestamp> ticked_at_;
  Duration longest_stall_{};
  std::vector<Datagram> datagrams_;
};

// Codecs take the caches and a processor away, as the node's own do.
Duration carry_bare_beside_codecs(const std::vector<Datagram>& traffic, unsigned peers) {
  std::jthread codecs([](const std::stop_token& stop) {
    node::take_rank(node::ThreadRank::picture, "codecs");
    while (!stop.stop_requested()) make_reel(kShortReel);
  });
  return carry_bare(traffic, peers);
}

}  // namespace

LoadResult run_load(const LoadOptions& options) {
  LoadResult result;
  const Reel reel = make_reel(kReelLength);
  result.costs = reel.costs;
  result.raw = measure_raw(kTypicalDatagram, kRawBurst, kRawBursts);
  Load load(options, reel);
  load.run(options.length, result);
  load.stop(result);
  result.bare_loop_cpu = carry_bare_beside_codecs(load.datagrams(), options.bridges - 1);
  return result;
}

}  // namespace diemcau::bench
