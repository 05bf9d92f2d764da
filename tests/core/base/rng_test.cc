// The seeded generators and the digest: the same on every machine.
#include "core/base/rng.h"

#include <catch2/catch.hpp>

#include "core/base/digest.h"
#include "core/base/secret_rng.h"

using namespace diemcau;

TEST_CASE("splitmix64 gives its published numbers", "[base]") {
  // Seed 1234567, as in the test suites of several languages.
  std::uint64_t state = 1234567;
  CHECK(splitmix64(state) == 6457827717110365317U);
  CHECK(splitmix64(state) == 3203168211198807973U);
  CHECK(splitmix64(state) == 9817491932198370423U);
  CHECK(splitmix64(state) == 4593380528125082431U);
}

TEST_CASE("the generator gives the numbers of the published algorithm", "[base]") {
  // Computed by an independent script from the paper's reference code; that script gives 11520, 0,
  // 1509978240, 1215971899390074240 from the state 1, 2, 3, 4, as the authors' code does.
  Rng one(1);
  CHECK(one.next() == 0xB3F2'AF6D'0FC7'10C5U);
  CHECK(one.next() == 0x853B'5596'4736'4CEAU);
  CHECK(one.next() == 0x92F8'9756'082A'4514U);
  CHECK(one.next() == 0x642E'1C7B'C266'A3A7U);
  Rng answer(42);
  CHECK(answer.next() == 0x1578'0B2E'0C2E'C716U);
  CHECK(answer.next() == 0x6104'D986'6D11'3A7EU);
}

TEMPLATE_TEST_CASE("numbers below a bound stay below it and reach every value", "[base]", Rng,
                   SecretRng) {
  TestType rng(7);
  unsigned seen[10] = {};
  for (int i = 0; i < 10'000; ++i) {
    const std::uint32_t n = rng.below(10);
    REQUIRE(n < 10);
    ++seen[n];
  }
  // Binomial(10,000, 0.1): standard deviation 30; five of them.
  for (const unsigned count : seen) {
    CHECK(count > 850);
    CHECK(count < 1150);
  }
}

TEST_CASE("chance 0 never happens and chance 2^32 always", "[base]") {
  Rng rng(7);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE_FALSE(rng.chance(0));
    REQUIRE(rng.chance(std::uint64_t{1} << 32));
  }
}

TEST_CASE("the digest depends on order, on zeros and on every bit", "[base]") {
  const auto of = [](auto... words) {
    Digest d;
    (d.add(static_cast<std::uint64_t>(words)), ...);
    return d.value();
  };
  CHECK(of(1, 2) != of(2, 1));
  CHECK(of(0) != of());
  CHECK(of(0, 0) != of(0));
  for (unsigned bit = 0; bit < 64; ++bit) CHECK(of(std::uint64_t{1} << bit) != of(0));
}

TEST_CASE("the digest of a known sequence is what a line of Python gives", "[base]") {
  // v=0xCBF29CE484222325
  // for w in 1,2,3: v=((v^w)*0x9E3779B97F4A7C15)&(2**64-1); v^=v>>32
  Digest d;
  for (const std::uint64_t w : {1U, 2U, 3U}) d.add(w);
  CHECK(d.value() == 0x0C07B167C3203D34U);
}
