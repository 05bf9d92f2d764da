// The room's screen and loudspeaker: decodes, waits for the moment, and says what was really shown
// and played.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/mesh/boundary.h"
#include "core/quality/histogram.h"
#include "node/stage.h"

namespace diemcau::node {

struct PlayerConfig {
  std::size_t peers = 0;  // roster size; PeerId is below it
  // Takes AudioWanted, AudioPlayed, FrameDecoded and FrameShown to core's thread. Called from the
  // player's threads.
  std::function<void(mesh::Input)> post;
  std::vector<Stage*> stages;  // outlive the player
};

struct PlayerFigures {
  quality::Histogram audio_decode, video_decode;
  std::uint64_t underrun_samples = 0;  // the device found nothing while a link was up
  std::uint64_t decode_errors = 0;
  std::uint64_t dropped = 0;  // jobs that found a queue full
};

// Emulates one loudspeaker per origin that takes 10 ms at every tick of CLOCK_MONOTONIC and, 6 ms
// before, asks core for more when it holds less than that. play, decode, show and link only copy
// and queue; core's thread calls them. BridgeClock time is CLOCK_MONOTONIC in nanoseconds.
class Player {
 public:
  explicit Player(PlayerConfig config);
  ~Player();
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  void play(const mesh::PlayAudio& audio);
  void decode(const mesh::DecodeFrame& frame);
  void show(const mesh::ShowFrame& show);
  // Sound of `origin` is asked for while its link is up; afterwards its device plays silence.
  void link(PeerId origin, bool up);
  void document(PeerId bridge, bool shown);
  void speaker(PeerId bridge);
  PlayerFigures figures() const;
  // Ends the threads; nothing is posted or staged afterwards.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::node
