#include "core/send/packetizer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "core/base/rng.h"
#include "core/units/media_time.h"

using namespace diemcau;
using namespace diemcau::send;

namespace {

struct Nals {
  std::vector<std::vector<std::uint8_t>> bytes;
  std::vector<std::uint32_t> sizes;
  std::vector<ByteSpan> spans;
};

Nals nals_of(const std::vector<std::uint32_t>& sizes, Rng& rng) {
  Nals n;
  n.sizes = sizes;
  for (const std::uint32_t size : sizes) {
    auto& nal = n.bytes.emplace_back(size);
    for (auto& b : nal) b = static_cast<std::uint8_t>(rng.next());
    nal[0] = 0x41;
  }
  for (const auto& nal : n.bytes) n.spans.emplace_back(nal);
  return n;
}

AudioFrameInfo sound_at(Duration captured) {
  AudioFrameInfo info;
  info.captured_at = Timestamp{} + captured;
  return info;
}

}  // namespace

TEST_CASE("no datagram is longer than 1,232 bytes with everything that may be added to it") {
  CHECK(kMaxPayload + wire::kMaxRtpHeaderBytes + wire::kSrtpTagBytes + kRepairOverheadBytes +
            kRelayHeaderBytes ==
        kMaxDatagram);
  Rng rng(1);
  PacketPool pool;
  Packetizer packetizer(pool);
  for (std::uint32_t size = 1; size < 9'000; size += 37) {
    const Nals n = nals_of({size, 30, size}, rng);
    for (const auto& p : packetizer.video({}, n.sizes, n.spans)) {
      CHECK(p.payload->wire_size() <= kMaxPayload);
    }
  }
}

TEST_CASE("the first packet of a frame is its start, the last one its end, and no other") {
  Rng rng(2);
  PacketPool pool;
  Packetizer packetizer(pool);
  const Nals n = nals_of({5'000, 40, 700}, rng);
  const auto packets = packetizer.video({}, n.sizes, n.spans);
  REQUIRE(packets.size() > 4);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    CHECK(packets[i].descriptor.start == (i == 0));
    CHECK(packets[i].descriptor.end == (i + 1 == packets.size()));
  }
}

TEST_CASE("the descriptor says what the encoder said") {
  Rng rng(3);
  PacketPool pool;
  Packetizer packetizer(pool);
  VideoFrameInfo info;
  info.layer = Layer::mid;
  info.frame_number = 65'540;
  info.newest_needed = 65'538;
  info.oldest_needed = 65'533;
  info.temporal_id = 1;
  const Nals n = nals_of({100}, rng);
  const auto d = packetizer.video(info, n.sizes, n.spans)[0].descriptor;
  CHECK(d.frame_number == 4);
  CHECK(d.layer == Layer::mid);
  CHECK(d.newest_needed_diff == 2);
  CHECK(d.oldest_needed_diff == 7);
  CHECK(d.temporal_id == 1);
  CHECK_FALSE(d.key);
}

TEST_CASE("an elided frame is cut exactly as a real one") {
  Rng rng(4);
  PacketPool pool;
  Packetizer a(pool), b(pool);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint32_t> sizes(1 + rng.below(6));
    for (auto& s : sizes) s = 1 + rng.below(4'000);
    const Nals n = nals_of(sizes, rng);
    const auto real = a.video({}, n.sizes, n.spans);
    const auto elided = b.video({}, n.sizes, {});
    REQUIRE(real.size() == elided.size());
    for (std::size_t i = 0; i < real.size(); ++i) {
      CHECK(real[i].payload->wire_size() == elided[i].payload->wire_size());
      CHECK(real[i].descriptor == elided[i].descriptor);
      CHECK(elided[i].payload->present() == 0);
    }
  }
}

TEST_CASE("the video timestamp is the capture time at 90 kHz") {
  PacketPool pool;
  Packetizer packetizer(pool);
  const std::vector<std::uint32_t> sizes = {100};
  VideoFrameInfo info;
  info.captured_at = timestamp_from_ns(2'500'000'000);
  CHECK(packetizer.video(info, sizes, {})[0].rtp_timestamp == 225'000);
}

TEST_CASE("the audio timestamp counts samples, whatever the capture times wobble") {
  PacketPool pool;
  Packetizer packetizer(pool);
  const std::uint32_t first = packetizer.audio(sound_at(1s), {}, 80)[0].rtp_timestamp;
  for (std::uint32_t k = 1; k < 100; ++k) {
    const Duration wobble = k % 2 == 0 ? Duration{3ms} : Duration{-3ms};
    const auto packets = packetizer.audio(sound_at(1s + k * Duration{20ms} + wobble), {}, 80);
    CHECK(packets[0].rtp_timestamp - first == k * 960);
  }
}

TEST_CASE("the audio timestamp counts samples, however far the device's clock is from ours") {
  const Duration frame = 20ms + GENERATE(-4us, 4us);  // 200 ppm
  CAPTURE(frame.count());
  PacketPool pool;
  Packetizer packetizer(pool);
  std::uint32_t last = packetizer.audio(sound_at(1s), {}, 80)[0].rtp_timestamp;
  for (int k = 1; k < 50'000; ++k) {
    const std::uint32_t next = packetizer.audio(sound_at(1s + k * frame), {}, 80)[0].rtp_timestamp;
    REQUIRE(next - last == 960);
    last = next;
  }
}

TEST_CASE("a capture thread that woke late leaves no hole in the audio timestamp") {
  PacketPool pool;
  Packetizer packetizer(pool);
  std::uint32_t last = packetizer.audio(sound_at(1s), {}, 80)[0].rtp_timestamp;
  for (int k = 1; k < 100; ++k) {
    // Four frames that were read together, 100 ms after the one before.
    const Duration read_at = k >= 50 && k < 54 ? 1s + 54 * Duration{20ms} : 1s + k * Duration{20ms};
    const std::uint32_t next = packetizer.audio(sound_at(read_at), {}, 80)[0].rtp_timestamp;
    REQUIRE(next - last == 960);
    last = next;
  }
}

TEST_CASE("after a hole in the capture the audio timestamp is where the capture time is") {
  PacketPool pool;
  Packetizer packetizer(pool);
  const std::uint32_t first = packetizer.audio(sound_at(1s), {}, 80)[0].rtp_timestamp;
  CHECK(packetizer.audio(sound_at(6s), {}, 80)[0].rtp_timestamp - first == 5 * 48'000);
}

TEST_CASE("a frame that an encoder must not make is not sent") {
  PacketPool pool;
  Packetizer packetizer(pool);
  const std::vector<std::uint32_t> none, with_empty = {100, 0};
  CHECK(packetizer.video({}, none, {}).empty());
  CHECK(packetizer.video({}, with_empty, {}).empty());
  CHECK(packetizer.audio(sound_at(1s), {}, 0).empty());
  CHECK(packetizer.audio(sound_at(1s), {}, kMaxPayload + 1).empty());
}
