// Bounds-checked big-endian writing into a buffer that the caller owns; a write past the end fails
// and stays failed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/byte_reader.h"

namespace diemcau {

class ByteWriter {
 public:
  explicit ByteWriter(std::span<std::uint8_t> out) : out_(out) {}
  bool ok() const { return ok_; }
  std::size_t size() const { return at_; }
  std::size_t room() const { return out_.size() - at_; }
  ByteSpan written() const { return ByteSpan{out_.data(), at_}; }

  void u8(std::uint8_t v) { unsigned_be(v, 1); }
  void u16(std::uint16_t v) { unsigned_be(v, 2); }
  void u24(std::uint32_t v) { unsigned_be(v, 3); }
  void u32(std::uint32_t v) { unsigned_be(v, 4); }
  void u64(std::uint64_t v) { unsigned_be(v, 8); }
  void bytes(ByteSpan b) {
    if (!take(b.size())) return;
    std::copy(b.begin(), b.end(), out_.begin() + static_cast<std::ptrdiff_t>(at_ - b.size()));
  }
  void zeros(std::size_t n) {
    if (!take(n)) return;
    std::fill_n(out_.begin() + static_cast<std::ptrdiff_t>(at_ - n), n, std::uint8_t{0});
  }
  // Overwrites two bytes written earlier (length fields known only at the end).
  void patch_u16(std::size_t at, std::uint16_t v) {
    if (at + 2 > at_) {
      ok_ = false;
      return;
    }
    out_[at] = static_cast<std::uint8_t>(v >> 8);
    out_[at + 1] = static_cast<std::uint8_t>(v);
  }

 private:
  bool take(std::size_t n) {
    if (!ok_ || n > room()) {
      ok_ = false;
      return false;
    }
    at_ += n;
    return true;
  }
  void unsigned_be(std::uint64_t v, std::size_t n) {
    if (!take(n)) return;
    for (std::size_t i = 0; i < n; ++i) out_[at_ - 1 - i] = static_cast<std::uint8_t>(v >> (8 * i));
  }

  std::span<std::uint8_t> out_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace diemcau
