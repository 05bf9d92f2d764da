// The fuzzer's bytes as numbers; zeros after their end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/byte_reader.h"

namespace diemcau::fuzz {

class Reader {
 public:
  Reader(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool empty() const { return at_ == size_; }
  std::uint8_t u8() { return empty() ? std::uint8_t{0} : data_[at_++]; }
  std::uint16_t u16() { return static_cast<std::uint16_t>(u8() << 8 | u8()); }
  std::uint32_t u32() { return std::uint32_t{u16()} << 16 | u16(); }
  ByteSpan bytes(std::size_t n) {
    n = std::min(n, size_ - at_);
    const ByteSpan out(data_ + at_, n);
    at_ += n;
    return out;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

}  // namespace diemcau::fuzz
