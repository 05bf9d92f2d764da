#include "node/isal_kernel.h"

#include <catch2/catch.hpp>
#include <vector>

#include "core/base/rng.h"

using namespace diemcau;

TEST_CASE("ISA-L's kernel gives the bytes of the plain one for every factor, length and place") {
  const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 5)));
  INFO("seed " << seed);
  Rng rng(seed);
  const node::IsalKernel fast;
  for (unsigned factor = 1; factor < 256; ++factor) {
    // Places that no vector is aligned at, lengths around every vector's.
    const std::size_t size = rng.below(1'300), from = rng.below(33), to = rng.below(33);
    std::vector<std::uint8_t> source(size + 64), expected(size + 64);
    for (auto& byte : source) byte = static_cast<std::uint8_t>(rng.below(256));
    for (auto& byte : expected) byte = static_cast<std::uint8_t>(rng.below(256));
    std::vector<std::uint8_t> got = expected;
    const auto f = static_cast<std::uint8_t>(factor);
    repair::plain_kernel().multiply_add(f, source.data() + from, expected.data() + to, size);
    fast.multiply_add(f, source.data() + from, got.data() + to, size);
    CHECK(got == expected);
  }
}
