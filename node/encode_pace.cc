#include "node/encode_pace.h"

#include <algorithm>

namespace diemcau::node {

namespace {
using codecs::LayerEffort;

constexpr Duration kSecond = 1s;
// One in ten after the next picture's capture: the far end waits for those (video target: q95).
constexpr std::uint32_t kLatePerHundred = 10;
// Half the pictures is a price that people see: not for what the start of a meeting looks like.
constexpr std::uint32_t kHalfRateLatePerHundred = 25;
constexpr std::uint32_t kEnoughParts = 3;  // of a second's pictures, for a judgement
constexpr Duration kSlowCamera = 50ms;
// Full effort costs about 1.5 times light: who is done in a third of the interval is then done in
// half. Half the rate asks for no such margin: the full one makes no picture slower, and a trial
// that fails leaves out fewer pictures than half the rate does.
constexpr std::int64_t kEarlyPercent = 33;
// Encoders that open, key frames and the handshakes of a whole mesh.
constexpr Duration kStart = 1s;
constexpr std::uint32_t kEarlyPerHundred = 95;
constexpr Duration kTaken = 10s;  // a climb that held so long was right
constexpr std::uint32_t kFirstWaitS = 4;
constexpr std::uint32_t kLongestWaitS = 600;
}  // namespace

EncodePace::EncodePace(Duration picture_interval)
    : interval_(picture_interval),
      per_second_(static_cast<std::uint32_t>(std::max<std::int64_t>(1, kSecond / interval_))),
      lowest_(interval_ <= kSlowCamera ? LayerEffort::half_rate : LayerEffort::all_light),
      effort_(lowest_) {}

bool EncodePace::encoded(Timestamp now, Duration took) {
  return count(now, took > interval_, took * 100 <= interval_ * kEarlyPercent);
}

bool EncodePace::left_out(Timestamp now) { return count(now, true, false); }

bool EncodePace::count(Timestamp now, bool late, bool early) {
  if (!running_) {
    running_ = true;
    second_began_ = now + kStart;
  }
  if (now < second_began_) return false;
  ++pictures_;
  if (late) ++late_;
  if (early) ++early_;
  const LayerEffort before = effort_;
  const std::uint32_t allowed =
      effort_ == LayerEffort::all_light ? kHalfRateLatePerHundred : kLatePerHundred;
  if (late_ * 100 >= allowed * std::max(pictures_, per_second_)) {
    change(now, -1);
  } else if (now - second_began_ >= kSecond) {
    const bool enough = pictures_ * kEnoughParts >= per_second_;
    const bool calm = enough && (effort_ == LayerEffort::half_rate ||
                                 early_ * 100 >= kEarlyPerHundred * pictures_);
    seconds_early_ = calm ? seconds_early_ + 1 : 0;
    pictures_ = late_ = early_ = 0;
    second_began_ = now;
    if (seconds_early_ >= climb_after_s_) change(now, +1);
  }
  return effort_ != before;
}

void EncodePace::change(Timestamp now, int step) {
  const int wanted = std::clamp(static_cast<int>(effort_) + step, static_cast<int>(lowest_),
                                static_cast<int>(LayerEffort::full));
  const bool moves = wanted != static_cast<int>(effort_);
  if (step < 0 && moves) {
    const bool taken_back = climbed_at_ != Timestamp{} && now - climbed_at_ < kTaken;
    climb_after_s_ = taken_back ? std::min(2 * climb_after_s_, kLongestWaitS) : kFirstWaitS;
  }
  if (step > 0) climb_after_s_ = std::max(climb_after_s_, kFirstWaitS);
  if (step > 0 && moves) climbed_at_ = now;
  effort_ = static_cast<LayerEffort>(wanted);
  pictures_ = late_ = early_ = seconds_early_ = 0;
  second_began_ = now;
}

}  // namespace diemcau::node
