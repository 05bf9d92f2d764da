// One flow on a line that loses: what is left of the loss for who watches and listens, and what
// that costs.
#include <fmt/format.h>

#include <cmath>

#include "bench/transport/repair_bounds.h"
#include "bench/transport/repair_cells.h"
#include "bench/transport/rows.h"

namespace diemcau::judge {

namespace {

using R = Recording;

const Span kSpan = from_to(10, 70);
const Bar kNearlyNone = most_and_worst(1, 2);  // of 1,800 pictures in that minute

const FlowLog& forth(const R& r) { return r.flow("sender", "receiver"); }

std::uint64_t chance(double p) {
  return static_cast<std::uint64_t>(std::llround(p * 4'294'967'296.0));
}

}  // namespace

sim::LossConfig at_random(double p) {
  sim::LossConfig loss;
  loss.kind = sim::LossConfig::Kind::iid;
  loss.loss_good = chance(p);
  return loss;
}

sim::LossConfig in_times(double p, Duration mean) {
  sim::LossConfig loss;
  loss.kind = sim::LossConfig::Kind::gilbert_elliott_time;
  loss.loss_bad = chance(1);
  loss.mean_bad = mean;
  loss.mean_good =
      Duration{static_cast<std::int64_t>(static_cast<double>(mean.count()) * (1 - p) / p)};
  return loss;
}

Case lossy(std::string name, Duration one_way, const sim::LossConfig& loss, std::vector<Row> rows,
           Loses way) {
  Case c{std::move(name), "repair", {}, {{"sender", "receiver"}}, std::move(rows)};
  c.change = [one_way, loss, way](sim::Scenario& s) {
    for (sim::SharedSegment& segment : s.segments) {
      segment.up.delay.base = segment.down.delay.base = one_way;
      segment.up.loss = loss;
      if (way == Loses::both_ways) segment.down.loss = loss;
    }
  };
  return c;
}

namespace {

// Runs of `mean` packets on average, everything in them lost.
sim::LossConfig in_runs(double p, double mean) {
  sim::LossConfig loss;
  loss.kind = sim::LossConfig::Kind::gilbert_elliott;
  loss.loss_bad = chance(1);
  loss.to_good = chance(1 / mean);
  loss.to_bad = chance(p / (1 - p) / mean);
  return loss;
}

Row concealed(double bar) {
  return {"audio_concealed", "ratio", most(bar),
          [](const R& r) { return concealed_ratio(forth(r), {kSpan}); }};
}
Row concealed_figure() {
  return {"audio_concealed", "ratio", figure(),
          [](const R& r) { return concealed_ratio(forth(r), {kSpan}); }};
}
Row extra(Bar bar) {
  return {"extra_bytes", "ratio", bar, [](const R& r) { return extra_bytes(forth(r), kSpan); }};
}
Row video(const char* metric, Duration one_way, double fraction, Bar bar) {
  const double owd_ms = to_ms_double(one_way);
  return {metric, "ms", bar, [=](const R& r) {
            const Figure delay = video_delay_ms(forth(r), {kSpan}, fraction);
            return delay ? Figure{*delay - owd_ms} : delay;
          }};
}
Row frozen(Bar bar) {
  return {"frozen", "ratio", bar, [](const R& r) { return frozen_ratio(forth(r), kSpan); }};
}
Row freeze_count(Bar bar) {
  return {"freezes", "times", bar, [](const R& r) { return freezes(forth(r), kSpan); }};
}
// One of 1,800 pictures may be of another layer for a switch at the begin.
Row all_of_hi() {
  return {"pictures_of_720p", "ratio", least(0.99),
          [](const R& r) { return layer_ratio(forth(r), kSpan, Layer::hi); }};
}
Row media(Bar bar) {
  return {"media_rate", "kbit/s", bar, [](const R& r) { return media_kbps(forth(r), kSpan); }};
}

struct Random {
  int percent;
  double concealed;  // bars
  Bar p95;
  Bar extra;
};

Case random_loss(const Random& of, int rtt_ms, Loses way) {
  const Duration one_way = std::int64_t{rtt_ms} * 1ms / 2;
  std::vector<Row> rows{concealed(of.concealed)};
  if (of.percent <= 10) {
    rows.push_back(freeze_count(most_and_worst(0, 1)));
    rows.push_back(video("video_p50_over_owd", one_way, 0.5, most(90)));
  } else {
    rows.push_back(freeze_count(figure()));
    rows.push_back(frozen(most(of.percent == 20 ? 0.01 : 0.05)));
    rows.push_back(video("video_p50_over_owd", one_way, 0.5, figure()));
  }
  rows.push_back(video("video_p95_over_owd", one_way, 0.95, of.p95));
  if (of.percent <= 20) {
    rows.push_back(all_of_hi());
    rows.push_back(media(least(1'200, 2'000)));
  } else {
    rows.push_back(media(figure()));
  }
  rows.push_back(extra(of.extra));
  rows.push_back(key_frames(of.percent <= 20 ? kNearlyNone : figure(), kSpan));
  const char* const name = way == Loses::forth ? "repair" : "repair-both-ways";
  return lossy(fmt::format("{}-{}-rtt{}", name, of.percent, rtt_ms), one_way,
               at_random(of.percent / 100.0), std::move(rows), way);
}

// No answer comes before the picture is forgotten: coded repair is all there is. If that left one
// picture in 300, each would stand still for seven tenths of a second, a round trip and what it
// takes to tell: 0.07 of the time. By then the encoder has forgotten what came before it, so that a
// key frame each is no fault of anybody's.
Case far_loss(int percent, int rtt_ms) {
  const Duration one_way = std::int64_t{rtt_ms} * 1ms / 2;
  return lossy(fmt::format("repair-{}-rtt{}", percent, rtt_ms), one_way, at_random(percent / 100.0),
               {concealed(0.001),
                frozen(most_and_worst(0.07, 0.15)),
                {"pictures", "1/s", least(27, 30),
                 [](const R& r) { return pictures_per_second(forth(r), kSpan); }},
                video("video_p95_over_owd", one_way, 0.95, most(120)),
                all_of_hi(),
                media(least(1'200, 2'000)),
                extra(most(0.3)),
                key_frames(figure(), kSpan)},
               Loses::forth);
}

Case burst_loss(const char* name, const sim::LossConfig& loss) {
  const auto frozen_s = [](const R& r) {
    const Figure ratio = frozen_ratio(forth(r), kSpan);
    return ratio ? Figure{*ratio * to_ms_double(kSpan.to - kSpan.from) / 1e3} : ratio;
  };
  const auto gap = [](const R& r) { return longest_picture_gap_ms(forth(r), kSpan); };
  return lossy(name, 20ms, loss,
               {{"frozen", "s", most(0.1), frozen_s},
                {"picture_gap", "ms", figure(), gap},
                freeze_count(figure()),
                video("video_p95_over_owd", 20ms, 0.95, most(130)),
                concealed_figure(),
                media(figure()),
                extra(figure()),
                key_frames(kNearlyNone, kSpan)});
}

// ------------------------------------------------------- S19: against what is possible

}  // namespace

std::vector<Channel> channels() {
  // Wi-Fi or 4G with weak bursts: enters them with 1 %, leaves with 10 %, loses 0.2 and 30 %.
  sim::LossConfig weak;
  weak.kind = sim::LossConfig::Kind::gilbert_elliott;
  weak.to_bad = chance(0.01);
  weak.to_good = chance(0.10);
  weak.loss_good = chance(0.002);
  weak.loss_bad = chance(0.30);
  return {{"random-3", at_random(0.03), 0.03},
          {"random-10", at_random(0.10), 0.10},
          {"runs-2", in_runs(0.02, 4), 0.02},
          {"bursts-2", in_times(0.02, 33ms), 0.02},
          {"weak-bursts-3", weak, (0.10 * 0.002 + 0.01 * 0.30) / 0.11}};
}

namespace {

// Four packets a picture.
const Bitrate kFourPackets = Bitrate::kbps(1'000);
constexpr double kMoreThanLoss = 0.10;
// Whole before the next one begins.
constexpr Duration kPicture = Duration{1'000'000'000 / 30};
constexpr double kAlwaysAllowed = 0.001, kOfTheBetter = 1.3;

Figure incomplete(const R& r) {
  // A second before the end everything has been shown that will be.
  const Span span = from_to(10, 69);
  double sent = 0;
  for (const EncodedPicture& p : r.encoders[r.member("sender")].pictures) {
    if (span.contains(p.at)) ++sent;
  }
  double shown = 0;
  for (const Picture& p : forth(r).pictures) {
    if (span.contains(p.captured_at)) ++shown;
  }
  if (sent <= 0) return std::nullopt;
  // Encoding takes time: at either end one more may be counted than at the other.
  return std::max(0.0, sent - shown - 1) / sent;
}

}  // namespace

RepairPlan plan_of(const Channel& channel, int rtt_ms, std::uint64_t seed) {
  RepairPlan plan;
  plan.loss = channel.loss;
  plan.seed = seed;
  plan.round_trip = std::int64_t{rtt_ms} * 1ms;
  plan.budget = 150ms;
  plan.coded_per_packet = channel.mean + kMoreThanLoss;
  return plan;
}

Case against_bounds(const Channel& channel, int rtt_ms) {
  const Duration one_way = std::int64_t{rtt_ms} * 1ms / 2;
  const auto bounds = [=](const R& r) {
    return repair_bounds(plan_of(channel, rtt_ms, r.scenario.seed));
  };
  const auto allowed = [=](const R& r) {
    const RepairBounds b = bounds(r);
    return std::max(kAlwaysAllowed, kOfTheBetter * std::min(b.ideal_code, b.asking));
  };
  const auto least = [=](const R& r, Duration soon, double soon_part) -> Figure {
    return least_extra(plan_of(channel, rtt_ms, r.scenario.seed), {allowed(r), soon, soon_part});
  };
  const double most_extra = channel.mean + kMoreThanLoss;
  Case c = lossy(
      fmt::format("s19-{}-rtt{}", channel.name, rtt_ms), one_way, channel.loss,
      {{"incomplete", "ratio", figure(), incomplete},
       {"incomplete_with_ideal_code", "ratio", figure(),
        [=](const R& r) { return Figure{bounds(r).ideal_code}; }},
       {"incomplete_with_asking", "ratio", figure(),
        [=](const R& r) { return Figure{bounds(r).asking}; }},
       {"incomplete_of_allowed", "ratio", most(1),
        [=](const R& r) {
          const Figure f = incomplete(r);
          return f ? Figure{*f / allowed(r)} : f;
        }},
       extra(most(most_extra)),
       {"least_extra", "ratio", figure(), [=](const R& r) { return least(r, Duration{}, 0); }},
       {"least_extra_nine_in_ten_at_once", "ratio", figure(),
        [=](const R& r) { return least(r, kPicture, 0.9); }},
       video("video_p50_over_owd", one_way, 0.5, figure()),
       video("video_p95_over_owd", one_way, 0.95, figure()),
       concealed_figure()});
  const auto lose = c.change;
  c.change = [lose](sim::Scenario& s) {
    lose(s);
    s.rates.hi = kFourPackets;
  };
  return c;
}

std::vector<Case> repair_cases() {
  std::vector<Case> cases;
  // Where there is room, extra bytes are latency bought; beyond 10 % of loss they have a bar.
  const Random kTable[] = {{2, 0.0005, most(120), figure()},
                           {5, 0.001, most(120), figure()},
                           {10, 0.003, most(120), figure()},
                           {20, 0.01, most(160), most(0.75)},
                           {30, 0.03, figure(), most(1.10)}};
  for (const Random& of : kTable) {
    for (const int rtt_ms : {40, 80}) cases.push_back(random_loss(of, rtt_ms, Loses::forth));
  }
  // Reports, questions and refusals get lost as well.
  for (const Random& of : kTable) {
    if (of.percent == 5 || of.percent == 20) cases.push_back(random_loss(of, 80, Loses::both_ways));
  }
  for (const int rtt_ms : {300, 600}) cases.push_back(far_loss(2, rtt_ms));
  cases.push_back(burst_loss("repair-runs", in_runs(0.05, 5)));
  cases.push_back(burst_loss("repair-bursts", in_times(0.02, 33ms)));
  for (const Channel& channel : channels()) {
    for (const int rtt_ms : {10, 40, 80, 120}) cases.push_back(against_bounds(channel, rtt_ms));
  }
  return cases;
}

}  // namespace diemcau::judge
