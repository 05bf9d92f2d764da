// What being full has taught about an uplink's line, and how fast its rate grows with that.
#include <algorithm>

#include "core/rate/delay_controller.h"

namespace diemcau::rate {

namespace {
// Per reaction time, when bursts do not wait.
constexpr std::int64_t kGrowPermille = 60;
// After a dip, up to near what the uplink gave when it was full: that is known, and until then most
// of its paths have no pictures.
constexpr std::int64_t kAgainPermille = 200;
// From there on nothing waits because room has just been made. With the usual step the rate is a
// fifth beyond the line before its first report: queue, cut and growth took turns every second.
constexpr std::int64_t kJustFullPermille = 12;
constexpr Duration kJustFull = 4s;
// What a full uplink gives, on average over so much time of being full; of a line that has swung
// within a minute it grows by so much a second, by more up to four fifths of what the line has
// carried in the last minute, when nothing has waited for long, and where it has not been seen
// full. Never by less than a path's small pictures need in three seconds: where there is no room
// for them nothing is sent that could prove more.
constexpr Duration kGiven = 2s;
constexpr std::int64_t kGivenGrowPermille = 6, kKnownGrowPermille = 20, kCalmGrowPermille = 30,
                       kUnseenGrowPermille = 50;
constexpr Bitrate kGivenGrowLeast = Bitrate::kbps(20);
constexpr std::int64_t kKnownPermille = 800;
// So long nothing has waited: it was full in a dip, before it had carried anything.
constexpr Duration kCalm = 10s, kLongCalm = 20s;
constexpr Duration kRadioNoise = 2ms;
}  // namespace

void DelayController::remember_full(Bitrate anchor, Duration excess, Duration since) {
  if (line_.seen_full) {
    const std::int64_t part = part_of(since, kGiven);
    line_.given = permille(line_.given, 1'000 - part) + permille(anchor, part);
  } else if (excess > kClearlyOver) {
    line_.seen_full = true;
    line_.given = anchor;
  }
}

// It was full in a dip, as a rule, and gives more when that is over: the more, the longer nothing
// has waited.
void DelayController::grow_given(const Observation& o, Duration since) {
  if (rate_ < permille(line_.given, kUnusedPermille)) return;
  const Duration calm = o.now - waited_at_;
  const bool little = line_.given < o.basics;
  const bool known = line_.given < permille(line_.carried, kKnownPermille);
  const std::int64_t permille_a_second = !line_.seen_full || little || calm > kLongCalm
                                             ? kUnseenGrowPermille
                                         : calm > kCalm ? kCalmGrowPermille
                                         : known        ? kKnownGrowPermille
                                                        : kGivenGrowPermille;
  const Bitrate a_second = std::max(permille(line_.given, permille_a_second), kGivenGrowLeast);
  line_.given += Bitrate::bps(a_second.bps() / 1'000 * to_ms(since));
}

bool DelayController::has_carried(Bitrate rate) const {
  return permille(carried_, kKnownPermille) > rate;
}

// A radio's line carries half of what it carried a second ago, and we learn of it a quarter of a
// second later: the queue of that is every path's. Up to what such a line gives when it is full the
// rate grows as fast as on any; beyond that, and where nobody has seen it full, slowly.
bool DelayController::careful(const Observation& o) const {
  if (o.paths <= 1 || starting_) return false;
  return o.now < line_.swings_until || (!line_.seen_full && noise_ >= kRadioNoise);
}

std::int64_t DelayController::shared_growth_permille(Timestamp now) const {
  if (!line_.seen_full) return kGrowPermille;
  if (rate_ < permille(line_.given, kUnusedPermille)) return kAgainPermille;
  return now - waited_at_ < kJustFull ? kJustFullPermille : kGrowPermille;
}

}  // namespace diemcau::rate
