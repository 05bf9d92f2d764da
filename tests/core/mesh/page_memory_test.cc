// What is remembered of a page, and how whoever comes later gets it.
#include "core/mesh/page_memory.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

using namespace diemcau;
using namespace diemcau::mesh;

namespace {

constexpr PeerId kLate{1};
const NtpTime kWall = NtpTime::from_ns(3'976'214'400'000'000'000U);

struct Desk {
  PacketPool packets;
  PageMemory memory{3};
  std::uint16_t number = 0;
  Timestamp now = timestamp_from_ns(1'000'000'000);

  bool add(std::size_t bytes, bool key = false, Layer layer = Layer::hi) {
    send::OutgoingPacket packet;
    packet.payload = packets.take();
    packet.payload->set_size(0, bytes);
    packet.source = Source::document;
    packet.descriptor.layer = layer;
    packet.descriptor.frame_number = number++;
    packet.descriptor.key = key;
    return memory.add(layer, {&packet, 1}, key);
  }
  // Numbers of what the late one gets in this time.
  std::vector<std::uint16_t> brought(Duration within, bool* last = nullptr) {
    std::vector<std::uint16_t> numbers;
    for (const Timestamp end = now + within; now < end; now += 1ms) {
      while (const auto step = memory.poll(now, kWall)) {
        CHECK(step->peer == kLate);
        for (const send::OutgoingPacket& p : step->frame)
          numbers.push_back(p.descriptor.frame_number);
        if (last != nullptr) *last = step->last;
      }
    }
    return numbers;
  }
};

std::vector<std::uint16_t> from_to(std::uint16_t first, std::uint16_t end) {
  std::vector<std::uint16_t> all(end - first);
  std::iota(all.begin(), all.end(), first);
  return all;
}

}  // namespace

TEST_CASE("All since the last key frame comes at the layer's rate, then the live pictures",
          "[core][mesh][page_memory]") {
  Desk desk;
  CHECK_FALSE(desk.memory.begin(desk.now, kLate, Layer::hi));  // there is nothing
  desk.add(1000);
  CHECK_FALSE(desk.memory.begin(desk.now, kLate, Layer::hi));  // nor without a key frame
  desk.add(1000, true);
  for (int i = 0; i < 9; ++i) desk.add(1000);
  desk.memory.set_rate(Layer::hi, Bitrate::kbps(432));  // 1,080 bytes in 20 ms
  CHECK(desk.memory.deadline() == Timestamp::max());
  REQUIRE(desk.memory.begin(desk.now, kLate, Layer::hi));
  CHECK(desk.memory.deadline() == desk.now);
  CHECK(desk.brought(100ms) == from_to(1, 6));
  desk.add(1000);  // made meanwhile
  bool last = false;
  CHECK(desk.brought(200ms, &last) == from_to(6, 12));
  CHECK(last);
  CHECK(desk.memory.deadline() == Timestamp::max());
  desk.add(1000);
  CHECK(desk.brought(200ms).empty());
}

TEST_CASE("Whoever has had some of it is not brought up with the same again",
          "[core][mesh][page_memory]") {
  Desk desk;
  desk.memory.set_rate(Layer::hi, Bitrate::kbps(1000));
  desk.add(1000, true);
  desk.memory.sent(kLate, Layer::hi);
  desk.add(1000);
  CHECK_FALSE(desk.memory.begin(desk.now, kLate, Layer::hi));
  CHECK(desk.memory.begin(desk.now, PeerId{2}, Layer::hi));
  desk.memory.call_off(PeerId{2});
  desk.add(1000, true);
  REQUIRE(desk.memory.begin(desk.now, kLate, Layer::hi));
  CHECK(desk.brought(50ms) == from_to(2, 3));
  CHECK_FALSE(desk.memory.begin(desk.now, kLate, Layer::hi));
  desk.memory.forget(kLate);  // a new association
  CHECK(desk.memory.begin(desk.now, kLate, Layer::hi));
}

TEST_CASE("A memory that ends leaves nobody waiting without a word", "[core][mesh][page_memory]") {
  Desk desk;
  desk.memory.set_rate(Layer::hi, Bitrate::kbps(100));
  desk.add(1000, true);
  desk.add(1000);
  CHECK_FALSE(desk.memory.forget(Layer::hi));
  CHECK_FALSE(desk.memory.begin(desk.now, kLate, Layer::hi));
  desk.add(1000, true);
  desk.add(1000);
  REQUIRE(desk.memory.begin(desk.now, kLate, Layer::hi));
  CHECK_FALSE(desk.memory.forget(Layer::mid));
  CHECK(desk.memory.forget(Layer::hi));
  CHECK(desk.brought(1s).empty());
}

TEST_CASE("What is remembered is bounded, in pictures and in packets",
          "[core][mesh][page_memory]") {
  Desk desk;
  desk.add(1000, true);
  for (int i = 0; i < 10'000; ++i) desk.add(100);
  CHECK(desk.packets.total() < 1'000);
  CHECK_FALSE(desk.memory.begin(desk.now, kLate, Layer::hi));
  desk.add(1000, true);
  CHECK(desk.memory.begin(desk.now, kLate, Layer::hi));
}
