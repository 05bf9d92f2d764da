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

struct Mix {
  double coded = 0;  // repair packets for each packet
  bool at_once = false;
  unsigned questions = 1, copies = 1;  // copies: of what the last question asks for
};

// A flow that is repaired by a mix.
class Mixed {
 public:
  Mixed(const RepairPlan& plan, const Mix& mix)
      : plan_(plan), mix_(mix), schedule_{plan}, line_(line_of(plan)) {}

  void run() {
    std::size_t next = 0;
    while (next < kPictures || !queue_.empty()) {
      if (next < kPictures && (queue_.empty() || queue_.top().at >= schedule_.sent_at(next, 0))) {
        begin(next++);
        continue;
      }
      const Event e = queue_.top();
      queue_.pop();
      switch (e.kind) {
        case Kind::media:
          if (line_.loses(e.at.count())) ++missing_[e.picture];
          if (e.last && missing_[e.picture] == 0) whole_at_[e.picture] = e.at;
          break;
        case Kind::question: answer(e); break;
        case Kind::repair:
          ++repair_;
          if (!line_.loses(e.at.count())) mend(e.at);
          break;
      }
    }
  }
  double extra() const {
    return static_cast<double>(repair_) / static_cast<double>(kPictures * plan_.packets);
  }
  double whole_within(Duration soon) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < kPictures; ++i) {
      if (whole_at_[i] <= schedule_.sent_at(i, 0) + soon) ++count;
    }
    return static_cast<double>(count) / static_cast<double>(kPictures);
  }

 private:
  enum class Kind : std::uint8_t { media, repair, question };
  struct Event {
    Duration at{};
    std::size_t picture = 0;
    Kind kind = Kind::media;
    bool last = false;  // packet, or question
    bool operator>(const Event& o) const { return at > o.at; }
  };
  static constexpr Duration kApart = 12ms;

  void begin(std::size_t picture) {
    for (unsigned k = 0; k < plan_.packets; ++k) {
      queue_.push({schedule_.sent_at(picture, k), picture, Kind::media, k + 1 == plan_.packets});
    }
    due_ += mix_.coded * plan_.packets;
    for (unsigned k = plan_.packets; due_ >= 0.5; ++k, due_ -= 1) {
      queue_.push({schedule_.sent_at(picture, k), picture, Kind::repair});
    }
    const Duration shows = schedule_.sent_at(picture, plan_.packets);
    const Duration latest = schedule_.sent_at(picture, 0) + plan_.budget - plan_.round_trip;
    Duration ask = latest - (mix_.questions - 1) * plan_.round_trip - (mix_.copies - 1) * kApart;
    if (mix_.at_once) ask = shows;
    ask = std::max(ask, shows);
    for (unsigned n = 1; n <= mix_.questions && ask <= latest; ++n) {
      const bool last = n == mix_.questions || ask + plan_.round_trip > latest;
      queue_.push({ask, picture, Kind::question, last});
      ask += plan_.round_trip;
    }
  }

  void answer(const Event& question) {
    const unsigned copies = question.last ? mix_.copies : 1;
    const Duration deadline = schedule_.sent_at(question.picture, 0) + plan_.budget;
    const Duration first = question.at + plan_.round_trip;
    const Duration apart =
        copies > 1 ? std::min<Duration>(kApart, (deadline - first) / (copies - 1)) : Duration{};
    for (unsigned c = 0; c < copies; ++c) {
      for (unsigned n = 0; n < missing_[question.picture]; ++n) {
        queue_.push({first + apart * c, question.picture, Kind::repair});
      }
    }
  }

  void mend(Duration now) {
    while (oldest_ < kPictures && schedule_.sent_at(oldest_, 0) + plan_.budget < now) ++oldest_;
    for (std::size_t i = oldest_; i < kPictures && schedule_.sent_at(i, 0) <= now; ++i) {
      if (missing_[i] == 0) continue;
      if (--missing_[i] == 0 && schedule_.sent_at(i, plan_.packets - 1) <= now) whole_at_[i] = now;
      return;
    }
  }

  const RepairPlan& plan_;
  const Mix mix_;
  const Schedule schedule_;
  sim::WireLoss line_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
  std::vector<unsigned> missing_ = std::vector<unsigned>(kPictures);
  std::vector<Duration> whole_at_ = std::vector<Duration>(kPictures, Duration::max());
  std::size_t oldest_ = 0, repair_ = 0;
  double due_ = 0;
};

}  // namespace

std::optional<double> least_extra(const RepairPlan& plan, const RepairAim& aim) {
  constexpr int kSteps = 128;
  constexpr unsigned kMostQuestions = 4, kMostCopies = 3;
  std::optional<double> least;
  const auto reaches = [&](const Mix& mix) {
    Mixed flow{plan, mix};
    flow.run();
    if (1 - flow.whole_within(plan.budget) > aim.incomplete) return false;
    if (flow.whole_within(aim.soon) < aim.soon_part) return false;
    least = std::min(least.value_or(flow.extra()), flow.extra());
    return true;
  };
  // The more is coded the better: the least of it that does is searched for. What alone costs as
  // much as the best mix so far needs no look.
  const auto search = [&](Mix mix) {
    if (reaches(mix)) return;
    const int most = static_cast<int>(kSteps * std::min(1.0, least.value_or(1.0))) + 1;
    for (int low = 0, high = most; high - low > 1;) {
      const int middle = (low + high) / 2;
      mix.coded = static_cast<double>(middle) / kSteps;
      (reaches(mix) ? high : low) = middle;
    }
  };
  for (unsigned copies = 1; copies <= kMostCopies; ++copies) {
    for (unsigned questions = 1; questions <= kMostQuestions; ++questions) {
      if (questions > 1 && plan.round_trip * questions > plan.budget) break;
      search({0, false, questions, copies});
      search({0, true, questions, copies});
    }
  }
  return least;
}

RepairBounds repair_bounds(const RepairPlan& plan) {
  RepairBounds out;
  out.ideal_code = ideal_code(plan);
  ask(plan, out);
  return out;
}

}  // namespace diemcau::judge
