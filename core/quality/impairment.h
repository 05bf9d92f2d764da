// Why a second of sound or picture was not as it should be: one cause per second, from what its
// receiver saw.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/quality/cause.h"
#include "core/units/time.h"

namespace diemcau::quality {

// Of one direction, from a peer to us. A cause is given to seconds alone in which something could
// be heard or seen; what happened in the second before may be heard in this one, and trouble that
// goes on without new evidence keeps its cause. Bounded. One thread at a time.
class ImpairmentMeter {
 public:
  // Whole seconds of the local clock; call close() when this has come, before anything else.
  Timestamp second_ends() const { return ends_; }

  // Evidence, within the present second.
  void packet_arrived(Timestamp at);
  // A frame whose capture time is on our clock as far as that is known.
  void sound_arrived(Timestamp at, Timestamp captured_at, std::uint32_t rtp_timestamp);
  void sound_late() { ++now_.late; }      // it came after its turn
  void device_asked(Timestamp at);        // the loudspeaker, every 10 to 20 ms
  void picture_decoded(Duration waited);  // from asking to the answer
  // Nobody asks while the link is down.
  void device_stopped() { device_at_.reset(); }
  // The peer has said goodbye: its silence is no outage.
  void peer_left() { packet_at_.reset(); }

  // What a second was like for people, and what was counted in it.
  struct Seen {
    bool expected = false;  // the peer sends it and it is wanted
    bool frozen = false;
    std::uint64_t undecodable = 0;  // pictures
    bool bad() const { return frozen || undecodable > 0; }
  };
  struct Heard {
    bool sound_expected = false;
    std::uint64_t samples_concealed = 0;
    Seen face, page;  // camera and document
    std::uint64_t packets_lost = 0;
  };
  struct Verdict {
    std::uint32_t seconds = 0;  // that have passed since the last call, alike
    std::optional<Cause> sound, face, page;
  };
  Verdict close(Timestamp now, const Heard& heard);
  // The least delay from now on is the way's, whatever it was before.
  void way_is_longer() { base_ = Base{}; }
  // What sound has waited in a queue, in the second that is not yet over.
  Duration mean_wait() const { return now_.mean_wait(); }

 private:
  // The least one-way delay of the last minutes, as RFC 8298's base delay: by whole minutes.
  class Base {
   public:
    Base() { least_.fill(Duration::max()); }
    Duration add(Timestamp at, Duration delay);  // above the least

   private:
    static constexpr std::int64_t kMinutes = 10;
    std::array<Duration, kMinutes> least_;  // of each; Duration::max() when nothing came
    std::int64_t minute_ = -1;
    Duration overall_ = Duration::max();
  };
  struct Evidence {
    Duration silence{};  // the longest
    Duration waited_sum{}, waited_most{}, waited_last{};
    std::uint32_t sounds = 0;
    std::uint32_t late = 0;
    Duration device_gap{}, decode_wait{};
    std::uint64_t lost = 0;
    Duration mean_wait() const { return sounds > 0 ? waited_sum / sounds : Duration::zero(); }
    // A queue that has just begun to grow shows at the end.
    Duration stood() const { return std::max(mean_wait(), waited_last); }
  };
  std::optional<Cause> evident() const;

  // Every packet touches the first three.
  Timestamp ends_;
  std::optional<Timestamp> packet_at_;
  Evidence now_, before_;
  std::optional<Timestamp> device_at_;
  Duration waited_{};                                         // the newest sound, in a queue
  std::optional<std::pair<Timestamp, std::uint32_t>> sound_;  // the newest: captured, RTP timestamp
  std::optional<Cause> sound_before_, face_before_, page_before_;
  Base base_;
};

}  // namespace diemcau::quality
