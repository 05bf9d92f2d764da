// Several flows that meet on a bottleneck: RFC 8867 §5.2 to §6.3.
#include <algorithm>
#include <cmath>

#include "bench/transport/rows.h"

namespace diemcau::judge {

namespace {

using R = Recording;
using Senders = std::vector<std::string>;

const Senders kTwo{"flow-1", "flow-2"};
const Senders kThree{"flow-1", "flow-2", "flow-3"};
const Senders kFive{"flow-1", "flow-2", "flow-3", "flow-4", "flow-5"};

std::vector<double> rates(const R& r, const Senders& senders, Span span) {
  std::vector<double> out;
  for (const std::string& sender : senders)
    out.push_back(arrived_kbps(r.flow(sender, "hub"), span).value_or(0));
  return out;
}

// The least of several windows, so that no period is averaged away.
Row fair(Senders senders, std::vector<Span> spans) {
  return {"jain", "ratio", least(0.9), [senders, spans](const R& r) {
            Figure least;
            for (const Span span : spans) {
              const Figure j = jain(rates(r, senders, span));
              if (!j) return Figure{};
              least = std::min(least.value_or(1), *j);
            }
            return least;
          }};
}

// What one sender gets ÷ what it should get, of all that the senders get.
Row share(const std::string& metric, Bar bar, Senders senders, std::vector<double> weights,
          std::size_t which, Span span) {
  return {metric, "ratio", bar, [=](const R& r) {
            const std::vector<double> got = rates(r, senders, span);
            double all = 0, weight = 0;
            for (std::size_t i = 0; i < got.size(); ++i) all += got[i], weight += weights[i];
            if (all <= 0) return Figure{};
            return Figure{got[which] / all / (weights[which] / weight)};
          }};
}

// The largest deviation from the weighted shares.
Row deviation(Bar bar, Senders senders, std::vector<double> weights, Span span) {
  return {"share_deviation", "ratio", bar, [=](const R& r) {
            Figure worst;
            for (std::size_t i = 0; i < senders.size(); ++i) {
              const Figure s = share("", {}, senders, weights, i, span).judge(r);
              if (!s) return Figure{};
              worst = std::max(worst.value_or(0), std::abs(*s - 1));
            }
            return worst;
          }};
}

Row extreme(const char* metric, Bar bar, Span span) {
  return {metric, "ratio", bar, [=](const R& r) {
            std::vector<double> got = rates(r, kFive, span);
            double all = 0;
            for (const double g : got) all += g;
            if (all <= 0) return Figure{};
            const auto [low, high] = std::minmax_element(got.begin(), got.end());
            return Figure{(bar.kind == Bar::Kind::at_most ? *high : *low) * 5 / all};
          }};
}

// Half of the line is fair between one flow and one TCP connection.
std::vector<Row> beside_tcp() {
  return {{"share_of_fair", "ratio", least(0.25), [](const R& r) {
             const Figure u = utilisation(r.line(kUp), from_to(15, 119), std::nullopt);
             return u ? Figure{*u * 2} : u;
           }}};
}

std::vector<Row> both_ways() {
  return {used(kUp, figure(), from_to(5, 99)),
          queue_p95(kUp, figure(), {from_to(5, 20), from_to(22, 40), from_to(42, 99)}),
          {"utilisation_back", "ratio", figure(), [](const R& r) {
             const LineLog& down = r.line("bottleneck/down");
             return utilisation(down, from_to(5, 99), full_rate(r.scenario));
           }}};
}

std::vector<Row> pause() {
  return {fair(kThree, {from_to(10, 40), from_to(65, 119)}),
          // The others take what the second leaves; they had 0.73 of their full rates before.
          {"others_take_over", "s", most(1),
           [](const R& r) {
             const Bitrate full = full_rate(r.scenario);
             return seconds_to_rate(r.line(kUp), from_to(40, 60), 0.9, full + full);
           }},
          // 0.8 of a third of 3.5 Mbit/s.
          {"resume", "s", most(1), [](const R& r) {
             const FlowLog& second = r.flow("flow-2", "hub");
             return seconds_to_arrived(second, from_to(60, 119), 0.8 * 3500 / 3);
           }}};
}

// Max-min: the flow over both gets half of the second bottleneck, 0.75 Mbit/s of 1.5, and leaves
// 1.25 of the first one's 2.
std::vector<Row> two_bottlenecks() {
  return {{"jain", "ratio", least(0.9), [](const R& r) {
             std::vector<double> got =
                 rates(r, {"flow-both", "flow-first", "flow-second"}, from_to(30, 299));
             got[0] /= 0.75, got[1] /= 1.25, got[2] /= 0.75;
             return jain(got);
           }}};
}

}  // namespace

std::vector<Case> fair_cases() {
  const std::vector<Span> five_capacities{from_to(5, 25), from_to(30, 50), from_to(55, 75),
                                          from_to(80, 100), from_to(105, 124)};
  struct Entry {
    const char* name;
    std::set<std::string> lines;
    Senders flows;
    std::vector<Row> rows;
  };
  const Entry table[] = {
      {"rfc8867-5.2",
       {kUp},
       kTwo,
       {fair(kTwo, five_capacities),
        queue_p95(kUp, figure(), {from_to(5, 25), from_to(27, 75), from_to(77, 124)})}},
      {"rfc8867-5.3", {kUp, "bottleneck/down"}, {}, both_ways()},
      {"rfc8867-5.4",
       {kUp},
       kThree,
       {fair(kThree, {from_to(60, 119)}), queue_p95(kUp, figure(), {from_to(5, 119)})}},
      {"rfc8867-5.5",
       {kUp},
       kFive,
       {extreme("smallest_share", least(0.7), from_to(60, 299)),
        extreme("largest_share", most(1.4, 1), from_to(60, 299)),
        queue_p95(kUp, figure(), {from_to(5, 299)})}},
      {"rfc8867-5.6", {kUp}, {"flow-1"}, beside_tcp()},
      {"rfc8867-5.6-deep", {kUp}, {"flow-1"}, beside_tcp()},
      {"rfc8867-5.7",
       {kUp},
       kTwo,
       {fair(kTwo, {from_to(10, 299)}), queue_p95(kUp, figure(), {from_to(10, 299)})}},
      {"rfc8867-5.8", {kUp}, kThree, pause()},
      {"rfc8867-6.1", {kUp}, kThree, {deviation(most(0.15), kThree, {2, 1, 1}, from_to(60, 119))}},
      {"rfc8867-6.3",
       {"ab/up", "cd/up"},
       {"flow-both", "flow-first", "flow-second"},
       two_bottlenecks()},
  };
  std::vector<Case> cases;
  for (const Entry& e : table) {
    cases.push_back({e.name, e.name, e.lines, {}, e.rows});
    for (const std::string& sender : e.flows) cases.back().flows.push_back({sender, "hub"});
  }
  return cases;
}

}  // namespace diemcau::judge
