// Audio frames for the record: in order, each once; a missing one is waited for half a second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/ring_queue.h"
#include "core/receive/audio_frame.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"

namespace diemcau::receive {

// The record can wait longer than the ear: what comes after the play-out deadline is still kept.
// Bounded: kCapacity frames. One thread at a time.
class RecordTap {
 public:
  static constexpr std::size_t kCapacity = 64;  // 1.28 s of sound
  static constexpr Duration kWait = 500ms;

  void insert(Timestamp now, const AudioFrame& frame);
  // The next frame in order; poll until none after insert() and when the deadline has passed.
  std::optional<AudioFrame> poll(Timestamp now);
  std::optional<Timestamp> deadline() const;
  // The ids begin anew (another SSRC); what waits is still given.
  void restart();

  std::uint64_t missing() const { return missing_; }    // given up
  std::uint64_t too_late() const { return too_late_; }  // came after that
  std::uint64_t repeated() const { return repeated_; }

 private:
  struct Waiting {
    Timestamp since;
    AudioFrame frame;
  };
  bool due_now() const;
  AudioFrame take_front();

  RingQueue<Waiting> waiting_;  // in order of id
  std::optional<PacketId> next_;
  std::size_t hurry_ = 0;  // so many at the front wait for nothing: the ids began anew behind them
  std::uint64_t missing_ = 0, too_late_ = 0, repeated_ = 0;
};

}  // namespace diemcau::receive
