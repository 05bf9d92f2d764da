// What a member's PC adds to the lines: codecs that take their time, threads that hand over, timers
// that are late, datagrams that are read when the thread wakes.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/units/ids.h"
#include "core/units/time.h"
#include "sim/counter_random.h"

namespace diemcau::sim {

// Where a measured distribution is cut, in parts of 2^32: 0, 1, 5, 25, 50, 75, 95, 99, 99.9 and 100
// per cent.
constexpr std::array<std::uint64_t, 10> kHostParts{
    0,          42949673,   214748365,  1073741824, 2147483648,
    3221225472, 4080218931, 4252017623, 4290672329, std::uint64_t{1} << 32};
// Times in ns at these cuts.
using HostTimes = std::array<std::uint32_t, kHostParts.size()>;

// A draw by the distribution: straight between two cuts. Which cuts, no processor can guess, and
// what lies between them is no power of two: so a draw's first byte says the cut but for one
// comparison, and to divide is to multiply (Granlund and Montgomery, 1994), exact for all that 63
// bits hold.
inline Duration time_at(const HostTimes& times, std::uint32_t draw) {
  __extension__ using Wide = unsigned __int128;
  struct Span {
    std::uint64_t from, factor;
    unsigned shift;
  };
  static constexpr std::size_t kSpans = kHostParts.size() - 1;
  static constexpr auto spans = [] {
    std::array<Span, kSpans> all{};
    for (std::size_t i = 0; i < kSpans; ++i) {
      const std::uint64_t length = kHostParts[i + 1] - kHostParts[i];
      const auto bits = static_cast<unsigned>(std::bit_width(length - 1));
      const Wide one = Wide{1} << (63 + bits);
      all[i] = {kHostParts[i], static_cast<std::uint64_t>((one + length - 1) / length), bits - 1};
    }
    return all;
  }();
  // The span that the least draw with this first byte lies in; no two begin within one byte.
  static constexpr auto first_spans = [] {
    std::array<std::uint8_t, 256> all{};
    for (std::size_t byte = 0; byte < all.size(); ++byte) {
      const std::uint64_t least = std::uint64_t{byte} << 24;
      while (kHostParts[all[byte] + 1U] <= least) ++all[byte];
    }
    return all;
  }();
  std::size_t cut = first_spans[draw >> 24];
  cut += draw >= kHostParts[cut + 1] ? 1U : 0U;
  const Span& span = spans[cut];
  const std::uint64_t product = std::uint64_t{times[cut + 1] - times[cut]} * (draw - span.from);
  const auto rise = static_cast<std::uint64_t>(Wide{product} * span.factor >> 64) >> span.shift;
  return Duration{static_cast<std::int64_t>(times[cut] + rise)};
}

// One member's. Each step draws from a stream of its own, so that what one does more often under
// another design moves no other step's draws. One thread at a time.
class HostModel {
 public:
  // An ideal host's codecs take their constant times, and everything else takes none.
  HostModel(std::uint64_t seed, std::uint16_t member, bool ideal, std::uint32_t decode_load = 1);
  bool ideal() const { return ideal_; }

  // When core has a picture that was captured `now`. The layers of one picture are encoded one
  // after the other, hi first: ask in this order. `ideal_time`: the encoder's own.
  Timestamp encoded(Timestamp now, Layer layer, Duration ideal_time);
  Duration sound_encoded();      // from the end of a frame of sound to core
  Duration sound_decoded();      // from core's PlayAudio to its samples
  Duration decode(Layer layer);  // a decoder at work
  Duration to_decoder();         // from core to that decoder's thread
  Duration from_decoder();       // and back to core
  Duration from_player();        // that sound was decoded
  Duration shown_late();         // the screen's timer
  Duration from_screen();        // that a picture was shown
  Duration loudspeaker_late();   // the device's tick and what it asks core
  Duration timer_late();         // core's own timer
  Duration socket_wakes();       // from a datagram's arrival to core's thread reading

 private:
  enum Step : std::uint8_t {
    encode_hi,
    encode_mid,
    encode_lo,
    encode_sound,
    decode_hi,
    decode_mid,
    decode_lo,
    decode_sound,
    picture_in,
    picture_out,
    sound_out,
    play_in,
    play_out,
    decode_in,
    decode_out,
    show_timer,
    show_out,
    tick_timer,
    tick_out,
    core_timer,
    socket,
    steps
  };
  Duration draw(Step step, const HostTimes& times);
  Duration hand_over(Step step);
  Duration late(Step step);

  bool ideal_;
  std::uint32_t decode_load_;
  std::array<CounterRandom, steps> random_;
  Timestamp encoder_free_at_;
};

}  // namespace diemcau::sim
