// One flow on one bottleneck. Windows begin 5 s after the start where start-up is not what is
// judged.
#include "bench/transport/rows.h"

namespace diemcau::judge {

namespace {

using R = Recording;

// The only direction that is looked at where there is one.
const FlowLog& forth(const R& r) { return r.flow("sender", "receiver"); }
const EncoderLog& encoder(const R& r) { return r.encoders[r.member("sender")]; }

// 1.0, 2.5, 0.6, 1.0 Mbit/s from 0, 40, 60, 80 s.
const std::vector<Span> kCalm{from_to(5, 60), from_to(62, 99)};

std::vector<Row> capacity_changes() {
  return {
      used(kUp, least(0.95), from_to(5, 99)),
      queue_p95(kUp, most(35), kCalm),
      {"drain_after_drop", "s", most(2),
       [](const R& r) { return seconds_to_drain(r.line(kUp), from_to(60, 80)); }},
      {"drops", "packets", most(5), [](const R& r) { return drops(r.line(kUp), from_to(0, 99)); }},
      {"to_80_percent", "s", most(1.5),
       [](const R& r) {
         const Bitrate full = full_rate(r.scenario);
         return seconds_to_rate(r.line(kUp), from_to(40, 60), 0.8, full);
       }},
      {"start_to_80_percent", "s", most(1.5),
       [](const R& r) {
         if (!forth(r).up_at) return Figure{};
         const Duration up = *forth(r).up_at - Timestamp{};
         return seconds_to_rate(r.line(kUp), {up, 20s}, 0.8, full_rate(r.scenario));
       }},
      {"frames_to_follow_a_drop", "frames", most(4), [](const R& r) {
         const std::uint8_t fps = r.scenario.camera_fps;
         return frames_to_follow(encoder(r), from_to(60, 70), Layer::hi, fps);
       }}};
}

std::vector<Row> other_round_trip() {
  return {{"standing_queue", "s", most(5),
           [](const R& r) { return longest_standing_queue_s(r.line(kUp), from_to(5, 99)); }},
          used(kUp, figure(), from_to(5, 99)),
          queue_p95(kUp, figure(), kCalm)};
}

std::vector<Row> seen(Span span) {
  return {{"picture_gap", "ms", most(400),
           [span](const R& r) { return longest_picture_gap_ms(forth(r), span); }},
          used(kUp, least(0.7), span),
          {"video_p50", "ms", most(200),
           [span](const R& r) { return video_delay_ms(forth(r), {span}, 0.5); }}};
}

// OWD 40 ms: how much later than the line itself.
std::vector<Row> thin() {
  const Span span = from_to(10, 60);
  return {used(kUp, least(0.9), span),
          queue_p95(kUp, most(60), {span}),
          {"video_p95_over_owd", "ms", most(90), [span](const R& r) {
             const Figure p95 = video_delay_ms(forth(r), {span}, 0.95);
             return p95 ? Figure{*p95 - 40} : p95;
           }}};
}

std::vector<Row> spike() {
  // 3 Mbit/s, from 30 to 40 s 0.6.
  std::vector<Row> rows = seen(from_to(20, 70));
  rows.push_back({"video_delay_back", "s", most(3), [](const R& r) {
                    const Figure old = video_delay_ms(forth(r), {from_to(25, 30)}, 0.5);
                    return old ? video_delay_back_s(forth(r), from_to(40, 70), *old) : old;
                  }});
  rows.push_back({"audio_delay_back", "s", most(3), [](const R& r) {
                    const Figure old = audio_delay_ms(forth(r), {from_to(25, 30)}, 0.5);
                    return old ? audio_delay_back_s(forth(r), from_to(40, 70), *old) : old;
                  }});
  rows.push_back({"to_90_percent", "s", most(5), [](const R& r) {
                    const Bitrate full = full_rate(r.scenario);
                    return seconds_to_rate(r.line(kUp), from_to(40, 70), 0.9, full);
                  }});
  return rows;
}

std::vector<Row> start() {
  return {{"first_picture", "ms", most(400),
           [](const R& r) {
             const auto up = forth(r).up_at;
             return up ? picture_back_ms(forth(r), *up, Timestamp{}) : Figure{};
           }},
          {"hi_at_full_rate", "ms", most(2000), [](const R& r) {
             return first_full_picture_ms(forth(r), encoder(r), Layer::hi, r.scenario.rates.hi);
           }}};
}

// OWD 20 ms.
std::vector<Row> jitter() {
  const Span span = from_to(5, 60);
  const auto over_owd = [span](const char* metric, auto delay) {
    return Row{metric, "ms", most(110), [=](const R& r) {
                 const Figure p50 = delay(forth(r), {span}, 0.5);
                 return p50 ? Figure{*p50 - 20} : p50;
               }};
  };
  return {{"audio_concealed", "ratio", most(0.001),
           [span](const R& r) { return concealed_ratio(forth(r), {span}); }},
          {"picture_gap", "ms", most(100),
           [span](const R& r) { return longest_picture_gap_ms(forth(r), span); }},
          over_owd("video_p50_over_owd", video_delay_ms),
          over_owd("audio_p50_over_owd", audio_delay_ms)};
}

std::vector<Row> policed() {
  return {{"loss_after_5_s", "ratio", most(0.03),
           [](const R& r) { return drop_ratio(r.line(kUp), from_to(5, 60)); }},
          {"rate_of_policed", "ratio", least(0.8), [](const R& r) {
             return utilisation(r.line(kUp), from_to(5, 60), Bitrate::kbps(2000));
           }}};
}

std::vector<Row> rides_out() {
  return {{"rate_of_capacity", "ratio", least(0.8),
           [](const R& r) { return utilisation(r.line(kUp), from_to(10, 60), std::nullopt); }}};
}

}  // namespace

std::vector<Case> flow_cases() {
  const std::pair<const char*, std::vector<Row>> table[] = {
      {"rfc8867-5.1", capacity_changes()},
      {"s01-rtt20", other_round_trip()},
      {"s01-rtt200", other_round_trip()},
      {"s01-rtt250", other_round_trip()},
      {"start", start()},
      {"spike-step", spike()},
      {"spike-lte", seen(from_to(10, 120))},
      {"thin", thin()},
      {"bufferbloat", thin()},
      {"jitter", jitter()},
      {"policer", policed()},
      {"loss-10", rides_out()},
      {"loss-20", rides_out()},
  };
  std::vector<Case> cases;
  for (const auto& [name, rows] : table)
    cases.push_back({name, name, {kUp}, {{"sender", "receiver"}}, rows});
  return cases;
}

}  // namespace diemcau::judge
