// One way to a peer (uplink × remote address): its checks, its round trip, its share of the
// traffic.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "core/mesh/clock_filter.h"
#include "core/units/ids.h"
#include "core/units/ntp_time.h"
#include "core/units/time.h"
#include "core/wire/stun.h"

namespace diemcau::mesh {

struct Path {
  PathId id;
  bool open = false;
  std::uint8_t uplink = 0;
  Endpoint remote;
  bool from_roster = false;
  Timestamp opened_at;
  bool proven = false;  // an authentic answer to a check of ours came back from there
  bool asks = false;    // not proven, and the peer was there since our last check
  std::optional<Timestamp> heard_at;
  std::uint64_t packets_sent = 0, bytes_sent = 0;
  std::uint64_t packets_received = 0, bytes_received = 0;
  ClockFilter clock;

  struct Check {
    wire::TransactionId transaction{};
    Timestamp sent_at;
    bool waiting = false;
  };
  // At the fastest pace 3.2 s: while answers come later than that, none of them proves the path.
  std::array<Check, 64> checks{};
  std::size_t next_check_slot = 0;

  void check_sent(Timestamp now, const wire::TransactionId& transaction) {
    checks[next_check_slot++ % checks.size()] = Check{transaction, now, true};
  }
  bool has_asked(const wire::TransactionId& transaction) const {
    return std::any_of(checks.begin(), checks.end(), [&](const Check& check) {
      return check.waiting && check.transaction == transaction;
    });
  }
  // The check this answers, once; none for answers nobody asked for.
  std::optional<Check> take_check(const wire::TransactionId& transaction) {
    for (Check& check : checks) {
      if (check.waiting && check.transaction == transaction) {
        check.waiting = false;
        return check;
      }
    }
    return std::nullopt;
  }
};

}  // namespace diemcau::mesh
