// Windows of at least 40 packets and a round trip; two high ones in a row are a reason to try.
#include "core/rate/loss_judge.h"

#include <algorithm>
#include <utility>

namespace diemcau::rate {

namespace {
constexpr std::uint32_t kWindowPackets = 40;
constexpr Duration kWindow = 200ms;
// High is what cannot be chance: twice the known loss and two in a hundred more (3 σ of 40 packets
// at 1 % are 5 %, but two windows in a row must be high).
constexpr std::uint32_t kHighPermille = 20;
constexpr std::uint32_t kHighWindows = 2;
// No line that people could talk over loses half, one window after the other, whatever it is known
// to lose: what was taken for its own may be what repair of it brings about.
constexpr std::uint32_t kOverwhelmingPermille = 500;
// What the line is known to lose, a sixteenth with each window.
constexpr std::uint32_t kPacketsFilter = 16;
// What an experiment says counts as much as the windows that it takes: with one, the first window
// behind it, which had lost nothing by chance, was believed instead.
constexpr std::uint32_t kTriedWindows = 4;
// Runs of lost packets, of what the line is known to have of them: a sixty-fourth with each window.
// By a sixteenth what a limit takes is learned as fast as a rate grows beyond it by 3 % a second.
constexpr std::uint32_t kRunsFilter = 64;
// Of what grows beyond a limit that was found twice.
constexpr std::uint32_t kHighWindowsAtLimit = 1, kFoundSurely = 2;
// One of forty would be 25 in a thousand, and a burst of the line's own far more: who sends more
// than a limit loses here and there in every picture.
constexpr std::uint32_t kSeveral = 2;
// Less than sound and a little picture limits nothing: the pictures have paused.
constexpr Bitrate kWorthTrying = Bitrate::kbps(200);
constexpr std::int64_t kTryPercent = 85;
constexpr std::int64_t kTriedPercent = 108;
// With all of it the next picture would be beyond it again.
constexpr std::int64_t kFoundPercent = 97;
// Encoders and what waits take a while. Where as much is sent after that, there is no less to send:
// on a thin path eight windows were five seconds, of a page at its least rate.
constexpr Duration kMostTrying = 1'600ms;
// A limit is tried again by growing 3 % a second: half a second of some per cent of loss,
// every five seconds.
constexpr std::int64_t kGrowPermille = 28;
constexpr Duration kFasterEvery = 5s;
constexpr std::int64_t kMostFaster = 6;
constexpr Duration kFirstPatience = 1s;
constexpr Duration kMostPatience = 30s;
}  // namespace

void LossJudge::observe(const Observation& o, bool queueing) {
  if (limit_ && state_ == State::calm && observed_at_) {
    const Duration since = std::min<Duration>(o.now - *observed_at_, 1s);
    // The longer nothing is lost at it, the less it is one.
    const std::int64_t faster =
        std::min<std::int64_t>(1 + (o.now - limited_at_) / kFasterEvery, kMostFaster);
    limit_ = Bitrate::bps(limit_->bps() +
                          limit_->bps() / 1'000 * kGrowPermille * faster * to_ms(since) / 1'000);
    if (limit_->bps() > 3 * o.sent.bps() && o.now - limited_at_ > 30s) forget_limit();
  }
  observed_at_ = o.now;
  if (queueing) {
    sent_ = lost_ = blacked_out_ = runs_ = high_windows_ = 0;
    window_began_at_ = o.now;
    if (state_ != State::calm) {  // an experiment that the queue spoils says nothing
      state_ = State::calm;
      not_before_ = o.now + kFirstPatience;
    }
    return;
  }
  if (!window_began_at_) window_began_at_ = o.now;
  sent_ += o.packets_received + o.packets_lost;
  lost_ += o.packets_lost;
  blacked_out_ += o.packets_blacked_out;
  runs_ += o.loss_runs;
  if (sent_ < kWindowPackets || o.now - *window_began_at_ < std::max(kWindow, o.round_trip)) return;
  // A blackout is no doing of ours: there is nothing to be tried.
  const std::uint32_t doubtful = lost_ - blacked_out_;
  const std::uint32_t runs = std::min(doubtful, runs_);
  const Window window{lost_ * 1'000 / sent_, doubtful * 1'000 / sent_,
                      static_cast<std::uint32_t>(std::uint64_t{runs_} * 1'000'000 / sent_),
                      runs >= kSeveral, beyond_chance(runs)};
  sent_ = lost_ = blacked_out_ = runs_ = 0;
  window_began_at_ = o.now;
  window_over(o, window);
}

// Square roots of what happens by chance are a half apart, whatever its mean (Anscombe 1948): by
// one, and that twice in a row, is no chance. Packets that are lost side by side are one event: by
// packets, lines that lose in runs of three were tried, and their rate cut, again and again.
bool LossJudge::beyond_chance(std::uint32_t runs) const {
  const std::int64_t usual = std::int64_t{inherent_runs_ppm_} * sent_ / 1'000;
  const std::int64_t more = (std::int64_t{runs} + 1) * 1'000 - usual;
  return more > 0 && more * more >= std::int64_t{runs} * 4'000'000;
}

void LossJudge::window_over(const Observation& o, const Window& window) {
  switch (state_) {
    case State::calm: return calm_window_over(o, window);
    case State::settling:  // half of it was sent before
      state_ = State::trying;
      trying_since_ = o.now;
      kept_to_limit_ = keeps_to_limit(o);
      return;
    case State::trying: return trial_window_over(o, window);
  }
}

void LossJudge::calm_window_over(const Observation& o, const Window& window) {
  const std::uint32_t permille = window.doubtful_permille;
  // A run is a lost packet at least.
  const std::uint32_t usual = std::max(inherent_permille_, inherent_runs_ppm_ / 1'000);
  const bool much = window.several && permille > 2 * usual + kHighPermille;
  const bool high = (much && window.more) || permille >= kOverwhelmingPermille;
  high_windows_ = high ? high_windows_ + 1 : 0;
  if (!high) {
    if (!much) {  // of the first ones each counts as much as those before: repair waits for it
      const std::uint32_t n = known_windows_ = std::min(known_windows_ + 1, kPacketsFilter);
      inherent_permille_ = (inherent_permille_ * (n - 1) + window.permille + n / 2) / n;
    }
    inherent_runs_ppm_ = (inherent_runs_ppm_ * (kRunsFilter - 1) + window.runs_ppm) / kRunsFilter;
    return;
  }
  if (o.sent_then <= through_) found_ = 0;  // a limit would have to take nothing there
  if (high_windows_ < (found_ >= kFoundSurely ? kHighWindowsAtLimit : kHighWindows) ||
      o.delivered < kWorthTrying || (not_before_ && o.now < *not_before_))
    return;
  before_permille_ = permille;
  // A burst may have come through beyond a limit that is kept to.
  through_ = std::min(o.delivered, limit_.value_or(o.delivered));
  limit_ = Bitrate::bps(through_.bps() / 100 * kTryPercent);
  state_ = State::settling;
}

// As long as no less is sent, nothing is tried; and a policer's bucket is empty behind that.
void LossJudge::trial_window_over(const Observation& o, const Window& window) {
  const bool kept_before = std::exchange(kept_to_limit_, keeps_to_limit(o));
  const bool tried = kept_to_limit_ && kept_before;
  if (!tried && o.now - trying_since_ < kMostTrying) return;
  state_ = State::calm;
  high_windows_ = 0;
  const std::uint32_t permille = window.doubtful_permille;
  if (!tried) {  // sound alone is more than that
    forget_limit();
    not_before_ = o.now + kFirstPatience;
  } else if (permille * 2 <= before_permille_) {
    ++found_;
    limit_found(o.now);
  } else if (found_ >= kFoundSurely) {  // one that fails after some that did not
    found_ = 0;
    limit_found(o.now);
  } else {
    inherent_permille_ = std::max(inherent_permille_, permille);
    known_windows_ = std::max(known_windows_, kTriedWindows);
    inherent_runs_ppm_ = std::max(inherent_runs_ppm_, window.runs_ppm);
    forget_limit();
    patience_ = std::clamp(2 * patience_, kFirstPatience, kMostPatience);
    not_before_ = o.now + patience_;
  }
}

bool LossJudge::keeps_to_limit(const Observation& o) const {
  return o.sent_then <= Bitrate::bps(limit_->bps() / 100 * kTriedPercent);
}

void LossJudge::forget_limit() {
  limit_.reset();
  found_ = 0;
}

void LossJudge::limit_found(Timestamp now) {
  limit_ = Bitrate::bps(through_.bps() / 100 * kFoundPercent);
  limited_at_ = now;
  patience_ = Duration::zero();
  not_before_.reset();
}

}  // namespace diemcau::rate
