// clock_gettime, converted.
#include "node/clock.h"

#include <fmt/chrono.h>

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

std::chrono::system_clock::time_point utc_at(Timestamp at) {
  return std::chrono::system_clock::now() + (at - monotonic_now());
}

std::string utc_text(std::chrono::system_clock::time_point at) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count();
  const std::int64_t thousandths = ((ms % 1000) + 1000) % 1000;
  const auto seconds = static_cast<std::time_t>((ms - thousandths) / 1000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), thousandths);
}

}  // namespace diemcau::node
