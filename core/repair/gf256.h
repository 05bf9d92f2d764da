// Arithmetic in GF(2^8) with x^8 + x^4 + x^3 + x^2 + 1 (RFC 8681 §3.2, as RFC 5510).
#pragma once

#include <cstddef>
#include <cstdint>

namespace diemcau::repair {

std::uint8_t gf_multiply(std::uint8_t a, std::uint8_t b);
// Of a ≠ 0.
std::uint8_t gf_inverse(std::uint8_t a);

// The two loops over bytes that coding consists of. One kernel may be used by several threads.
class Kernel {
 public:
  // target += factor × source, byte by byte; factor ≠ 0.
  virtual void multiply_add(std::uint8_t factor, const std::uint8_t* source, std::uint8_t* target,
                            std::size_t size) const = 0;

 protected:
  ~Kernel() = default;
};

// By table, one byte after another: the reference for every faster one, and what the lab computes
// with.
const Kernel& plain_kernel();

}  // namespace diemcau::repair
