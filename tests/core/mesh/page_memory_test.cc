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

  Desk() { memory.set_rate(Layer::hi, Bitrate::kbps(1000)); }
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

TEST_CASE("Whoever would run after a film without end gets a key frame instead",
          "[core][mesh][page_memory]") {
  Desk desk;
  desk.memory.set_rate(Layer::hi, Bitrate::kbps(432));  // 20 ms a picture, 250 in five seconds
  desk.add(1000, true);
  for (int i = 0; i < 99; ++i) desk.add(1000);
  REQUIRE(desk.memory.begin(desk.now, kLate, Layer::hi));
  std::size_t brought = 0;
  bool lacks_key = false;
  for (int i = 0; i < 200 && !lacks_key; ++i) {  // a new one for each that it gets
    brought += desk.brought(20ms).size();
    lacks_key = desk.add(1000);
  }
  CHECK(lacks_key);
  CHECK(brought <= 151);
  CHECK(desk.brought(1s).empty());
  CHECK_FALSE(desk.memory.begin(desk.now, PeerId{2}, Layer::hi));
}

TEST_CASE("One who is called off gets nothing more, and whether it waited is told",
          "[core][mesh][page_memory]") {
  Desk desk;
  desk.add(1000, true);
  desk.add(1000);
  REQUIRE(desk.memory.begin(desk.now, kLate, Layer::hi));
  CHECK_FALSE(desk.memory.call_off(kLate, Layer::mid));
  CHECK_FALSE(desk.memory.call_off(PeerId{2}, Layer::hi));
  CHECK(desk.memory.call_off(kLate, Layer::hi));
  CHECK_FALSE(desk.memory.call_off(kLate, Layer::hi));
  CHECK(desk.brought(1s).empty());
}

TEST_CASE("What is remembered is bounded in pictures, in packets and in time",
          "[core][mesh][page_memory]") {
  Desk desk;
  const auto forgotten_after = [&](std::size_t bytes, Bitrate rate) {
    desk.memory.set_rate(Layer::hi, rate);
    desk.add(bytes, true);
    for (int n = 1; n < 10'000; ++n) {
      if (!desk.memory.begin(desk.now, kLate, Layer::hi)) return n;
      desk.memory.call_off(kLate);
      desk.add(bytes);
    }
    return 10'000;
  };
  CHECK(forgotten_after(100, Bitrate::kbps(100'000)) == 601);
  CHECK(forgotten_after(1000, Bitrate::kbps(432)) == 251);
  CHECK(desk.packets.in_use() == 0);
  CHECK(desk.packets.total() < 1'000);
  desk.add(1000, true);
  CHECK(desk.memory.begin(desk.now, kLate, Layer::hi));
}
