// A meeting lasts hours: what is said in time can be mended in its break.
#include "node/record_watch.h"

#include <algorithm>
#include <utility>

namespace diemcau::node {

namespace {
constexpr Duration kSoon = 2h;
constexpr Duration kSayRoomEach = 10min, kSayLostEach = 1min;
// A shorter while says little of the pace: pictures of a still room are small.
constexpr Duration kPaceOf = 1min, kLeastOf = 10s;
}  // namespace

std::optional<Duration> RecordWatch::room_lasts(Timestamp now, std::uint64_t free_bytes,
                                                std::uint64_t written_bytes) {
  written_.push_back({now, written_bytes});
  while (now - written_.front().at > kPaceOf) written_.pop_front();
  const Duration of = now - written_.front().at;
  const std::uint64_t bytes = written_bytes - std::min(written_.front().bytes, written_bytes);
  if (of < kLeastOf || bytes == 0) return std::nullopt;
  const double seconds =
      static_cast<double>(free_bytes) / static_cast<double>(bytes) * to_ms_double(of) / 1e3;
  if (seconds >= to_ms_double(kSoon) / 1e3) return std::nullopt;
  const auto lasts = Duration{static_cast<std::int64_t>(seconds * 1e9)};
  if (room_said_at_ && now - *room_said_at_ < kSayRoomEach && lasts * 2 >= said_)
    return std::nullopt;
  room_said_at_ = now;
  said_ = lasts;
  return lasts;
}

std::optional<std::uint64_t> RecordWatch::lost(Timestamp now, std::uint64_t lost_frames) {
  if (lost_frames <= lost_said_) return std::nullopt;
  if (lost_said_at_ && now - *lost_said_at_ < kSayLostEach) return std::nullopt;
  lost_said_at_ = now;
  return lost_frames - std::exchange(lost_said_, lost_frames);
}

}  // namespace diemcau::node
