#include "codecs/time_stretch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "core/base/check.h"

namespace diemcau::codecs {
namespace {

// Pitch of speech: 67 … 400 Hz.
constexpr std::size_t kShortest = 120;
constexpr std::size_t kLongest = 720;
constexpr std::size_t kFade = 240;    // 5 ms of cross-fade
constexpr std::size_t kBefore = 240;  // what was played before the joint must fit too
constexpr std::size_t kCompared = kBefore + kFade;
constexpr std::size_t kHistory = kLongest + kBefore;
constexpr std::size_t kCoarse = 4;  // the first search looks at every 4th sample and shift
// Below this likeness a joint is audible in voiced sound (NetEq's Accelerate draws its line at 0.9,
// for joints made without knowledge of what came before).
constexpr double kAlike = 0.6;
// -50 dBov: in a pause any joint is inaudible.
constexpr double kQuietEnergy = 100.0 * 100.0;
// Sound without any period still has to drain: after so many refused frames the best joint is
// taken.
constexpr int kPatience = 5;
constexpr double kSustained = 0.15;
// Half the speed, by a joint in each half of a frame: in 10 ms a voice hardly changes.
constexpr std::size_t kHalf = kFrameSamples / 2;

struct Joint {
  std::size_t period = 0;
  double likeness = -1;
};

// Likeness of x and y over kCompared samples, every `step`-th: 1 is equal up to loudness.
double likeness(const std::int16_t* x, const std::int16_t* y, std::size_t step) {
  double xy = 0;
  double xx = 1;
  double yy = 1;
  for (std::size_t i = 0; i < kCompared; i += step) {
    xy += static_cast<double>(x[i]) * y[i];
    xx += static_cast<double>(x[i]) * x[i];
    yy += static_cast<double>(y[i]) * y[i];
  }
  return xy / std::sqrt(xx * yy);
}

double energy(Samples samples) {
  double sum = 0;
  for (const std::int16_t s : samples) sum += static_cast<double>(s) * s;
  return sum / static_cast<double>(samples.size());
}

void cross_fade(const std::int16_t* from, const std::int16_t* to, std::int16_t* out) {
  for (std::size_t i = 0; i < kFade; ++i) {
    const auto share = static_cast<std::int32_t>(i + 1);
    const auto whole = static_cast<std::int32_t>(kFade) + 1;
    out[i] = static_cast<std::int16_t>((from[i] * (whole - share) + to[i] * share) / whole);
  }
}

}  // namespace

struct TimeStretch::Impl {
  std::array<std::int16_t, kHistory> history{};  // what was played last
  std::vector<std::int16_t> work;                // history, then the frame
  std::vector<std::int16_t> out;
  // Samples that may be left out or added now. One long period may come at once; then it fills at
  // the sustained share.
  double credit = static_cast<double>(kLongest);
  int refused = 0;
  std::int64_t owed = 0;  // samples to half the speed, since frames are stretched so far

  // The shift at which the sound around a joint so many samples into the frame repeats. `sign` is
  // +1 to look ahead (leave out) and -1 to look back (repeat).
  Joint find(int sign, std::size_t joint) const {
    const std::int16_t* here = work.data() + kHistory + joint - kBefore;
    const auto at = [&](std::size_t shift) {
      return here + sign * static_cast<std::ptrdiff_t>(shift);
    };
    Joint best;
    for (std::size_t p = kShortest; p <= kLongest; p += kCoarse) {
      const double value = likeness(here, at(p), kCoarse);
      if (value > best.likeness) best = {p, value};
    }
    if (best.period == 0) return best;
    const std::size_t low = std::max(kShortest, best.period - kCoarse);
    const std::size_t high = std::min(kLongest, best.period + kCoarse);
    best.likeness = -1;
    for (std::size_t p = low; p <= high; ++p) {
      const double value = likeness(here, at(p), 1);
      if (value > best.likeness) best = {p, value};
    }
    return best;
  }

