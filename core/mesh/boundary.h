// What crosses the boundary of the one machine that drivers hold: inputs with a time go in, outputs
// are polled out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "core/base/byte_reader.h"
#include "core/base/frame_pool.h"
#include "core/base/packet_pool.h"
#include "core/units/bitrate.h"
#include "core/units/ids.h"
#include "core/units/ntp_time.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// What a datagram is after the driver's demultiplexing (RFC 7983) and unsealing. `control` is
// plain: node carries it as DTLS application data; `dtls` is handshake flights only.
enum class PacketKind : std::uint8_t { stun, dtls, rtp, rtcp, control };

// Media bytes with their owner. `bytes` is valid while this lives; empty with a length > 0 when
// elided.
struct Media {
  ByteSpan bytes;
  std::uint32_t length = 0;
  PacketRef packet;
  FrameRef frame;
};

// ---------------------------------------------------------------- inputs

// A datagram on a known path, unsealed: only authenticated rtp, rtcp and control get this far.
struct PacketArrived {
  PathId path;
  PacketKind kind = PacketKind::stun;
  Timestamp received_at;  // ≤ now
  PacketRef packet;
};
// A STUN-shaped datagram (RFC 7983 first byte 0–3) from an address that is no path. Anything else
// from there is dropped by the driver and counted.
struct StrangerArrived {
  std::uint8_t uplink = 0;
  Endpoint from;
  Timestamp received_at;
  PacketRef packet;
};
struct AudioEncoded {
  Timestamp captured_at;          // of the first sample
  std::uint8_t level_dbov = 127;  // 0 loudest … 127 silence (RFC 6464)
  bool voice = false;
  std::uint32_t samples = 960;  // at 48 kHz
  ByteSpan bytes;               // valid during the call; empty when elided
  std::uint32_t length = 0;
};
// One NAL unit without start code; data is null when elided.
struct NalUnit {
  const std::uint8_t* data = nullptr;
  std::uint32_t size = 0;
};
struct VideoEncoded {
  Source source = Source::camera;
  Layer layer = Layer::hi;
  Timestamp captured_at;
  std::uint32_t frame_number =
      0;  // counts per source and layer, never restarts while the bridge lives
  std::uint32_t newest_needed = 0;  // frame numbers; meaningless when key
  std::uint32_t oldest_needed = 0;
  std::uint8_t temporal_id = 0;  // 1: no other frame needs it
  bool key = false;
  std::span<const NalUnit> nals;  // valid during the call
};
// Before a device takes its next period, whole: core, decoder and two handings over take less even
// when one of them is late by 5 ms, as a busy machine's now and then are.
constexpr Duration kAskAhead = 6ms;
// The play-out device of one origin asks for the next frame; `queued` samples play before it.
struct AudioWanted {
  PeerId origin;
  std::uint32_t queued_samples = 0;
};
enum class AudioAction : std::uint8_t {
  normal,
  accelerate,
  decelerate,
  expand,
  silence,
  stretch  // as much longer as the frame can be: the next one will be late
};
// What performing a PlayAudio really gave. `plays_at` is when its first sample reaches the
// loudspeaker.
struct AudioPlayed {
  PeerId origin;
  AudioAction action = AudioAction::normal;
  std::uint32_t samples = 0;
  Timestamp plays_at;
  std::optional<Timestamp>
      captured_at;  // of the frame played, local clock; none for expand and silence
};
struct FrameDecoded {
  StreamId stream;
  std::uint32_t frame_number = 0;
  bool ok = false;
  Duration took{};
};
struct FrameShown {
  StreamId stream;
  std::uint32_t frame_number = 0;
  Timestamp shown_at;
};
// Wanted layer of one origin's source; none stops it. Applies at once, announced to the origin.
struct Subscribe {
  PeerId origin;
  Source source = Source::camera;
  std::optional<Layer> layer;
};
// Says goodbye to every peer (BYE, control) and stops sending. Poll until empty, then close.
struct Leave {};
// What records a stream has nothing to go on from. Asks its origin, once, for a key frame.
struct RequestKey {
  StreamId stream;
};
using Command = std::variant<Subscribe, Leave, RequestKey>;
// What this bridge can send just now; a document is shown to everybody from then on.
struct LocalStatus {
  bool microphone = false;
  bool camera = false;
  bool document = false;
};
struct WallClock {
  NtpTime ntp;  // at `now`
  Duration uncertainty{};
};
struct TimePassed {};

