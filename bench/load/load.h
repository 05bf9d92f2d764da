// A meeting of one real node and many peers that cost little: what does the node's part cost?
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/reel.h"
#include "bench/raw/raw_path.h"
#include "core/mesh/bridge_config.h"
#include "core/units/time.h"

namespace diemcau::bench {

struct LoadOptions {
  unsigned bridges = 11;  // the node among them
  Duration length = 10s;  // measured, after the mesh is whole
  std::filesystem::path node;
  mesh::Role role = mesh::Role::central;  // central records and decodes hi of everybody
};

// Sums over all peers of the load.
struct Traffic {
  std::uint64_t to_node = 0, from_node = 0;  // datagrams
  std::uint64_t bytes_to_node = 0, bytes_from_node = 0;
};

struct LoadResult {
  unsigned links_up = 0;
  std::optional<Duration> mesh_time;       // node's start → last link up
  std::optional<Duration> handshake_time;  // first proven link → last link up
  Duration measured{};
  // The longest time between two ticks of the load while measured: a machine that stood still makes
  // every figure meaningless.
  Duration longest_stall{};
  Traffic traffic;                   // while measured
  Duration cpu{};                    // the node's, while measured
  std::optional<Duration> core_cpu;  // its core thread's
  double rss_max_mib = 0;
  std::uint64_t packets_lost_from_node = 0, packets_from_node = 0;  // RTP, over all
  // Of what the node sent, by Layer: peers that got it.
  std::map<Layer, unsigned> layers_sent;
  int exit = -1;
  std::string summary;  // the node's own, JSON
  std::string log;
  CodecCosts costs;
  // Bare sendto, recvfrom and libsrtp per datagram, in bursts of a frame; measured before.
  RawCost raw;
  // The thread of a bare event loop with the same datagrams at the same instants, measured behind,
  // beside codecs at work as they were beside the node's.
  Duration bare_loop_cpu{};
};

// Takes at most twice the length and a minute. Throws std::runtime_error or std::system_error.
LoadResult run_load(const LoadOptions& options);

}  // namespace diemcau::bench
