// What people in the room see and hear, at the moment they do: the player tells it, sinks, grid and
// mix listen.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/mesh/boundary.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::codecs {
struct Picture;
}

namespace diemcau::node {

constexpr std::uint32_t kTickSamples = 480;  // the device takes 10 ms at a time

struct ShownPicture {
  PeerId origin;
  Source source = Source::camera;
  Layer layer = Layer::only;
  Timestamp captured_at;  // local clock
  Timestamp shown_at;
  std::shared_ptr<const codecs::Picture> picture;
};

// A frame whose first sample leaves the device `offset` samples after the tick begins.
struct PlayedFrame {
  std::uint32_t offset = 0;
  mesh::AudioAction action = mesh::AudioAction::normal;
  std::optional<Timestamp> captured_at;
};

// 10 ms of one bridge's sound, silence included.
struct PlayedSound {
  PeerId origin;
  std::span<const std::int16_t> samples;  // kTickSamples, 48 kHz mono
  std::span<const PlayedFrame> frames;
};

// Called from the player's threads, pictures and sound at the same time; must not wait. Spans hold
// during the call.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual void on_picture(const ShownPicture& shown) = 0;
  // All bridges of one tick of the device that begins at `at`; ticks are 10 ms apart, none is left
  // out.
  virtual void on_sound(Timestamp at, std::span<const PlayedSound> sounds) = 0;
  virtual void on_link(PeerId origin, bool up) = 0;
  // Who speaks from now on, one's own bridge too.
  virtual void on_speaker(PeerId) {}
  // Whether that bridge shows a document, one's own bridge too; its pictures come before or after.
  virtual void on_document(PeerId, bool /*shown*/) {}
};

}  // namespace diemcau::node
