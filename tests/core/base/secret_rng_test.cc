// What a bridge draws its ids from: the published function, as a second implementation computes it.
#include "core/base/secret_rng.h"

#include <catch2/catch.hpp>

using namespace diemcau;

TEST_CASE("secret numbers are SipHash-2-4 of a counter", "[base]") {
  // openssl mac -macopt hexkey:000102030405060708090a0b0c0d0e0f -macopt size:8 -in FILE SIPHASH
  // of the bytes 00 01 … 07 (also in the paper's own list), then of 01 01 02 … 07.
  SecretRng rng(0x0706'0504'0302'0100U, 0x0F0E'0D0C'0B0A'0908U, 0x0706'0504'0302'0100U);
  CHECK(rng.next() == 0x93F5'F579'9A93'2462U);
  CHECK(rng.next() == 0xAF02'70EA'6510'1DBFU);
}

TEST_CASE("a seed gives the same secret numbers again, another one others", "[base]") {
  SecretRng one(1), again(1), other(2);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t n = one.next();
    CHECK(n == again.next());
    CHECK(n != other.next());
  }
}
