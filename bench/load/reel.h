// A few seconds of the generated camera and microphone, encoded beforehand in all layers, and what
// each step of it cost.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::bench {

struct ReelFrame {
  std::vector<std::uint8_t> bytes;       // NAL units one after the other
  std::vector<std::uint32_t> nal_sizes;  // without start codes
  std::uint32_t newest_needed = 0;       // frames back; 0 when key
  std::uint32_t oldest_needed = 0;
  bool key = false;
};
struct ReelSound {
  std::vector<std::uint8_t> bytes;
  std::uint8_t level_dbov = 127;
};

// CPU of one frame on one thread, by Layer; the same codecs and settings as the node's.
struct CodecCosts {
  Duration source{};  // a second of capture: painting, noise, speech
  std::array<Duration, 4> encode{}, decode{};
  Duration sound_encode{}, sound_decode{};
};

struct Reel {
  std::array<std::vector<ReelFrame>, 4> video;  // by Layer; the first of each is the only IDR
  std::vector<ReelSound> audio;                 // 20 ms each
  CodecCosts costs;
};

// Throws std::runtime_error when the generated source cannot be made.
Reel make_reel(Duration length);

}  // namespace diemcau::bench
