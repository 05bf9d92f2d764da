// Any arrivals and any way of pulling: the time line never goes back, nothing is held without
// bound, and silence follows a source that stops.
#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/base/byte_reader.h"
#include "core/base/check.h"
#include "core/receive/audio_buffer.h"
#include "core/receive/record_tap.h"

using namespace diemcau;
using namespace diemcau::receive;

namespace {

struct Machine {
  explicit Machine(PacketPool& p) : packets(p) {}
  PacketPool& packets;
  AudioBuffer buffer;
  RecordTap tap;
  SeqUnwrapper unwrapper;
  Timestamp now = timestamp_from_ns(1'000'000'000);
  std::uint64_t restarts = 0;
  std::optional<std::uint32_t> played_from;

  void insert(ByteReader& in) {
    AudioFrame frame;
    frame.id = unwrapper.unwrap(SeqNo{in.u16()});
    frame.rtp_timestamp = in.u32();
    frame.packet = packets.take();
    tap.insert(now, frame);
    while (tap.poll(now)) {
    }
    buffer.insert(now, std::move(frame));
  }
  void pull(std::uint8_t how) {
    const auto pull = buffer.pull(now, std::uint32_t{how} * 8);
    DC_CHECK(pull.frame.has_value() ==
             (pull.step != AudioStep::expand && pull.step != AudioStep::silence));
    if (pull.frame) {
      const bool anew = buffer.figures().restarts != restarts;
      if (played_from && !anew) {
        DC_CHECK(static_cast<std::int32_t>(pull.frame->rtp_timestamp - *played_from) > 0);
      }
      restarts = buffer.figures().restarts;
      played_from = pull.frame->rtp_timestamp;
    }
    buffer.played(pull.step, pull.step == AudioStep::expand ? 480U : 720U + how);
    DC_CHECK(buffer.target_delay() >= DelayHistogram::kLeast &&
             buffer.target_delay() <= AudioBuffer::kMostTarget);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static PacketPool packets;
  ByteReader in({data, std::min<std::size_t>(size, 32'768)});
  Machine m(packets);
  while (in.remaining() >= 8) {
    const std::uint8_t what = in.u8();
    m.now += in.u8() * Duration{1ms};
    if ((what & 1U) == 0) {
      m.insert(in);
    } else {
      m.pull(what);
    }
    DC_CHECK(packets.in_use() <= AudioBuffer::kCapacity + RecordTap::kCapacity);
  }
  // Whatever it holds plays out, and then there is silence.
  for (int i = 0; i < 2'000; ++i) {
    m.now += 10ms;
    m.pull(240);
  }
  DC_CHECK(m.buffer.size() == 0);
  DC_CHECK(m.buffer.pull(m.now, 0).step == AudioStep::silence);
  return 0;
}
