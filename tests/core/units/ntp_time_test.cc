// NTP time stamps: rounding and differences.
#include "core/units/ntp_time.h"

#include <catch2/catch.hpp>

using namespace diemcau;

// 2026-01-01 00:00:00 UTC is 3,976,214,400 s after 1900-01-01.
constexpr std::uint64_t kNs2026 = 3'976'214'400'000'000'000;

TEST_CASE("nanoseconds become the nearest 2^-32 s", "[units]") {
  CHECK(NtpTime::from_ns(500'000'000).raw() == 0x8000'0000U);
  CHECK(NtpTime::from_ns(1'000'000'000).raw() == std::uint64_t{1} << 32);
  // 1 ns is 4.29 units, 2 ns are 8.59.
  CHECK(NtpTime::from_ns(1).raw() == 4);
  CHECK(NtpTime::from_ns(2).raw() == 9);
  // The last nanosecond of a second does not spill into the next.
  CHECK(NtpTime::from_ns(999'999'999).raw() == 0xFFFF'FFFCU);
}

TEST_CASE("a difference gives back the nanoseconds that were added", "[units]") {
  const NtpTime start = NtpTime::from_ns(kNs2026 + 123'456'789);
  for (const std::int64_t ns :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{999'999'999},
        std::int64_t{-999'999'999}, std::int64_t{86'400'000'000'000},
        std::int64_t{-86'400'000'000'000}, std::int64_t{1'234'567'890'123}}) {
    const Duration d{ns};
    CHECK((start + d) - start == d);
    CHECK(start - (start + d) == -d);
  }
}

TEST_CASE("differences are right over the end of the NTP era in 2036", "[units]") {
  const NtpTime before = NtpTime::from_raw(0xFFFF'FFFF'8000'0000U);
  const NtpTime after = NtpTime::from_raw(0x0000'0000'8000'0000U);
  CHECK(after - before == 1s);
  CHECK(before - after == -1s);
}

TEST_CASE("the compact form is the middle 32 bits", "[units]") {
  CHECK(NtpTime::from_raw(0x1122'3344'5566'7788U).compact() == 0x3344'5566U);
}
