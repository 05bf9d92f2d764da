// Which table each step draws from.
#include "sim/host_model.h"

#include <algorithm>
#include <utility>

#include "sim/host_times.h"
#include "sim/media_model.h"

namespace diemcau::sim {

HostModel::HostModel(std::uint64_t seed, std::uint16_t member, bool ideal,
                     std::uint32_t decode_load)
    : ideal_(ideal),
      decode_load_(decode_load),
      random_([&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::array{CounterRandom{seed, Purpose::host, std::uint64_t{member} * steps + I}...};
      }(std::make_index_sequence<steps>{})) {}

Duration HostModel::draw(Step step, const HostTimes& times) {
  return time_at(times, random_[step].next_u32());
}

Duration HostModel::hand_over(Step step) { return ideal_ ? 0ns : draw(step, kHandOver); }
Duration HostModel::late(Step step) { return ideal_ ? 0ns : draw(step, kTimer); }

Timestamp HostModel::encoded(Timestamp now, Layer layer, Duration ideal_time) {
  if (ideal_) return now + ideal_time;
  const Duration took = layer == Layer::hi    ? draw(encode_hi, kEncodeHi)
                        : layer == Layer::mid ? draw(encode_mid, kEncodeMid)
                                              : draw(encode_lo, kEncodeLo);
  encoder_free_at_ = std::max(encoder_free_at_, now + hand_over(picture_in)) + took;
  return encoder_free_at_ + hand_over(picture_out);
}

Duration HostModel::sound_encoded() {
  if (ideal_) return kAudioEncode;
  return draw(encode_sound, kEncodeSound) + hand_over(sound_out);
}

Duration HostModel::sound_decoded() {
  if (ideal_) return 0ns;
  return hand_over(play_in) + draw(decode_sound, kDecodeSound);
}

Duration HostModel::decode(Layer layer) {
  if (ideal_) return decode_load_ * decode_time(layer);
  return decode_load_ * (layer == Layer::hi    ? draw(decode_hi, kDecodeHi)
                         : layer == Layer::mid ? draw(decode_mid, kDecodeMid)
                                               : draw(decode_lo, kDecodeLo));
}

Duration HostModel::to_decoder() { return hand_over(decode_in); }
Duration HostModel::from_decoder() { return hand_over(decode_out); }
Duration HostModel::from_player() { return hand_over(play_out); }
Duration HostModel::shown_late() { return late(show_timer); }
Duration HostModel::from_screen() { return hand_over(show_out); }
Duration HostModel::loudspeaker_late() { return late(tick_timer) + hand_over(tick_out); }
Duration HostModel::timer_late() { return late(core_timer); }
Duration HostModel::socket_wakes() { return hand_over(socket); }

}  // namespace diemcau::sim
