// Logarithms and powers of the generator 2; the kernel looks products up.
#include "core/repair/gf256.h"

#include <array>

#include "core/base/check.h"

namespace diemcau::repair {

namespace {

constexpr unsigned kPolynomial = 0x11D;

// Products with the low and the high nibble of a byte: all 65,536 products are more than a compiler
// likes to work out.
struct Tables {
  std::array<std::uint8_t, 510> power{};  // twice, so that sums of two logarithms need no modulo
  std::array<std::uint8_t, 256> logarithm{};
  std::array<std::array<std::uint8_t, 16>, 256> low{}, high{};
};

constexpr Tables make_tables() {
  Tables t;
  unsigned x = 1;
  for (unsigned i = 0; i < 255; ++i) {
    t.power[i] = t.power[i + 255] = static_cast<std::uint8_t>(x);
    t.logarithm[x] = static_cast<std::uint8_t>(i);
    x <<= 1;
    if (x > 0xFF) x ^= kPolynomial;
  }
  for (unsigned a = 1; a < 256; ++a) {
    for (unsigned b = 1; b < 16; ++b) {
      t.low[a][b] = t.power[std::size_t{t.logarithm[a]} + t.logarithm[b]];
      t.high[a][b] = t.power[std::size_t{t.logarithm[a]} + t.logarithm[b << 4]];
    }
  }
  return t;
}

constexpr Tables kTables = make_tables();

class PlainKernel final : public Kernel {
 public:
  void multiply_add(std::uint8_t factor, const std::uint8_t* source, std::uint8_t* target,
                    std::size_t size) const override {
    const auto& low = kTables.low[factor];
    const auto& high = kTables.high[factor];
    for (std::size_t i = 0; i < size; ++i) {
      const unsigned byte = source[i];
      target[i] = static_cast<std::uint8_t>(target[i] ^ low[byte & 0xFU] ^ high[byte >> 4]);
    }
  }
};

constexpr PlainKernel kPlain{};

}  // namespace

std::uint8_t gf_multiply(std::uint8_t a, std::uint8_t b) {
  return static_cast<std::uint8_t>(kTables.low[a][b & 0xFU] ^ kTables.high[a][b >> 4]);
}

std::uint8_t gf_inverse(std::uint8_t a) {
  DC_CHECK(a != 0);
  return kTables.power[255U - kTables.logarithm[a]];
}

const Kernel& plain_kernel() { return kPlain; }

}  // namespace diemcau::repair
