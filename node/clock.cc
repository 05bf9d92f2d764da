// clock_gettime, converted.
#include "node/clock.h"

#include <ctime>

namespace diemcau::node {

namespace {
constexpr std::uint64_t kUnixEpochInNtpSeconds = 2'208'988'800;  // RFC 5905 figure 4

std::uint64_t read_ns(clockid_t id) {
  timespec ts{};
  clock_gettime(id, &ts);
  return static_cast<std::uint64_t>(ts.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(ts.tv_nsec);
}
}  // namespace

Timestamp monotonic_now() {
  return timestamp_from_ns(static_cast<std::int64_t>(read_ns(CLOCK_MONOTONIC)));
}

NtpTime wall_now() {
  return NtpTime::from_ns(read_ns(CLOCK_REALTIME) + kUnixEpochInNtpSeconds * 1'000'000'000);
}

}  // namespace diemcau::node
