// One direction of one line: drop-tail queue, server of constant rate, i.i.d. loss on the wire,
// constant delay.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/quality/histogram.h"
#include "core/units/bitrate.h"
#include "core/units/byte_count.h"
#include "core/units/time.h"
#include "sim/counter_random.h"

namespace diemcau::sim {

struct LinkConfig {
  Bitrate rate;
  Duration delay{};
  ByteCount queue;  // what may wait; the packet in service does not count
  std::uint32_t overhead =
      38;  // bytes the line adds per packet: Ethernet preamble, header, FCS and gap
  std::uint64_t loss_parts = 0;  // of 2^32, i.i.d., after the server
};

enum class Passage : std::uint8_t { carried, dropped_queue, lost_wire };

struct LinkFigures {
  std::uint64_t offered = 0, carried = 0, dropped_queue = 0, lost_wire = 0;
  std::int64_t bits_served = 0;  // overhead included, lost ones too: they have used capacity
  quality::Histogram waited;     // arrival → begin of service
};

// The rules, exactly:
//  1. A packet takes size + overhead bytes, in the queue as on the wire.
//  2. At its arrival, packets whose service begins at or before `now` have left the queue.
//  3. When the server is free it goes into service at once, whatever the limit. Otherwise it waits
//  if what waits
//     and itself fit into the limit, and is dropped if not.
//  4. Service takes bits / rate; inside a busy period the end is exact (remainder carried) and only
//  the departure
//     that is told is rounded, to the nearest ns, half up.
//  5. Wire loss is drawn per packet served; arrival = departure + delay. Order is kept.
// Because nothing overtakes, all of this is known at the moment of arrival: no events, no polling.
// `now` never goes back. One thread at a time.
class Link {
 public:
  struct Result {
    Passage passage = Passage::carried;
    Timestamp arrives_at;  // meaningful when carried
  };
  Link(const LinkConfig& config, CounterRandom loss) : config_(config), loss_(loss) {}
  Result send(Timestamp now, ByteCount size);
  const LinkConfig& config() const { return config_; }
  const LinkFigures& figures() const { return figures_; }
  void reset_figures() { figures_ = LinkFigures{}; }

 private:
  struct Waiting {
    std::int64_t begins_ns;
    std::uint32_t bytes;
  };
  void leave_queue(std::int64_t now_ns);
  void enter_queue(Waiting w);

  LinkConfig config_;
  CounterRandom loss_;
  LinkFigures figures_;
  std::vector<Waiting> ring_;  // power of two; grows to the working set
  std::size_t head_ = 0, size_ = 0;
  std::int64_t waiting_bytes_ = 0;
  std::int64_t last_now_ns_ = 0;
  std::int64_t free_at_ns_ = 0;    // floor of the exact end of service…
  std::int64_t free_at_rest_ = 0;  // …and its rest, in 1 / rate ns
};

}  // namespace diemcau::sim
