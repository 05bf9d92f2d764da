// Bounds-checked big-endian reading of bytes from the network; a read past the end fails and stays
// failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace diemcau {

using ByteSpan = std::span<const std::uint8_t>;

// Reads return 0 (or an empty span) after the first short read; ask ok() once at the end.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  std::size_t remaining() const { return bytes_.size() - at_; }
  std::size_t position() const { return at_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(unsigned_be<1>()); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(unsigned_be<2>()); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(unsigned_be<3>()); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(unsigned_be<4>()); }
  std::uint64_t u64() { return unsigned_be<8>(); }

  ByteSpan bytes(std::size_t n) {
    if (!take(n)) return {};
    return bytes_.subspan(at_ - n, n);
  }
  ByteSpan rest() { return bytes(remaining()); }
  void skip(std::size_t n) { static_cast<void>(take(n)); }

 private:
  bool take(std::size_t n) {
    if (!ok_ || n > remaining()) {
      ok_ = false;
      return false;
    }
    at_ += n;
    return true;
  }
  // Without a loop the compiler sees one load and a byte swap.
  template <std::size_t N>
  std::uint64_t unsigned_be() {
    if (!take(N)) return 0;
    return [p = bytes_.data() + at_ - N]<std::size_t... I>(std::index_sequence<I...>) {
      return ((std::uint64_t{p[I]} << (8 * (N - 1 - I))) | ...);
    }
    (std::make_index_sequence<N>{});
  }

  ByteSpan bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace diemcau
