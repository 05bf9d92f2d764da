// Outages that are longer than anybody waits for repair: how soon there is a clean picture again,
// and whether it took a key frame.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bench/transport/repair_cells.h"
#include "bench/transport/rows.h"

namespace diemcau::judge {

namespace {

using R = Recording;

// A picture that was on its way then is late whatever is done: the budget of play-out.
constexpr Duration kLeastOutage = 150ms;
constexpr Duration kPicture = Duration{1'000'000'000 / 30};
// Of which 37 % are long enough: some forty in ten minutes.
constexpr Duration kMeanOutage = 150ms;
constexpr double kOut = 0.03;
const Span kSpan = from_to(10, 600);

struct Outage {
  Timestamp began;
  Timestamp shows_at;  // the first media packet behind it arrives
};

// Those that the line has been left in peace after: the next one would be an event of its own.
std::vector<Outage> outages(const R& r, Duration one_way, Duration peace) {
  const LineLog& line = r.line(kUp);
  const Bitrate rate = r.scenario.segments.at(0).up.capacity.rate;
  std::vector<Outage> found;
  std::optional<Timestamp> since;
  for (const LinePacket& p : line.packets) {
    if (!kSpan.contains(p.begins)) continue;
    if (p.passage == sim::Passage::lost_wire) {
      if (!found.empty() && p.begins - (found.back().shows_at - one_way) < peace) found.pop_back();
      if (!since) since = p.begins;
      continue;
    }
    if (!since || !p.media) continue;
    const Timestamp began = *std::exchange(since, std::nullopt);
    if (p.begins - began < kLeastOutage) continue;
    found.push_back({began, p.begins + Duration{p.bits * 1'000'000'000 / rate.bps()} + one_way});
  }
  return found;
}

// What play-out holds every picture back, and the ways before and behind the line: the median.
double usually_ms(const R& r, Duration one_way) {
  return video_delay_ms(r.flow("sender", "receiver"), {kSpan}, 0.5).value_or(0) -
         to_ms_double(one_way);
}

// From then to the first picture on the screen that was captured since the outage began, beyond a
// round trip; one that never comes is as late as the run is long.
std::vector<double> beyond_round_trip_ms(const R& r, Duration one_way) {
  const FlowLog& flow = r.flow("sender", "receiver");
  std::vector<double> all;
  for (const Outage& outage : outages(r, one_way, 2 * one_way + 10 * kPicture)) {
    const Figure back = picture_back_ms(flow, outage.shows_at, outage.began);
    all.push_back(back.value_or(to_ms_double(kSpan.to)) - to_ms_double(2 * one_way));
  }
  return all;
}

Case recovery(int rtt_ms) {
  const Duration one_way = std::int64_t{rtt_ms} * 1ms / 2;
  const auto beyond = [=](double fraction) {
    return [=](const R& r) { return quantile(beyond_round_trip_ms(r, one_way), fraction); };
  };
  const auto within = [=](const R& r, double more_ms) -> Figure {
    const std::vector<double> all = beyond_round_trip_ms(r, one_way);
    if (all.empty()) return std::nullopt;
    const double allowed = to_ms_double(2 * kPicture) + more_ms;
    const auto soon =
        std::count_if(all.begin(), all.end(), [=](double ms) { return ms <= allowed; });
    return static_cast<double>(soon) / static_cast<double>(all.size());
  };
  Case c = lossy(fmt::format("recovery-rtt{}", rtt_ms), one_way, in_times(kOut, kMeanOutage),
                 {{"clean_within_rtt_and_two_pictures", "ratio", least(0.99),
                   [=](const R& r) { return within(r, 0); }},
                  {"clean_within_that_and_play_out", "ratio", least(0.99),
                   [=](const R& r) { return within(r, usually_ms(r, one_way)); }},
                  {"usual_delay_over_owd", "ms", figure(),
                   [=](const R& r) { return Figure{usually_ms(r, one_way)}; }},
                  {"clean_p50_over_rtt", "ms", figure(), beyond(0.5)},
                  {"clean_p95_over_rtt", "ms", figure(), beyond(0.95)},
                  {"outages", "times", figure(),
                   [=](const R& r) {
                     return Figure{static_cast<double>(beyond_round_trip_ms(r, one_way).size())};
                   }},
                  key_frames(figure(), kSpan)});
  c.lines = {kUp};
  c.change = [lose = c.change](sim::Scenario& s) {
    lose(s);
    s.duration = kSpan.to + 2s;
  };
  return c;
}

}  // namespace

std::vector<Case> recovery_cases() { return {recovery(40), recovery(80), recovery(150)}; }

}  // namespace diemcau::judge
