// Wall-clock time in the 32.32 fixed-point form of RFC 5905, as RTCP and the absolute capture time
// carry it.
#pragma once

#include <compare>
#include <cstdint>

#include "core/units/time.h"

namespace diemcau {

class NtpTime {
 public:
  constexpr NtpTime() = default;
  static constexpr NtpTime from_raw(std::uint64_t raw) { return NtpTime{raw}; }
  // Nanoseconds since 1900-01-01 (the NTP epoch), rounded to the nearest 2^-32 s.
  static constexpr NtpTime from_ns(std::uint64_t ns_since_1900) {
    const std::uint64_t seconds = ns_since_1900 / kNsPerSecond;
    const std::uint64_t rest = ns_since_1900 % kNsPerSecond;
    return NtpTime{(seconds << 32) + ((rest << 32) + kNsPerSecond / 2) / kNsPerSecond};
  }
  constexpr std::uint64_t raw() const { return raw_; }
  // The middle 32 bits (16.16 s), as report timestamps carry it (RFC 3550 §6.4.1, RFC 8888 §3).
  constexpr std::uint32_t compact() const { return static_cast<std::uint32_t>(raw_ >> 16); }
  // Signed difference; right while the two are less than 68 years apart.
  constexpr Duration operator-(NtpTime other) const {
    const auto diff = static_cast<std::int64_t>(raw_ - other.raw_);
    const std::int64_t seconds = diff >> 32;
    const std::uint64_t fraction = static_cast<std::uint64_t>(diff) & 0xFFFF'FFFFU;
    return Duration{seconds * static_cast<std::int64_t>(kNsPerSecond) +
                    static_cast<std::int64_t>((fraction * kNsPerSecond + (1U << 31)) >> 32)};
  }
  constexpr NtpTime operator+(Duration d) const {
    const std::int64_t ns = d.count();
    const auto per_second = static_cast<std::int64_t>(kNsPerSecond);
    std::int64_t seconds = ns / per_second;
    std::int64_t rest = ns % per_second;
    if (rest < 0) {
      rest += per_second;
      seconds -= 1;
    }
    const std::uint64_t fraction =
        ((static_cast<std::uint64_t>(rest) << 32) + kNsPerSecond / 2) / kNsPerSecond;
    return NtpTime{raw_ + (static_cast<std::uint64_t>(seconds) << 32) + fraction};
  }
  constexpr bool operator==(const NtpTime&) const = default;

 private:
  constexpr explicit NtpTime(std::uint64_t raw) : raw_(raw) {}
  static constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
  std::uint64_t raw_ = 0;
};

}  // namespace diemcau
