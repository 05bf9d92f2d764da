// N bridges, their lines, their media and their devices in virtual time: the lab's driver of
// mesh::Bridge.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/quality/cause.h"
#include "core/quality/flow_report.h"
#include "core/quality/histogram.h"
#include "core/units/ids.h"
#include "sim/cross_traffic.h"
#include "sim/crossing.h"
#include "sim/observer.h"
#include "sim/page_meter.h"
#include "sim/scenario.h"
#include "sim/seal.h"

namespace diemcau::sim {

struct WorldOptions {
  bool full_payload = false;  // media bytes exist; otherwise only their length does. Same digest.
  RealSeal* seal = nullptr;   // real cryptography; needs the full payload. Same digest.
  // Loses the datagram with this number (from 0, in the order of sending) at its sender's line.
  std::optional<std::uint64_t> lose_datagram;
  // Every input and output of every bridge in order, as core/mesh/trace.h makes it.
  std::function<void(std::span<const std::uint64_t>)> on_event;
  Observer* observer = nullptr;  // outlives the world
  bool sample_seconds = false;
  std::function<void(Timestamp)> on_second;  // once per virtual second
};

// Where every datagram went. sent + duplicated is the sum of all the others, at any time.
struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t duplicated = 0;     // by a line
  std::uint64_t delivered = 0;      // handed to a bridge
  std::uint64_t dropped_queue = 0;  // by a line's full queue
  std::uint64_t dropped_policer = 0;
  std::uint64_t lost_wire = 0;
  std::uint64_t lost_outage = 0;
  std::uint64_t lost_by_hand = 0;
  std::uint64_t refused = 0;  // damaged, no key for it, or not STUN from an unknown address
  std::uint64_t in_flight = 0;
};

struct LinkReport {
  std::string name;
  double utilisation = 0;
  LinkFigures figures;
};

// One receiving bridge in one second of virtual time.
struct SecondSample {
  std::uint16_t bridge = 0;              // the receiver
  std::uint32_t second = 0;              // since virtual time 0; this one and the next bound it
  double received_kbps = 0;              // of all flows together
  std::optional<double> audio_delay_ms;  // mean end to end, of the slowest sound
  std::optional<double> video_delay_ms;
  std::optional<double> loss_ratio;  // before repair, of all that was sent to it
  bool outage = false;               // one of its lines was interrupted
  // Directions whose sound or picture was not as it should be, by cause.
  quality::CauseSeconds impaired{};
};

struct RunResult {
  std::uint64_t digest = 0;
  Duration virtual_time{};
  Duration measured{};                 // after the warm-up
  std::uint64_t events = 0;            // inputs and outputs of all bridges
  std::uint64_t undecodable = 0;       // frames given to a decoder that lacked their reference
  std::uint64_t underrun_samples = 0;  // that loudspeakers found missing
  Tally whole;                         // of the whole run
  std::vector<std::string> names;      // by PeerId
  // Pairs of them that share no meeting, and so have nothing to say to each other; both orders.
  std::set<std::pair<std::size_t, std::size_t>> apart;
  std::vector<quality::BridgeReport> bridges;
  // Per member its line up, then its line down; after them the shared segments.
  std::vector<LinkReport> links;
  Crossings crossings;
  std::vector<SecondSample> per_second;  // when asked for
  std::vector<CrossReport> cross;        // by flow, after the warm-up
  // Of sound (`only`) or pictures.
  const Crossing& crossing(std::size_t from, std::size_t to, Layer layer,
                           Source source = Source::camera) const {
    return crossings.of(from, to, {source, layer});
  }
  std::vector<PageReport> pages;  // of who showed a document to whom
};

class World {
 public:
  World(const Scenario& scenario, WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  // From the start to the scenario's end; once.
  RunResult run();
  // What a line (as LinePaths numbers them) could have served between two instants.
  std::int64_t bits_between(std::uint32_t line, Timestamp from, Timestamp to);
  bool interrupted(std::uint32_t line, Timestamp from, Timestamp to) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::sim
