#include "core/repair/decoder.h"

#include <bit>

#include "tests/core/repair/link_of_repair.h"

using namespace diemcau;
using namespace diemcau::repair;

namespace {
constexpr Timestamp kStart{};

// What of `media` comes back, byte for byte; anything else fails.
std::size_t recovered_equal(LinkOfRepair& link, const std::vector<PacketRef>& media) {
  std::size_t n = 0;
  while (const auto recovered = link.decoder.poll()) {
    REQUIRE(recovered->id >= 0);
    REQUIRE(static_cast<std::size_t>(recovered->id) < media.size());
    CHECK(same(*recovered->packet, *media[static_cast<std::size_t>(recovered->id)]));
    ++n;
  }
  return n;
}
}  // namespace

TEST_CASE("a retransmission gives the packet back byte for byte") {
  LinkOfRepair link;
  Rng rng(1);
  const auto media = link.send(kStart, 700, rng);
  CHECK(link.deliver(link.sent.code(0, 1, 0)) == Decoder::Added::useful);
  CHECK(recovered_equal(link, {media}) == 1);
}

TEST_CASE("short packets and long ones come back in any order, and hold nothing once forgotten") {
  LinkOfRepair link;
  Rng rng(2);
  std::vector<PacketRef> media;
  // Of 20 to 59 bytes: on both sides of SentSymbols::Sent::kShort.
  for (std::size_t i = 0; i < 80; ++i) media.push_back(link.send(kStart, 20 + i * 7 % 40, rng));
  for (PacketId id = 0; id < 80; ++id) {
    LinkOfRepair other;
    CHECK(other.deliver(link.sent.code(id, 1, 0)) == Decoder::Added::useful);
    const auto recovered = other.decoder.poll();
    REQUIRE(recovered);
    CHECK(same(*recovered->packet, *media[static_cast<std::size_t>(id)]));
  }
  media.clear();
  CHECK(link.packets.in_use() > 0);
  static_cast<void>(link.send(kStart + 2 * SentSymbols::kMostRemembered, 30, rng));
  CHECK(link.packets.in_use() == 0);
}

TEST_CASE("any erasures of twelve packets come back when as many repair packets arrive") {
  // All 4,095 patterns, with as many repair packets as there are erasures, each over all twelve.
  Rng rng(7);
  std::size_t singular = 0;
  for (unsigned pattern = 1; pattern < 1U << 12; ++pattern) {
    LinkOfRepair link;
    std::vector<PacketRef> media;
    for (int i = 0; i < 12; ++i) media.push_back(link.send(kStart, 40 + rng.below(40), rng));
    for (unsigned i = 0; i < 12; ++i) {
      if ((pattern >> i & 1U) == 0) link.decoder.known(static_cast<PacketId>(i), media[i]);
    }
    const auto erased = static_cast<std::size_t>(std::popcount(pattern));
    std::size_t back = 0;
    std::uint16_t key = static_cast<std::uint16_t>(pattern);
    for (std::size_t i = 0; i < erased; ++i, ++key) {
      link.deliver(link.sent.code(0, 12, key));
      back += recovered_equal(link, media);
    }
    if (back != erased) {
      // Random coefficients are dependent with a chance of about 1 in 256; one more then does it.
      ++singular;
      for (int more = 0; more < 3 && back != erased; ++more, ++key) {
        link.deliver(link.sent.code(0, 12, key));
        back += recovered_equal(link, media);
      }
    }
    CHECK(back == erased);
  }
  // 4,095 draws at 1/255: 16 expected, standard deviation 4.
  CHECK(singular <= 32);
}

TEST_CASE("a late original takes the place that repair kept for it") {
  LinkOfRepair link;
  Rng rng(2);
  std::vector<PacketRef> media;
  for (int i = 0; i < 6; ++i) media.push_back(link.send(kStart, 500, rng));
  for (const int i : {0, 3, 4, 5}) link.decoder.known(i, media[static_cast<std::size_t>(i)]);
  CHECK(link.deliver(link.sent.code(0, 6, 11)) == Decoder::Added::useful);
  CHECK(link.decoder.rows() == 1);
  link.decoder.known(2, media[2]);
  CHECK(link.decoder.rows() == 0);
  CHECK(recovered_equal(link, media) == 1);
  CHECK(link.decoder.is_known(1));
}

TEST_CASE("sliding windows that overlap are solved together") {
  LinkOfRepair link;
  Rng rng(3);
  std::vector<PacketRef> media;
  for (int i = 0; i < 12; ++i) media.push_back(link.send(kStart, 300, rng));
  for (const int i : {0, 1, 4, 5, 8, 9, 10, 11}) {
    link.decoder.known(i, media[static_cast<std::size_t>(i)]);
  }
  link.deliver(link.sent.code(0, 6, 21));  // over the lost 2 and 3
  link.deliver(link.sent.code(2, 6, 22));  // 2, 3, 6, 7
  link.deliver(link.sent.code(4, 8, 23));  // 6, 7
  CHECK(recovered_equal(link, media) == 0);
  link.deliver(link.sent.code(4, 6, 24));  // 6, 7
  CHECK(recovered_equal(link, media) == 4);
}

