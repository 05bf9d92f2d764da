// What the layers of our document have brought since their last key frames: whoever comes later is
// sent that, alone, where a key frame would cost everybody a page.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/send/outgoing_packet.h"
#include "core/units/bitrate.h"
#include "core/units/ids.h"
#include "core/units/ntp_time.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// While the page that came with the last key frame stands, all since then is little more than the
// page. It goes out picture by picture at the layer's rate, as if captured then: what it shows is
// what lies on the desk. A layer of which too much has come (a film: whoever comes would run after
// it), or another page without a key frame, is not remembered until the next one. Packets are
// shared with the pacer, not copied. One thread.
class PageMemory {
 public:
  explicit PageMemory(std::size_t peers) : peers_(peers) {}

  // Here and in forget(): whether somebody who was being brought up must have a key frame now. With
  // one that is added they go on with that.
  bool add(Layer layer, std::span<const send::OutgoingPacket> frame, bool key);
  // Another page comes without a key frame, or the layer has stopped.
  bool forget(Layer layer);
  // The newest of it goes to this peer as it is made.
  void sent(PeerId peer, Layer layer);
  // A new association of that peer: it has seen nothing.
  void forget(PeerId peer);
  void set_rate(Layer layer, Bitrate rate) { of(layer).rate = rate; }

  // From now on that peer is brought up to the layer. False when there is nothing to do it with, or
  // the peer has had some of it: it would take the rest for old.
  bool begin(Timestamp now, PeerId peer, Layer layer);
  // Whether that peer was just being brought up to the layer.
  bool call_off(PeerId peer, Layer layer);
  void call_off(PeerId peer);
  struct Step {
    PeerId peer;
    Layer layer;
    std::span<const send::OutgoingPacket> frame;  // until the next call
    bool last = false;                            // from here on it gets each picture as it is made
  };
  // The next picture that is due; poll until none. `wall` is the time of `now`.
  std::optional<Step> poll(Timestamp now, NtpTime wall);
  // Timestamp::max() is never.
  Timestamp deadline() const;

 private:
  static constexpr std::size_t kMostFrames = 600;  // a minute of hi
  static constexpr std::size_t kMostPackets = 1'200;
  // At the layer's rate when it was made: that falls while whoever comes has a slow start. At 350
  // kbit/s a page of 70 kB takes 1.6 s, and 2.6 s more in the minute it stands.
  static constexpr Duration kLongest = 5s;
  struct Frame {
    std::uint32_t end = 0;  // behind its last packet
    std::uint32_t bytes = 0;
  };
  struct Remembered {
    std::vector<send::OutgoingPacket> packets;
    std::vector<Frame> frames;  // the first is a key frame; none: nothing is remembered
    Duration took{};            // of the line, all of it
    std::uint64_t key_number = 0, next_number = 0;  // counting all frames of the layer
    Bitrate rate;
    Duration time_for(std::int64_t bytes) const;
  };
  struct Viewer {
    std::array<std::optional<std::uint64_t>, 4> newest;  // that it was sent, by Layer
    std::optional<Layer> catches_up;
    std::size_t next = 0;  // of the frames that are remembered
    Timestamp due;
  };
  Remembered& of(Layer layer) { return layers_[static_cast<std::size_t>(layer)]; }
  Step step(Timestamp now, NtpTime wall, PeerId peer);

  std::array<Remembered, 4> layers_;
  std::vector<Viewer> peers_;  // by PeerId
  std::size_t catching_up_ = 0;
  std::vector<send::OutgoingPacket> stamped_;
};

}  // namespace diemcau::mesh