  // Whether this joint may be made now.
  bool accept(const Joint& joint, Samples frame) {
    if (joint.period == 0 || static_cast<double>(joint.period) > credit) return false;
    const bool good = joint.likeness >= kAlike || energy(frame) < kQuietEnergy;
    if (!good && ++refused <= kPatience) return false;
    refused = 0;
    credit -= static_cast<double>(joint.period);
    return true;
  }

  void leave_out_if_alike(Samples samples) {
    const Joint joint = find(1, 0);
    if (!accept(joint, samples)) return;
    const std::int16_t* frame = work.data() + kHistory;
    const std::int16_t* rest = frame + joint.period;
    out.resize(samples.size() - joint.period);
    cross_fade(frame, rest, out.data());
    std::copy(rest + kFade, frame + samples.size(), out.data() + kFade);
  }
  void repeat_if_alike(Samples samples) {
    const Joint joint = find(-1, 0);
    if (!accept(joint, samples)) return;
    out.clear();
    repeat(joint.period, 0, samples.size());
  }
  // Appends the frame's part [from, to) with as much of what is before it.
  void repeat(std::size_t before, std::size_t from, std::size_t to) {
    const std::int16_t* part = work.data() + kHistory + from;
    const std::size_t old = out.size();
    out.resize(old + before + to - from);
    cross_fade(part, part - before, out.data() + old);
    std::copy(part - before + kFade, part + to - from, out.data() + old + kFade);
  }
  // Half the speed in whole periods, which are as alike as one.
  void repeat_most(std::size_t size) {
    out.clear();
    for (const std::size_t from : {std::size_t{0}, kHalf}) {
      const std::size_t to = from == 0 ? kHalf : size;
      owed += static_cast<std::int64_t>(to - from);
      const std::size_t period = find(-1, from).period;
      const auto missing = static_cast<std::size_t>(std::clamp<std::int64_t>(owed, 0, kLongest));
      const std::size_t before = (missing + period / 2) / period * period;  // at most kHistory
      repeat(before, from, to);
      owed -= static_cast<std::int64_t>(before);
    }
  }

  void remember() {
    if (out.size() >= kHistory) {
      std::copy(out.end() - kHistory, out.end(), history.begin());
      return;
    }
    const auto n = static_cast<std::ptrdiff_t>(out.size());
    std::copy(history.begin() + n, history.end(), history.begin());
    std::copy(out.begin(), out.end(), history.end() - n);
  }
};

TimeStretch::TimeStretch() : impl_(std::make_unique<Impl>()) {
  impl_->work.reserve(kHistory + 5760);
  impl_->out.reserve(5760 + 2 * kHistory);
}
TimeStretch::~TimeStretch() = default;
TimeStretch::TimeStretch(TimeStretch&&) noexcept = default;
TimeStretch& TimeStretch::operator=(TimeStretch&&) noexcept = default;

Samples TimeStretch::process(Samples frame, Stretch wish) {
  DC_CHECK(!frame.empty() && frame.size() <= 5760);
  Impl& s = *impl_;
  const double earned = kSustained * static_cast<double>(frame.size());
  s.credit = std::min(s.credit + earned, static_cast<double>(kLongest));
  s.out.assign(frame.begin(), frame.end());
  if (wish != Stretch::most) s.owed = 0;
  if (wish != Stretch::none && frame.size() >= kFrameSamples) {
    s.work.assign(s.history.begin(), s.history.end());
    s.work.insert(s.work.end(), frame.begin(), frame.end());
    if (wish == Stretch::most) {
      s.repeat_most(frame.size());
    } else if (wish == Stretch::accelerate) {
      s.leave_out_if_alike(frame);
    } else {
      s.repeat_if_alike(frame);
    }
  }
  s.remember();
  return s.out;
}

}  // namespace diemcau::codecs
