#include "core/repair/coefficients.h"

#include <array>
#include <catch2/catch.hpp>
#include <vector>

#include "core/repair/gf256.h"
#include "core/repair/tiny_mt.h"

using namespace diemcau;
using namespace diemcau::repair;

TEST_CASE("TinyMT32 with seed 1 gives the numbers of RFC 8682 figure 2") {
  TinyMt32 generator(1);
  for (const std::uint32_t expected :
       {2545341989U, 981918433U, 3715302833U, 2387538352U, 3591001365U}) {
    CHECK(generator.next() == expected);
  }
}

TEST_CASE("numbers below 256 and 16 from seed 1 are those of RFC 8681 appendix A") {
  TinyMt32 bytes(1);
  for (const unsigned expected : {37U, 225U, 177U, 176U, 21U, 246U, 54U, 139U, 168U, 237U}) {
    CHECK(bytes.below_256() == expected);
  }
  TinyMt32 nibbles(1);
  for (const unsigned expected : {5U, 1U, 1U, 0U, 5U, 6U, 6U, 11U, 8U, 13U}) {
    CHECK(nibbles.below_16() == expected);
  }
}

TEST_CASE("dense coefficients are the numbers below 256 of their key, without zeros") {
  const wire::RepairHeader header{0, 10, 15, 1};
  std::array<std::uint8_t, 10> factors{};
  coefficients(header, factors);
  CHECK(factors == std::array<std::uint8_t, 10>{37, 225, 177, 176, 21, 246, 54, 139, 168, 237});
}

TEST_CASE("thin coefficients are zero where the number below 16 is above the density") {
  // Seed 1: 5 is above 4; 1 is not, then 3715302833 & 0xFF = 177; 0 of 2387538352 is not, then 21;
  // …
  const wire::RepairHeader header{0, 3, 4, 1};
  std::array<std::uint8_t, 3> factors{};
  coefficients(header, factors);
  CHECK(factors[0] == 0);
  CHECK(factors[1] == 177);
  CHECK(factors[2] == 21);
}

TEST_CASE("a window of one symbol is that symbol") {
  std::array<std::uint8_t, 1> factor{};
  coefficients(wire::RepairHeader{9, 1, 15, 0}, factor);
  CHECK(factor[0] == 1);
}

TEST_CASE("multiplication in the field is that of polynomials modulo 0x11D") {
  const auto by_hand = [](unsigned a, unsigned b) {
    unsigned sum = 0;
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((b >> bit & 1U) != 0) sum ^= a << bit;
    }
    for (unsigned bit = 15; bit >= 8; --bit) {
      if ((sum >> bit & 1U) != 0) sum ^= 0x11DU << (bit - 8);
    }
    return sum;
  };
  bool equal = true;
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const unsigned product =
          gf_multiply(static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b));
      equal = equal && product == by_hand(a, b);
    }
  }
  CHECK(equal);
}

TEST_CASE("every element but zero times its inverse is one") {
  for (unsigned a = 1; a < 256; ++a) {
    const auto x = static_cast<std::uint8_t>(a);
    CHECK(gf_multiply(x, gf_inverse(x)) == 1);
  }
}

TEST_CASE("the kernel adds the product of every byte") {
  std::vector<std::uint8_t> source(300), target(300), expected(300);
  for (std::size_t i = 0; i < source.size(); ++i) {
    source[i] = static_cast<std::uint8_t>(i * 7);
    target[i] = static_cast<std::uint8_t>(i * 13 + 5);
  }
  for (std::size_t i = 0; i < source.size(); ++i) {
    expected[i] = static_cast<std::uint8_t>(target[i] ^ gf_multiply(0xA7, source[i]));
  }
  plain_kernel().multiply_add(0xA7, source.data(), target.data(), source.size());
  CHECK(target == expected);
}
