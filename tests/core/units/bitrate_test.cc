// Rates, byte counts and the arithmetic between them.
#include "core/units/bitrate.h"

#include <catch2/catch.hpp>

using namespace diemcau;

TEST_CASE("1,250 bytes take 10 ms at 1 Mbit/s", "[units]") {
  CHECK(Bitrate::kbps(1000).time_for(ByteCount::bytes(1250)) == 10ms);
}

TEST_CASE("the time for bytes is rounded up, so that a pacer never sends too fast", "[units]") {
  // 8 bits at 3 bit/s: 2.666… s.
  CHECK(Bitrate::bps(3).time_for(ByteCount::bytes(1)).count() == 2'666'666'667);
  CHECK(Bitrate::bps(8).time_for(ByteCount::bytes(1)) == 1s);
}

TEST_CASE("the bytes in a time are rounded down", "[units]") {
  CHECK(Bitrate::kbps(1500).bytes_in(1s).count() == 187'500);
  CHECK(Bitrate::kbps(1500).bytes_in(33ms).count() == 6'187);  // 6,187.5
  CHECK(Bitrate::kbps(64).bytes_in(1ns).count() == 0);
}

TEST_CASE("an hour at 10 Gbit/s does not overflow", "[units]") {
  const Bitrate rate = Bitrate::kbps(10'000'000);
  CHECK(rate.bytes_in(1h).count() == 4'500'000'000'000);
  CHECK(rate.time_for(ByteCount::bytes((1 << 30) - 1)).count() == 858'993'459);  // 858,993,458.4
}

TEST_CASE("bytes in the time for n bytes are n again within one", "[units]") {
  for (const std::int64_t bps : {32'000, 150'000, 1'500'000, 90'000'000}) {
    for (const std::int64_t n : {1, 60, 1232, 100'000}) {
      const Bitrate rate = Bitrate::bps(bps);
      const std::int64_t back = rate.bytes_in(rate.time_for(ByteCount::bytes(n))).count();
      CAPTURE(bps, n, back);
      CHECK(back <= n);
      CHECK(back >= n - 1);
    }
  }
}

TEST_CASE("rates and byte counts add and compare", "[units]") {
  Bitrate r = Bitrate::kbps(100);
  r += Bitrate::bps(500);
  CHECK(r == Bitrate::bps(100'500));
  CHECK(r.kbps() == 100);
  CHECK(r - Bitrate::kbps(100) < Bitrate::kbps(1));
  ByteCount b = ByteCount::bytes(10) + ByteCount::bytes(5);
  b -= ByteCount::bytes(3);
  CHECK(b.bits() == 96);
}