TEST_CASE("elided packets come back with their length and without bytes") {
  LinkOfRepair link;
  Rng rng(4);
  std::vector<PacketRef> media;
  for (int i = 0; i < 5; ++i) {
    media.push_back(link.send(kStart, 900 + 10 * static_cast<std::size_t>(i), rng, 800));
  }
  for (const int i : {0, 1, 3}) link.decoder.known(i, media[static_cast<std::size_t>(i)]);
  for (const std::uint16_t key : {std::uint16_t{5}, std::uint16_t{6}}) {
    const auto coded = link.sent.code(0, 5, key);
    // As long as if the bytes were there.
    CHECK(coded->wire_size() == wire::kRepairHeaderBytes + wire::kSymbolLengthBytes + 940);
    link.deliver(coded);
  }
  CHECK(recovered_equal(link, media) == 2);
}

TEST_CASE("random losses under sliding windows never give a wrong byte") {
  const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 21)));
  INFO("seed " << seed);
  LinkOfRepair link;
  Rng rng(seed);
  std::vector<PacketRef> media;
  std::size_t lost = 0, back = 0;
  for (int i = 0; i < 600; ++i) {
    media.push_back(link.send(kStart, 30 + rng.below(1'100), rng));
    if (rng.below(10) < 2) {
      ++lost;
    } else {
      link.decoder.known(i, media.back());
    }
    back += recovered_equal(link, media);
    if (i % 3 == 2 && rng.below(10) >= 2) {
      const PacketId count = std::min<PacketId>(24, link.sent.next());
      const auto key = static_cast<std::uint16_t>(1 + rng.below(65'535));
      link.deliver(link.sent.code(link.sent.next() - count, static_cast<std::size_t>(count), key));
      back += recovered_equal(link, media);
    }
  }
  // 20 % loss, 27 % of repair arriving: 1.07 × the loss, where waiting lines without end would
  // need 1; a window of 24 loses some. More than half is far below what it should be.
  CHECK(back * 2 > lost);
  CHECK(link.decoder.contradictions() == 0);
  CHECK(link.decoder.rows() <= Decoder::kMostRows);
}

TEST_CASE("repair that contradicts what is known is never delivered") {
  const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 11)));
  INFO("seed " << seed);
  LinkOfRepair link;
  Rng rng(seed);
  std::vector<PacketRef> media;
  for (int i = 0; i < 8; ++i) media.push_back(link.send(kStart, 200, rng));
  for (const int i : {0, 1, 2, 3, 5, 6, 7}) {
    link.decoder.known(i, media[static_cast<std::size_t>(i)]);
  }
  const auto coded = link.sent.code(0, 8, 77);
  // A byte of the header part: the length, or the RTP header with the symbol id in it.
  const std::size_t at = wire::kRepairHeaderBytes + rng.below(2);
  coded->data()[at] = static_cast<std::uint8_t>(coded->data()[at] ^ (1 + rng.below(255)));
  link.deliver(coded);
  CHECK(recovered_equal(link, media) == 0);
  CHECK(link.decoder.contradictions() == 1);
}

TEST_CASE("repair about packets that are long gone, or far ahead, or too many, is refused") {
  LinkOfRepair link;
  Rng rng(5);
  const auto media = link.send(kStart, 200, rng);
  const auto payload = link.sent.code(0, 1, 0);
  link.decoder.known(1'000, media);
  const auto add = [&](PacketId first, std::uint8_t count) {
    const wire::RepairHeader header{static_cast<std::uint16_t>(first), count, 15, 9};
    return link.decoder.repair(first, header, *payload, wire::kRepairHeaderBytes);
  };
  CHECK(add(1'000 - Decoder::kMemory, 2) == Decoder::Added::refused);
  CHECK(add(1'000 + Decoder::kMemory, 2) == Decoder::Added::refused);
  CHECK(add(-5, 2) == Decoder::Added::refused);
  CHECK(add(990, 65) == Decoder::Added::refused);
}

TEST_CASE("a flood of equations about what never comes stays within its bound") {
  LinkOfRepair link;
  Rng rng(6);
  std::vector<PacketRef> media;
  for (int i = 0; i < 200; ++i) media.push_back(link.send(kStart, 100, rng));
  for (std::uint16_t key = 1; key < 2'000; ++key) {
    const auto first = static_cast<PacketId>(rng.below(136));
    link.deliver(link.sent.code(first, 64, key));
    CHECK(link.decoder.rows() <= Decoder::kMostRows);
    static_cast<void>(recovered_equal(link, media));
  }
}
