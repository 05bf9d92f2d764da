// Pictures of equal size, their packets evenly over half of the time between two pictures.
#include "bench/transport/repair_bounds.h"

#include <algorithm>
#include <queue>
#include <vector>

#include "sim/counter_random.h"

namespace diemcau::judge {

namespace {

// At 0.1 % these are 20 incomplete ones: ± 0.04 points of 95 %.
constexpr std::size_t kPictures = 20'000;

struct Schedule {
  explicit Schedule(const RepairPlan& p)
      : picture{1'000'000'000 / p.fps}, gap{picture / 2 / p.packets} {}
  Duration picture, gap;
  Duration sent_at(std::size_t number, unsigned packet) const {
    return picture * static_cast<std::int64_t>(number) + gap * packet;
  }
};

sim::WireLoss line_of(const RepairPlan& p) {
  return {p.loss, sim::CounterRandom{p.seed, sim::Purpose::wire_loss, 0}};
}

double ideal_code(const RepairPlan& p) {
  const Schedule schedule{p};
  sim::WireLoss line = line_of(p);
  std::vector<unsigned> lost(kPictures), repaired(kPictures);
  double due = 0;
  for (std::size_t i = 0; i < kPictures; ++i) {
    for (unsigned k = 0; k < p.packets; ++k) {
      if (line.loses(schedule.sent_at(i, k).count())) ++lost[i];
    }
    due += p.coded_per_packet * p.packets;
    for (unsigned k = p.packets; due >= 0.5; ++k, due -= 1) {
      if (!line.loses(schedule.sent_at(i, k).count())) ++repaired[i];
    }
  }
  const auto reach = static_cast<std::size_t>(p.budget / schedule.picture);
  double incomplete = 0;
  for (std::size_t i = 0; i < kPictures; ++i) {
    unsigned arrived = 0;
    for (std::size_t j = i; j < std::min(kPictures, i + reach); ++j) arrived += repaired[j];
    if (lost[i] > arrived) ++incomplete;
  }
  return incomplete / static_cast<double>(kPictures);
}

struct Sending {
  Duration at{};
  std::size_t picture = 0;
  bool again = false;
  bool operator>(const Sending& o) const { return at > o.at; }
};

void ask(const RepairPlan& p, RepairBounds& out) {
  const Schedule schedule{p};
  sim::WireLoss line = line_of(p);
  std::priority_queue<Sending, std::vector<Sending>, std::greater<>> queue;
  std::vector<bool> incomplete(kPictures);
  std::size_t next = 0, repeated = 0;
  while (next < kPictures || !queue.empty()) {
    if (next < kPictures && (queue.empty() || queue.top().at >= schedule.sent_at(next, 0))) {
      for (unsigned k = 0; k < p.packets; ++k) queue.push({schedule.sent_at(next, k), next, false});
      ++next;
      continue;
    }
    const Sending s = queue.top();
    queue.pop();
    if (s.again) ++repeated;
    if (!line.loses(s.at.count())) continue;
    const Duration answered = s.at + (s.again ? Duration{} : schedule.gap) + p.round_trip;
    if (answered - schedule.sent_at(s.picture, 0) <= p.budget) {
      queue.push({answered, s.picture, true});
    } else {
      incomplete[s.picture] = true;
    }
  }
  const auto count = std::count(incomplete.begin(), incomplete.end(), true);
  out.asking = static_cast<double>(count) / static_cast<double>(kPictures);
  out.asking_extra = static_cast<double>(repeated) / static_cast<double>(kPictures * p.packets);
}

}  // namespace

RepairBounds repair_bounds(const RepairPlan& plan) {
  RepairBounds out;
  out.ideal_code = ideal_code(plan);
  ask(plan, out);
  return out;
}

}  // namespace diemcau::judge
