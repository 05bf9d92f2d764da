// Bounds-checked big-endian writing into a buffer that the caller owns; a write past the end fails
// and stays failed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/base/byte_reader.h"

namespace diemcau {

class ByteWriter {
 public:
  explicit ByteWriter(std::span<std::uint8_t> out) : out_(out) {}
  bool ok() const { return ok_; }
  std::size_t size() const { return at_; }
  std::size_t room() const { return out_.size() - at_; }
  ByteSpan written() const { return ByteSpan{out_.data(), at_}; }

  void u8(std::uint8_t v) { unsigned_be<1>(v); }
  void u16(std::uint16_t v) { unsigned_be<2>(v); }
  void u24(std::uint32_t v) { unsigned_be<3>(v); }
  void u32(std::uint32_t v) { unsigned_be<4>(v); }
  void u64(std::uint64_t v) { unsigned_be<8>(v); }
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
  template <std::size_t N>
  void unsigned_be(std::uint64_t v) {
    if (!take(N)) return;
    [ v, p = out_.data() + at_ - N ]<std::size_t... I>(std::index_sequence<I...>) {
      ((p[I] = static_cast<std::uint8_t>(v >> (8 * (N - 1 - I)))), ...);
    }
    (std::make_index_sequence<N>{});
  }

  std::span<std::uint8_t> out_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace diemcau
