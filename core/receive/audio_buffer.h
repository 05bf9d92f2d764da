// The audio jitter buffer: holds sound back as long as late packets need, and stretches time to get
// there (after NetEq of WebRTC).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/ring_queue.h"
#include "core/receive/arrival_trend.h"
#include "core/receive/audio_frame.h"
#include "core/receive/delay_histogram.h"
#include "core/receive/foreign_queue.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"

namespace diemcau::receive {

enum class AudioStep : std::uint8_t { normal, accelerate, decelerate, stretch, expand, silence };

struct AudioPull {
  AudioStep step = AudioStep::silence;
  std::optional<AudioFrame> frame;  // for all but expand and silence
};

// Delay is how long after the fastest recent packet's pace a frame is pulled; the target is the
// delay that all but 0.5 % of packets keep. The clock skew of the peer moves that pace, and is
// followed by the same time stretching. Bounded: kCapacity frames. One thread at a time.
class AudioBuffer {
 public:
  enum class Insert : std::uint8_t { fresh, duplicate, late };
  struct Figures {
    std::uint64_t late = 0;       // came after their turn
    std::uint64_t missing = 0;    // never came in time, by the time line
    std::uint64_t discarded = 0;  // whole frames left out to catch up
    std::uint64_t restarts = 0;   // the sender's time line jumped
  };
  static constexpr std::size_t kCapacity = 128;    // 2.56 s
  static constexpr Duration kMostTarget = 2400ms;  // what fits, with a frame or two to come

  // `repaired`: it came again, or in a later packet. What that takes is held for a while, unless it
  // is too long to be worth waiting for.
  Insert insert(Timestamp received_at, AudioFrame frame, bool repaired = false);
  // Whether packets bring frames before their own as well (RFC 2198).
  void set_earlier_comes(bool comes) { earlier_comes_ = comes; }
  // What the device plays next; `queued_samples` are still in front of it.
  AudioPull pull(Timestamp now, std::uint32_t queued_samples);
  // The real length of what a pull gave.
  void played(AudioStep step, std::uint32_t samples);

  // From the lip sync. It becomes less by what a queue that comes to stand adds to the pace.
  void set_minimum_delay(Duration d);
  Duration minimum_delay() const { return minimum_delay_; }
  Duration target_delay() const;
  std::size_t size() const { return entries_.size(); }
  const Figures& figures() const { return figures_; }
  // The stream ended or its link was lost: the next packet starts anew, jitter is remembered.
  void stop();

 private:
  struct Entry {
    std::int64_t at = 0;  // samples on the sender's time line
    AudioFrame frame;
  };
  AudioPull play_front(Timestamp now, std::uint32_t queued_samples);
  bool runs_dry(Duration waited) const;
  AudioPull conceal();
  void measure(Timestamp received_at, std::int64_t at);
  Duration fastest() const;
  void learn(Timestamp received_at, std::int64_t at, bool repaired);
  // How long ago the fastest packet of that place on the time line would have come.
  Duration age(Timestamp now, std::int64_t at) const;
  void clear();

  RingQueue<Entry> entries_;  // in order of `at`
  Unwrapper<std::uint32_t> unwrapper_;
  std::int64_t newest_ = 0;
  bool playing_ = false;
  std::optional<std::int64_t> next_;   // where the time line goes on; before it is too late
  std::uint32_t given_ = 0;            // frames since the start, up to its end
  std::uint64_t concealed_ = 0;        // samples since the last frame played
  std::uint32_t frame_samples_ = 960;  // of the last frame given
  std::int64_t stretch_credit_ = 0;    // samples that may be stretched away or in

  DelayHistogram delays_;
  ArrivalTrend trend_;
  ForeignQueue foreign_;
  Duration minimum_delay_{};
  bool earlier_comes_ = false;
  Duration held_{};  // what repair has needed in the last seconds
  Timestamp held_until_;
  // Least arrival minus media time, in this epoch and the one before: follows a clock's skew, not
  // jitter.
  std::optional<Duration> fastest_now_, fastest_before_;
  Timestamp epoch_began_;
  Figures figures_;
};

}  // namespace diemcau::receive
