// ISA-L works on 64 bytes and more; what is shorter goes by the plain table.
#include "node/isal_kernel.h"

#include <isa-l/erasure_code.h>

namespace diemcau::node {

namespace {
constexpr std::size_t kLeastBytes = 64;
}

IsalKernel::IsalKernel() {
  for (unsigned factor = 0; factor < tables_.size(); ++factor) {
    gf_vect_mul_init(static_cast<unsigned char>(factor), tables_[factor].data());
  }
}

void IsalKernel::multiply_add(std::uint8_t factor, const std::uint8_t* source, std::uint8_t* target,
                              std::size_t size) const {
  if (size < kLeastBytes) return repair::plain_kernel().multiply_add(factor, source, target, size);
  // It writes to neither table nor source, but says so nowhere.
  auto* const table = const_cast<std::uint8_t*>(tables_[factor].data());
  auto* const from = const_cast<std::uint8_t*>(source);
  gf_vect_mad(static_cast<int>(size), 1, 0, table, from, target);
}

}  // namespace diemcau::node
