// What one flow, one path and one bridge measured, as plain values that node and sim print with the
// same names.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/quality/cause.h"
#include "core/quality/histogram.h"
#include "core/units/bitrate.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::quality {

// A stream as its receiver saw it. A figure that was not measured is absent.
struct FlowReport {
  PeerId from;
  MediaKind media = MediaKind::audio;
  Source source = Source::microphone;
  Layer layer = Layer::only;
  Duration measured_for{};  // since the first packet (or the last reset)
  std::uint64_t packets_received = 0;
  std::uint64_t packets_lost =
      0;  // gaps in the sequence numbers: always loss, they are assigned after every drop
  std::uint64_t packets_repaired = 0;  // of those that were lost
  std::uint64_t bytes_received = 0;    // UDP payload without the seal
  // Of the whole link that this flow is on: repair packets, and media.
  std::uint64_t link_repair_bytes = 0, link_media_bytes = 0;
  std::uint64_t frames = 0;        // frames sent on this flow as far as the receiver can tell
  std::uint64_t frames_shown = 0;  // video: shown; audio: played
  std::uint64_t frames_undecodable = 0;
  std::uint64_t frames_late = 0;
  std::uint64_t freezes = 0;
  Duration freeze_time{};
  Duration longest_freeze{};
  std::uint64_t samples_played = 0;
  std::uint64_t samples_concealed = 0;
  std::uint64_t frames_recovered = 0;  // audio: lost, but heard from a later packet
  CauseSeconds impaired{};             // seconds in which it was not as it should be, by cause
  Histogram end_to_end;                // capture → ready to show or play, ns
  Duration jitter{};                   // interarrival jitter (RFC 3550 §6.4.1)
  Duration target_delay{};             // of the jitter buffer, now
};

// Repair of one link, both directions. Bytes as on the line.
struct RepairReport {
  std::uint64_t repeated_sent = 0, coded_sent = 0;  // packets: asked for, and ahead of loss
  std::uint64_t bytes_sent = 0;
  std::uint64_t repeated_received = 0, coded_received = 0;
  std::uint64_t useless_received = 0;   // of them: nothing was missing any more
  std::uint64_t packets_recovered = 0;  // lost, and given back
};

struct PathReport {
  PathId path;
  PeerId peer;
  bool up = false;
  std::optional<Duration> rtt;
  std::optional<Duration> clock_offset;  // peer's wall clock minus ours
  std::optional<Duration> clock_uncertainty;
  std::uint64_t packets_sent = 0, bytes_sent = 0;
  std::uint64_t packets_received = 0, bytes_received = 0;
  std::uint64_t handshakes_done = 0, handshakes_failed = 0;
  std::uint64_t reconnects = 0;
  Duration outage{};
  std::optional<Bitrate> target;  // what may be sent there
  Duration queue{};               // what waits in front of our packets on the way, bursts aside
  std::uint32_t inherent_loss_permille = 0;  // what it loses whatever we send
  RepairReport repair;
  std::uint64_t pictures_left_out = 0;  // droppable ones that did not go there
};

// Why a datagram was not used; label values of diemcau_packets_dropped_total.
enum class DropReason : std::uint8_t { malformed, replay, auth, unknown, late, queue, count_ };

// What we ask of pictures while the line down is too thin; sound goes before all of them.
enum class PictureLimit : std::uint8_t {
  none,     // as the tiles want
  small,    // the speaker's at most mid, the others' lo
  speaker,  // the speaker's alone, lo
  nobodys,
};

// Of a bridge that has shown a document, ourselves too.
struct DocumentReport {
  PeerId bridge;
  bool shown = false;       // just now
  std::uint32_t times = 0;  // how often it began to be
  Duration shown_for{};     // in all
};

struct BridgeReport {
  std::vector<FlowReport> flows;
  std::vector<PathReport> paths;
  std::uint64_t dropped[static_cast<std::size_t>(DropReason::count_)] = {};
  std::optional<PeerId> speaker;  // who speaks, as this bridge hears it
  std::uint32_t speaker_changes = 0;
  PictureLimit limit = PictureLimit::none;
  std::vector<DocumentReport> documents;
  bool temporal[4] = {};  // by Layer: our camera's layer is encoded in two temporal layers
};

}  // namespace diemcau::quality
