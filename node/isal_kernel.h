// The loops of repair with the vector instructions of this machine (Intel ISA-L).
#pragma once

#include <array>
#include <cstdint>

#include "core/repair/gf256.h"

namespace diemcau::node {

// Gives the same bytes as repair::plain_kernel(). Any number of threads.
class IsalKernel final : public repair::Kernel {
 public:
  IsalKernel();
  void multiply_add(std::uint8_t factor, const std::uint8_t* source, std::uint8_t* target,
                    std::size_t size) const override;

 private:
  // Products of a factor with all low and all high nibbles.
  alignas(32) std::array<std::array<std::uint8_t, 32>, 256> tables_{};
};

}  // namespace diemcau::node
