// Cameras, microphones, codecs, screens, loudspeakers and wall clocks of all members: each ticks by
// its own machine's clock, late as its machine is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/mesh/boundary.h"
#include "core/units/time.h"
#include "sim/event_queue.h"
#include "sim/page_meter.h"
#include "sim/participant.h"
#include "sim/scenario.h"
#include "sim/slots.h"
#include "sim/world.h"

namespace diemcau::sim {

using Members = std::vector<std::unique_ptr<Participant>>;  // by PeerId

// Everything that it is given outlives it. One thread at a time.
class Devices {
 public:
  using Deliver = std::function<void(Participant&, mesh::Input&&)>;
  Devices(const Scenario& scenario, const WorldOptions& options, const Members& members,
          EventQueue& events, Deliver deliver);

  // The member is here from now on.
  void start(Timestamp now, Participant& p);

  // What a bridge asks of its devices.
  void perform(Timestamp now, Participant& p, const mesh::PlayAudio& o);
  void perform(Timestamp now, Participant& p, const mesh::DecodeFrame& o);
  void perform(Timestamp now, Participant& p, const mesh::ShowFrame& o);
  void perform(Timestamp now, Participant& p, const mesh::SetEncoder& o);

  // An event of a device, `encoded` to `wall_clock`, and `screen`.
  void handle(Timestamp now, Participant& p, const SimEvent& event);
  PageMeter& pages() { return pages_; }
  // The same for a bridge that has left.
  void drop(const SimEvent& event);

 private:
  struct EncodedFrame {
    Source source = Source::camera;
    Layer layer = Layer::lo;
    Timestamp captured_at;
    VideoModel::Frame frame;
  };
  struct Picture {
    StreamId stream;
    std::uint32_t frame_number = 0;
    Timestamp shown_at;
  };
  void encode(Timestamp now, Participant& p, Layer layer, const VideoModel::Frame& frame);
  void camera(Timestamp now, Participant& p, std::uint32_t tick);
  void screen(Timestamp now, Participant& p, std::uint32_t tick);
  void encoded(Timestamp now, Participant& p, const EncodedFrame& e);
  void shown(Participant& p, const Picture& picture);
  void microphone(Timestamp now, Participant& p, std::uint32_t tick);
  void loudspeaker(Timestamp now, Participant& p, std::uint32_t tick);
  void wall_clock(Timestamp now, Participant& p);
  void microphone_next(Timestamp now, Participant& p, std::uint32_t tick);
  void loudspeaker_next(Timestamp now, Participant& p, std::uint32_t tick);

  const Scenario& scenario_;
  const WorldOptions& options_;
  const Members& members_;
  EventQueue& events_;
  Deliver deliver_;
  PageMeter pages_;
  std::vector<mesh::NalUnit> nals_;  // scratch
  Slots<EncodedFrame> encoding_;
  Slots<mesh::FrameDecoded> decoding_;
  Slots<Picture> showing_;
  Slots<mesh::AudioPlayed> playing_;
};

}  // namespace diemcau::sim
