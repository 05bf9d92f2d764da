// Everything that a judge may ask about one run: what lines, devices and encoders did, by the lab's
// own observation.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/observer.h"
#include "sim/scenario.h"

namespace diemcau::judge {

// Logs of bins have one more than the run is long: what was under way at its end.
constexpr Duration kBin = 100ms;

// From the start of the run; `to` is exclusive.
struct Span {
  Duration from{}, to{};
  bool contains(Timestamp t) const { return t >= Timestamp{} + from && t < Timestamp{} + to; }
};

struct LinePacket {
  std::uint16_t from = 0, to = 0;
  bool foreign = false;
  bool media = false;  // sound or pictures, as they are sent the first time
  sim::Passage passage = sim::Passage::carried;
  Timestamp begins;  // of service, or when it was refused
  Duration waited{};
  std::int64_t bits = 0;  // overhead included
  Timestamp entered() const { return begins - waited; }
  bool served() const {
    return passage == sim::Passage::carried || passage == sim::Passage::lost_wire;
  }
};

struct LineBin {
  std::int64_t capacity_bits = 0;
  std::int64_t own_bits = 0, foreign_bits = 0;  // of what was served
  Duration longest_wait{}, longest_foreign_wait{};
  bool interrupted = false;
};

struct LineLog {
  std::string name;  // "bottleneck/up"
  bool fifo = true;
  std::vector<LineBin> bins;
  std::vector<LinePacket> packets;  // of watched lines alone, by the time they were decided
};

struct FlowBin {
  std::int64_t sent_bits = 0, arrived_bits = 0;  // UDP payload
  std::int64_t repair_bits = 0;                  // of those sent
  std::uint32_t sent = 0, arrived = 0;           // packets
};

struct Picture {
  Layer layer = Layer::lo;
  Timestamp captured_at, shown_at;
  Duration delay() const { return shown_at - captured_at; }
};

// Of a document, as it was turned to while the receiver looked.
struct Page {
  Timestamp turned_at;
  std::optional<Timestamp> whole_at;
};

struct Sound {
  mesh::AudioAction action = mesh::AudioAction::normal;
  std::uint32_t samples = 0;
  std::optional<Timestamp> captured_at;
  Timestamp plays_at;
  bool concealed() const {
    return action == mesh::AudioAction::expand || action == mesh::AudioAction::silence;
  }
};

// From one member to another.
struct FlowLog {
  std::vector<FlowBin> bins;
  std::vector<Picture> pictures;  // of the camera, in the order of showing
  std::vector<Page> pages;
  std::vector<Sound> sounds;
  std::optional<Timestamp> up_at;  // the later of the two ends' first link_up
};

struct EncoderTarget {
  Timestamp at;
  Layer layer = Layer::hi;
  bool active = false;
  Bitrate rate;
  bool temporal = false;
};
struct EncodedPicture {
  Timestamp at;
  Layer layer = Layer::hi;
  std::uint32_t bytes = 0;
  bool key = false;
};
struct EncoderLog {
  std::vector<EncoderTarget> targets;  // of the camera, as everything here
  std::vector<EncodedPicture> pictures;
  std::vector<EncodedPicture> pages;  // of the document
};

struct Recording {
  sim::Scenario scenario;
  std::vector<std::string> names;
  std::vector<LineLog> lines;
  std::vector<std::vector<std::uint32_t>> paths;  // lines by from × to
  std::vector<FlowLog> flows;                     // from × to
  std::vector<EncoderLog> encoders;
  std::vector<std::int64_t> foreign_goodput_bytes;  // by cross flow, of the whole run

  std::size_t member(const std::string& name) const;  // throws when there is none
  const LineLog& line(const std::string& name) const;
  const FlowLog& flow(std::size_t from, std::size_t to) const {
    return flows[from * names.size() + to];
  }
  const FlowLog& flow(const std::string& from, const std::string& to) const {
    return flow(member(from), member(to));
  }
};

// One run of the scenario; packets are kept of the lines in `watched`. Throws when one of them does
// not exist.
Recording record(const sim::Scenario& scenario, const std::set<std::string>& watched);

}  // namespace diemcau::judge
