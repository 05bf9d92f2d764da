// One stream that comes from a peer: what is known of its packets, and its pictures on their way to
// the display.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/frame_pool.h"
#include "core/mesh/boundary.h"
#include "core/quality/flow_meter.h"
#include "core/receive/assembly.h"
#include "core/receive/capture_clock.h"
#include "core/receive/seen_ids.h"
#include "core/units/ids.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// Frames of one layer from packet to display; made at its first packet, because most of the
// layers that a peer announces are never asked for.
struct InboundPictures {
  explicit InboundPictures(FramePool& frames) : assembly(frames) {}
  receive::Assembly assembly;
  Timestamp arrived_at;                   // its newest packet, or the end of the outage behind it
  std::uint64_t undecodable_counted = 0;  // when the last second was over
  std::int64_t decoded_last = -1;
  std::uint8_t halves = 0;  // how often in a row the number has gone on by two
  // Between decode and display, by number modulo the size.
  struct Pending {
    std::int64_t frame_number = -1;
    Timestamp captured_at, asked_at;  // asked to be decoded
    std::uint32_t rtp_timestamp = 0;
    bool mended = false;
  };
  std::array<Pending, 64> pending{};
  Pending& pending_of(std::int64_t frame);
};

struct InboundStream {
  InboundStream(StreamId stream, Ssrc s);
  // What every packet touches stands first.
  StreamId id;
  Ssrc ssrc;
  SeqUnwrapper sequence;
  std::unique_ptr<InboundPictures> pictures;
  receive::SeenIds packets_seen, frames_seen;  // sound: a frame may come in a later packet, too
  receive::CaptureTimes times;
  quality::FlowMeter meter;
  std::optional<std::pair<std::uint32_t, Timestamp>> last_report;  // the SR's NTP, when it came
};

}  // namespace diemcau::mesh
