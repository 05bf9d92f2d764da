// Pools of packets and frames.
#include "core/base/packet_pool.h"

#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "core/base/frame_pool.h"

using namespace diemcau;

TEST_CASE("the last reference gives the packet back", "[base]") {
  PacketPool pool;
  PacketRef a = pool.take();
  PacketRef b = a;
  CHECK(pool.in_use() == 1);
  a = PacketRef{};
  CHECK(pool.in_use() == 1);
  const PacketRef c = std::move(b);
  CHECK_FALSE(b);
  CHECK(pool.in_use() == 1);
  {
    const PacketRef d = pool.take();
    CHECK(pool.in_use() == 2);
  }
  CHECK(pool.in_use() == 1);
}

TEST_CASE("a packet assigned to itself survives", "[base]") {
  PacketPool pool;
  PacketRef a = pool.take();
  a->set_size(7);
  const PacketRef& same = a;
  a = same;
  REQUIRE(a);
  CHECK(a->present() == 7);
  CHECK(pool.in_use() == 1);
}

TEST_CASE("a pool does not grow while the working set does not", "[base]") {
  PacketPool pool;
  std::vector<PacketRef> held;
  for (int i = 0; i < 100; ++i) held.push_back(pool.take());
  const std::size_t total = pool.total();
  for (int round = 0; round < 1000; ++round) {
    held[static_cast<std::size_t>(round) % held.size()] = PacketRef{};
    held[static_cast<std::size_t>(round) % held.size()] = pool.take();
  }
  CHECK(pool.total() == total);
  CHECK(pool.in_use() == 100);
}

TEST_CASE("an elided payload counts on the wire and takes no bytes", "[base]") {
  PacketPool pool(64);
  const PacketRef p = pool.take();
  p->set_size(40, 1100);
  CHECK(p->wire_size() == 1140);
  CHECK(p->bytes().size() == 40);
  CHECK(p->buffer().size() == 64);
}

TEST_CASE("a packet taken again is empty", "[base]") {
  PacketPool pool;
  pool.take()->set_size(100, 5);
  const PacketRef p = pool.take();
  CHECK(p->wire_size() == 0);
}

TEST_CASE("packets of one slab do not overlap", "[base]") {
  PacketPool pool(16);
  std::vector<PacketRef> held;
  for (std::uint8_t i = 0; i < 130; ++i) {
    held.push_back(pool.take());
    held.back()->set_size(16);
    for (auto& b : held.back()->buffer()) b = i;
  }
  for (std::uint8_t i = 0; i < 130; ++i) {
    for (const std::uint8_t b : held[i]->bytes()) REQUIRE(b == i);
  }
}

TEST_CASE("a frame comes back empty with the room that it grew to", "[base]") {
  FramePool pool;
  {
    const FrameRef f = pool.take();
    f->bytes.resize(50'000);
    f->length = 50'000;
  }
  const FrameRef again = pool.take();
  CHECK(again->bytes.empty());
  CHECK(again->length == 0);
  CHECK(again->bytes.capacity() >= 50'000);
  CHECK(pool.total() == 1);
}
