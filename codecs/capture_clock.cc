#include "codecs/capture_clock.h"

#include <algorithm>
#include <ctime>

namespace diemcau::codecs {
namespace {

constexpr Duration kLook = 50ms;

timespec timespec_of(Timestamp t) {
  timespec ts{};
  ts.tv_sec = static_cast<std::time_t>(to_ns(t) / 1'000'000'000);
  ts.tv_nsec = static_cast<long>(to_ns(t) % 1'000'000'000);
  return ts;
}

}  // namespace

Timestamp monotonic_now() {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return timestamp_from_ns(std::int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec);
}

CaptureClock::CaptureClock(Pacing pacing, Timestamp start) : pacing_(pacing), virtual_now_(start) {}

Timestamp CaptureClock::now() const {
  return pacing_ == Pacing::real_time ? monotonic_now() : virtual_now_;
}

bool CaptureClock::wait_until(Timestamp at) {
  if (pacing_ == Pacing::none) {
    virtual_now_ = std::max(virtual_now_, at);
    return !stopped();
  }
  while (!stopped()) {
    const Timestamp now = monotonic_now();
    if (now >= at) return true;
    const timespec until = timespec_of(std::min(at, now + kLook));
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  }
  return false;
}

}  // namespace diemcau::codecs
