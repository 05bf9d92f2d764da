// What one report about a path says of it, as every congestion controller here is told it.
#pragma once

#include <cstdint>
#include <optional>

#include "core/units/bitrate.h"
#include "core/units/time.h"

namespace diemcau::rate {

// Rates count what a datagram costs on the line: UDP payload, seal, UDP and IP headers.
struct Observation {
  Timestamp now;
  Duration round_trip{};      // the least of the last half minute
  Duration standing_queue{};  // the least wait of the last packets: what no burst of ours explains
  Duration uplink_queue{};    // before that one, of all paths; another controller minds it
  Duration mean_queue{};      // of the same packets: bursts of ours that wait show in it
  Duration spread{};          // of the same waits, above the least
  Duration surge{};           // the newest of them, above the least
  // What the bottleneck gave us while packets of ours waited in front of it; none when none did.
  std::optional<Bitrate> busy_rate;
  Bitrate sent;       // over the last 300 ms
  Bitrate sent_then;  // over 300 ms up to the sending of the newest packet that arrived
  Timestamp then;     // when that was
  Bitrate delivered;  // over the last 300 ms
  Bitrate carried;  // the same with what was lost: the line has borne that too, but for full queues
  bool resuming = false;    // in these three there is still some of a pause without pictures
  std::uint32_t paths = 1;  // that share it
  Bitrate basics;           // with less, some of them have no pictures
  std::uint32_t packets_received = 0;
  std::uint32_t packets_lost = 0;
  // Of these, lost while nothing at all came: a queue that is full or a policer lets through what
  // it carries, whatever we send.
  std::uint32_t packets_blacked_out = 0;
  std::uint32_t loss_runs = 0;  // of packets lost one after the other, these included
};

}  // namespace diemcau::rate
