// One member of the meeting: its bridge, its keys, and the models of its camera, microphone,
// decoders and loudspeaker.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/frame_pool.h"
#include "core/base/packet_pool.h"
#include "core/mesh/bridge.h"
#include "core/mesh/wall_time.h"
#include "sim/device_clock.h"
#include "sim/host_model.h"
#include "sim/media_model.h"
#include "sim/model_keys.h"
#include "sim/observer.h"
#include "sim/page_model.h"
#include "sim/playout_model.h"
#include "sim/scenario.h"

namespace diemcau::sim {

// The order of frames that a decoder has, as libavcodec would see it: a frame whose reference is
// missing fails.
class DecoderModel {
 public:
  bool decode(std::uint16_t number, const VideoModel::Need& need) {
    if (!need.key &&
        decoded_[need.newest_needed % decoded_.size()] != std::uint32_t{need.newest_needed} + 1)
      return false;
    decoded_[number % decoded_.size()] = std::uint32_t{number} + 1;
    return true;
  }

 private:
  std::array<std::uint32_t, 64> decoded_{};  // number + 1
};

// PCs set by NTP over an ordinary line agree to ± 20 ms.
constexpr Duration kWallSpread = 20ms;

// A screen that is captured, its encoder, and the encoder's thread.
struct DocumentModel {
  DocumentModel(const Scenario& scenario, std::uint16_t index);
  PageModel& layer(Layer layer) { return layers[layer == Layer::hi ? 0 : 1]; }
  std::array<PageModel, 2> layers;  // hi, mid: the order in which they are encoded
  HostModel host;
  const DocumentShown* shown = nullptr;  // now
  std::int64_t page = -1;                // of it
};

// The scenario outlives it.
struct Participant {
  struct Pools {
    PacketPool& packets;
    PacketPool& headers;
    FramePool& frames;
  };
  Participant(const Scenario& scenario, const std::vector<mesh::RosterEntry>& roster,
              std::uint16_t index, Pools pools);

  VideoModel& video(Layer layer) { return videos[3 - static_cast<std::size_t>(layer)]; }

  void note_capture(Layer layer, std::uint32_t frame_number, Timestamp at) {
    captures[static_cast<std::size_t>(layer) - 1][frame_number % kCapturesKept] = at;
  }
  // Of this one's camera and microphone, as another's devices gave them.
  PictureShown picture_of(const mesh::FrameShown& shown, std::uint16_t to, Timestamp now) const;
  SoundPlayed sound_of(const mesh::PlayAudio& play, const mesh::AudioPlayed& played,
                       std::uint16_t to, const DeviceClock& clock_of_to) const;
  bool pauses(Timestamp now) const;
  const DocumentShown* document_at(Timestamp now) const;
  mesh::LocalStatus status() const {
    return {!paused, !paused, document && document->shown != nullptr};
  }
  // None of a document that never was shown.
  VideoModel* pictures(const StreamId& stream);
  NtpTime wall_time(Timestamp now) const;  // as its PC shows it

  const Site& site;
  std::uint16_t index;
  ModelKeys keys;
  mesh::Bridge bridge;
  DeviceClock clock;  // of everything that the bridge sees and tells
  Timestamp starts_at;
  bool started = false, left = false;
  bool here() const { return started && !left; }
  bool paused = false;        // camera and microphone
  Duration wall_offset{};     // its PC's clock minus true time
  mesh::WallTime wire_clock;  // as its bridge carries it on: what sent sound says when it was made
  Timestamp camera_ticked_at;
  Duration camera_phase{}, microphone_phase{}, loudspeaker_phase{};

  std::array<VideoModel, 3> videos;  // hi, mid, lo: the order in which they are encoded
  // Divides 2^16, as far as frame numbers go on the wire.
  static constexpr std::size_t kCapturesKept = 1024;
  std::array<std::array<Timestamp, kCapturesKept>, 3> captures{};
  std::unique_ptr<DocumentModel> document;  // of whoever ever shows one
  VoiceModel voice;
  HostModel host;
  struct Peer {
    bool up = false;
    PlayoutModel playout;
    Timestamp decoder_free_at;
    std::array<DecoderModel, 3> decoders;
    // Most never show anything.
    std::unique_ptr<std::array<DecoderModel, 2>> page_decoders;
    DecoderModel& decoder(const StreamId& stream);
  };
  std::vector<Peer> peers;                   // by PeerId
  std::vector<std::optional<PathId>> paths;  // by PeerId: on which its datagrams are told
  std::vector<std::optional<std::uint16_t>>
      routes;  // by PathId: the member behind its remote address
  static constexpr Timestamp kNever = Timestamp::max();
  Timestamp armed_for = kNever;            // the deadline of the timer event under way
  Timestamp timer_at = kNever;             // and when that comes
  std::optional<Timestamp> last_timer_at;  // and how often there was one without time moving on
  std::uint32_t timers_at_once = 0;
  std::uint64_t undecodable = 0;  // frames that the decoder model refused
};

// Every member has one address on one uplink.
Endpoint address_of(std::size_t member);
std::vector<mesh::RosterEntry> roster_of(const Scenario& scenario);

}  // namespace diemcau::sim
