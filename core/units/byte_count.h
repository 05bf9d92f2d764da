// A number of bytes, and a rate of bits, that cannot be mixed up with each other or with a plain
// integer.
#pragma once

#include <compare>
#include <cstdint>

#include "core/units/time.h"

namespace diemcau {

class ByteCount {
 public:
  constexpr ByteCount() = default;
  static constexpr ByteCount bytes(std::int64_t n) { return ByteCount{n}; }
  constexpr std::int64_t count() const { return bytes_; }
  constexpr std::int64_t bits() const { return bytes_ * 8; }
  constexpr auto operator<=>(const ByteCount&) const = default;
  constexpr ByteCount operator+(ByteCount o) const { return ByteCount{bytes_ + o.bytes_}; }
  constexpr ByteCount operator-(ByteCount o) const { return ByteCount{bytes_ - o.bytes_}; }
  constexpr ByteCount& operator+=(ByteCount o) {
    bytes_ += o.bytes_;
    return *this;
  }
  constexpr ByteCount& operator-=(ByteCount o) {
    bytes_ -= o.bytes_;
    return *this;
  }

 private:
  constexpr explicit ByteCount(std::int64_t n) : bytes_(n) {}
  std::int64_t bytes_ = 0;
};

}  // namespace diemcau
