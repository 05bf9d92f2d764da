// The lab's lines in real time: a relay between the members' sockets, and how late it was itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/quality/histogram.h"
#include "core/units/ids.h"
#include "core/units/time.h"
#include "sim/crossing.h"
#include "sim/relay.h"
#include "sim/relay_sockets.h"
#include "sim/scenario.h"

namespace diemcau::sim {

// A line's clock is the machine's, so a datagram is late by what the machine takes to wake up: that
// lateness is measured and told, because it is not the line's. One thread.
class Emulator {
 public:
  // `members` by index of the scenario's; `life` as in Relay.
  Emulator(const Scenario& scenario, const std::vector<Endpoint>& members, Duration life);

  RelaySockets& sockets() { return sockets_; }
  const Relay& relay() const { return relay_; }
  // Waits until there is something to do or `until`, and does it.
  void turn(Timestamp until);
  // From the time at which a datagram should have gone out to that at which it did.
  const quality::Histogram& lateness() const { return lateness_; }
  // Figures as JSON; docs/LAB-emulate.md has the names.
  std::string stats_json(const Scenario& scenario);

 private:
  void deliver(Timestamp now);
  void count(const RelaySockets::Received& received);

  Relay relay_;
  RelaySockets sockets_;
  quality::Histogram lateness_;
  Crossings crossings_;  // after the warm-up
  Duration warmup_;
};

}  // namespace diemcau::sim