using Input = std::variant<PacketArrived, StrangerArrived, AudioEncoded, VideoEncoded, AudioWanted,
                           AudioPlayed, FrameDecoded, FrameShown, Command, LocalStatus, WallClock,
                           TimePassed>;

// --------------------------------------------------------------- outputs

struct SendPacket {
  PathId path;
  PacketKind kind = PacketKind::stun;
  PacketRef packet;
};
// From now on datagrams to and from `remote` on `uplink` are `path`'s, whosever they were.
struct PathOpened {
  PathId path;
  PeerId peer;
  std::uint8_t uplink = 0;
  Endpoint remote;
};
struct PathClosed {
  PathId path;
};
// The state an encoder must have from the next frame on. `active` false stops it.
// `invalidate_from`: no later frame may reference that frame number or a newer one that exists now
// (they are lost at some receiver).
struct SetEncoder {
  Source source = Source::camera;
  Layer layer = Layer::hi;
  bool active = false;
  Bitrate rate;
  std::uint8_t fps = 30;
  bool idr = false;
  std::optional<std::uint32_t> invalidate_from;
  // Every second picture shall be droppable (temporal_id 1): no other is made from it.
  bool temporal = false;
  // No picture until it is asked for without: the last one still waits to leave. What is not made
  // is no loss to anybody, and the next one is made from the last.
  bool hold = false;
  // Behind a hold: the camera's last picture is wanted now, not the next one when it comes.
  bool at_once = false;
};
struct PlayAudio {
  PeerId origin;
  AudioAction action = AudioAction::silence;
  std::optional<NtpTime> captured;       // on the origin's wall clock; of its first sample
  std::optional<Timestamp> captured_at;  // local clock
  Media media;                           // empty for expand and silence
};
// Decode now, in this order per stream; answer with FrameDecoded.
struct DecodeFrame {
  StreamId stream;
  std::uint32_t frame_number = 0;
  bool key = false;
  Timestamp captured_at;  // local clock
  Media media;
};
// Show the decoded picture at `at` (or at once when that has passed); pictures of older frames may
// be dropped.
struct ShowFrame {
  StreamId stream;
  std::uint32_t frame_number = 0;
  Timestamp captured_at;  // local clock
  Timestamp at;
};
// An encoded frame for the record, as received, in order per stream. `captured` is on the origin's
// wall clock.
struct RecordBytes {
  StreamId stream;
  std::uint32_t frame_number = 0;
  bool key = false;
  NtpTime captured;
  Timestamp captured_at;  // local clock
  Media media;
};
enum class EventKind : std::uint8_t {
  link_proven,
  handshake_done,
  handshake_failed,
  link_up,
  link_suspect,
  link_down,
  peer_left,
  peer_incompatible,
  stream_started,
  stream_stopped,
  speaker_changed,
};
struct Event {
  EventKind kind = EventKind::link_up;
  PeerId peer;
  // Per kind: ns of outage, protocol version; of a stream: its Source (only documents are told); of
  // a change of the speaker, whose `peer` may be this bridge: how many there have been.
  std::uint64_t detail = 0;
};

using Output = std::variant<SendPacket, PathOpened, PathClosed, SetEncoder, PlayAudio, DecodeFrame,
                            ShowFrame, RecordBytes, Event>;

}  // namespace diemcau::mesh
