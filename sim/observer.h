// What happened on the lines and at the devices, for whoever judges it: true times and causes that
// no bridge is told.
#pragma once

#include <cstdint>
#include <optional>

#include "core/mesh/boundary.h"
#include "core/units/ids.h"
#include "core/units/time.h"
#include "sim/crossing.h"
#include "sim/link.h"

namespace diemcau::sim {

// A datagram of the meeting, or a packet of cross traffic: then `from` is the site that it shares
// the lines of.
struct Traffic {
  std::uint16_t from = 0, to = 0;
  bool foreign = false;
  std::optional<WireStream> stream;  // of RTP
  std::int64_t bytes = 0;  // what it takes: on a line with the line's overhead, else UDP payload
  std::int64_t repair_bytes =
      0;  // of the UDP payload: what would not be there if nothing were lost
};

// What a picture of a document shows of the page that was turned to at that time.
struct PageSeen {
  Timestamp turned_at;
  bool whole = false;  // all of its text, as sharp as it gets
};

// A frame that a bridge had shown, or sound that it had played; all times are true ones, whatever
// clocks the bridges have.
struct PictureShown {
  std::uint16_t from = 0, to = 0;
  Source source = Source::camera;
  Layer layer = Layer::lo;
  Timestamp captured_at, shown_at;
  std::optional<PageSeen> page;  // of a document
};
struct SoundPlayed {
  std::uint16_t from = 0, to = 0;
  mesh::AudioAction action = mesh::AudioAction::normal;
  std::uint32_t samples = 0;
  std::optional<Timestamp> captured_at;
  Timestamp plays_at;
};

// What an encoder gave.
struct PictureEncoded {
  WireStream stream;
  std::uint32_t bytes = 0;
  bool key = false;
};

// Called in the order of virtual time, within a run of the world; changes nothing.
class Observer {
 public:
  virtual ~Observer() = default;
  // It left the pacer, and reached the receiver.
  virtual void sent(Timestamp now, const Traffic& what) = 0;
  virtual void arrived(Timestamp now, const Traffic& what) = 0;
  // A line is done with it: `begins` is when its service began, or when it was dropped.
  virtual void crossed(std::uint32_t line, const Traffic& what, const Link::Result& result) = 0;
  virtual void shown(const PictureShown& what) = 0;
  virtual void played(const SoundPlayed& what) = 0;
  virtual void encoder_set(Timestamp now, std::uint16_t member, const mesh::SetEncoder& what) = 0;
  virtual void encoded(Timestamp now, std::uint16_t member, const PictureEncoded& what) = 0;
  virtual void told(Timestamp now, std::uint16_t member, const mesh::Event& what) = 0;
};

}  // namespace diemcau::sim
