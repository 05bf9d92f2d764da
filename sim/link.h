// One direction of one line: policer, queue, server, loss on the wire, delay.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/quality/histogram.h"
#include "core/units/bitrate.h"
#include "core/units/byte_count.h"
#include "core/units/time.h"
#include "sim/active_queue.h"
#include "sim/capacity.h"
#include "sim/delay_line.h"
#include "sim/outage.h"
#include "sim/wire_loss.h"

namespace diemcau::sim {

struct PolicerConfig {
  Bitrate rate;
  ByteCount burst;
};

struct LinkConfig {
  CapacityConfig capacity;
  // What may wait; the packet in service does not count. The smaller of the two where both are
  // given; time is counted at the rate of the moment.
  std::optional<ByteCount> queue_bytes;
  std::optional<Duration> queue_time = 100ms;
  enum class Discipline : std::uint8_t { drop_tail, codel, fq_codel };
  Discipline discipline = Discipline::drop_tail;
  CoDelConfig codel;
  std::optional<PolicerConfig> policer;
  LossConfig loss;
  bool loss_at_ingress = false;  // as netem does: what is lost has used no capacity
  DelayConfig delay;
  std::vector<OutageConfig> outages;
  // Bytes the line adds per packet: Ethernet preamble, header, check and gap.
  std::uint32_t overhead = 38;
};

// What tells a line from another: its number keeps random streams apart, its life bounds outages.
struct LinkIdentity {
  std::uint64_t seed = 1;
  std::uint64_t number = 0;
  Duration life = 24h;
};

enum class Passage : std::uint8_t {
  carried,
  waits,  // in an active queue: its fate is told by serve()
  dropped_queue,
  dropped_policer,
  lost_wire,
  lost_outage
};

struct LinkFigures {
  std::uint64_t offered = 0, carried = 0, dropped_queue = 0, dropped_policer = 0, lost_wire = 0,
                lost_outage = 0;
  std::int64_t bits_served = 0;  // or waiting to be; overhead included, lost ones too
  quality::Histogram waited;     // arrival → begin of service
};

// The rules, exactly:
//  1. A packet takes size + overhead bytes, in the queue as on the wire.
//  2. At its arrival, packets whose service begins at or before `now` have left the queue.
//  3. When the server is free it goes into service at once, whatever the limit. Otherwise it waits
//  if
//     what waits and itself fit into the limit, and is dropped if not.
//  4. Inside a busy period service is exact; only the departure that is told is rounded.
//  5. Wire loss is drawn per packet served; arrival = departure + delay + jitter, in order by
//  default.
//  6. A cut loses what comes, waits, is in service or on the wire; a stall lets it wait.
// Under drop-tail nothing overtakes and all of this is known at the moment of arrival: no events,
// no polling. Active queues decide at the front: send() answers `waits`, and the caller comes back
// with serve() at next_service(). `now` never goes back. One thread at a time.
class Link {
 public:
  struct Result {
    Passage passage = Passage::carried;
    Timestamp arrives_at;              // meaningful when carried
    Timestamp begins;                  // service, if it came to that; else when it was refused
    Duration waited{};                 // until then
    std::optional<Timestamp> copy_at;  // a duplicate
    bool corrupt = false;
  };
  struct Told {
    std::uint32_t handle = 0;
    Result result;
  };

  Link(const LinkConfig& config, const LinkIdentity& identity);
  // `flow` and `handle` matter to active queues alone.
  Result send(Timestamp now, ByteCount size, std::uint32_t flow = 0, std::uint32_t handle = 0);
  std::optional<Timestamp> next_service() const { return active_ ? service_due() : std::nullopt; }
  // Those that went into service or were dropped, in order, are added to `told`.
  void serve(Timestamp now, std::vector<Told>& told);

  const LinkConfig& config() const { return config_; }
  const LinkFigures& figures() const { return figures_; }
  // From `now` on; what waits then is still to be served.
  void reset_figures(Timestamp now);
  // Whether an outage, of either kind, touches the time between the two.
  bool interrupted(Timestamp from, Timestamp to) const;
  // What could have been served between two instants, overhead included.
  std::int64_t bits_between(Timestamp from, Timestamp to);
  // Served bits over those.
  double utilisation(Timestamp from, Timestamp to);

 private:
  struct Waiting {
    std::int64_t begins_ns;
    std::uint32_t bytes;
  };
  bool passes_policer(std::int64_t now_ns, std::int64_t bytes);
  std::int64_t limit_bytes(std::int64_t now_ns);
  void end_cut(std::int64_t now_ns);
  Result cross(std::int64_t arrived_ns, const Server::Service& service);
  Result refuse(Passage passage, std::uint64_t& count);
  std::optional<Timestamp> service_due() const;
  Result send_active(std::int64_t now_ns, const Parcel& parcel);
  void leave_queue(std::int64_t now_ns);
  void enter_queue(Waiting w);

  // What every packet touches stands first: of eleven members the lines are as large as the first
  // cache.
  LinkFigures figures_;
  std::int64_t last_now_ns_ = 0;
  std::vector<Waiting> ring_;  // power of two; grows to the working set
  std::size_t head_ = 0, size_ = 0;
  std::int64_t waiting_bytes_ = 0;
  std::int64_t last_limit_ = 0;
  Bitrate limit_rate_;  // that it belongs to
  std::vector<OutageSpan> cuts_, stalls_;
  std::unique_ptr<ActiveQueue> active_;
  std::int64_t overhead_;  // as the config has it, as are the next two
  bool loss_at_ingress_, polices_;
  Server server_;
  DelayLine delay_;
  WireLoss loss_;
  LinkConfig config_;
  std::vector<Parcel> dropped_, cut_off_;  // to be told by serve()
  std::int64_t tokens_ = 0;                // of the policer, bit·ns/s
  std::int64_t tokens_at_ns_ = 0;
  std::int64_t cut_ended_ns_ = 0;
  std::int64_t waiting_bytes_at_reset_ = 0;
};

}  // namespace diemcau::sim
