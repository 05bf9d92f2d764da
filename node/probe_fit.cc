// Double arithmetic on differences that are small; nothing here decides what a bridge does.
#include "node/probe_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace diemcau::node {

namespace {

using Fate = ProbeRecord::Fate;

// Sent at x by our clock, seen to take y by two clocks; both in ns.
struct Seen {
  double x = 0, y = 0;
};

// The least of every second: what waited in a queue says nothing about clocks.
std::vector<Seen> least_per_second(const std::vector<Seen>& all) {
  std::vector<Seen> least;
  double second = -1;
  for (const Seen& s : all) {
    const double own = std::floor(s.x / 1e9);
    if (own > second) {
      least.push_back(s);
      second = own;
    } else if (s.y < least.back().y) {
      least.back() = s;
    }
  }
  return least;
}

double least_above(const std::vector<Seen>& seen, double slope) {
  double least = std::numeric_limits<double>::infinity();
  for (const Seen& s : seen) least = std::min(least, s.y - slope * s.x);
  return least;
}

// How far all lie above a line of that slope which touches them from below: convex in the slope.
double distance(const std::vector<Seen>& seen, double slope) {
  const double touching = least_above(seen, slope);
  double sum = 0;
  for (const Seen& s : seen) sum += s.y - slope * s.x - touching;
  return sum;
}

// The drift at which both directions lie closest above their lines. It shows as a rise in the one
// and as a fall in the other.
double find_drift(const std::vector<Seen>& there, const std::vector<Seen>& back) {
  constexpr double kMost = 1e-3;        // two clocks, each slewed by NTP's 500 ppm
  constexpr std::size_t kSeconds = 10;  // below that, drift is smaller than what the machine does
  constexpr int kSteps = 80;            // of (2/3): 1e-17
  if (there.size() < kSeconds || back.size() < kSeconds) return 0;
  double low = -kMost, high = kMost;
  for (int i = 0; i < kSteps; ++i) {
    const double a = low + (high - low) / 3, b = high - (high - low) / 3;
    const double at_a = distance(there, a) + distance(back, -a);
    const double at_b = distance(there, b) + distance(back, -b);
    (at_a <= at_b ? high : low) = at_a <= at_b ? b : a;
  }
  return (low + high) / 2;
}

// Times on the two clocks, both from 0 at the first probe's.
struct Clocks {
  Timestamp ours;
  NtpTime peers;
  double drift = 0, offset_ns = 0;

  double sent(const ProbeRecord& r) const { return ns(r.sent_at - ours); }
  double returned(const ProbeRecord& r) const { return ns(r.returned_at - ours); }
  double arrived(const ProbeRecord& r) const { return ns(r.arrived_at - peers); }
  double replied(const ProbeRecord& r) const { return ns(r.replied_at - peers); }
  // The peer's time on our clock.
  double on_ours(double peer_ns) const { return (peer_ns - offset_ns) / (1 + drift); }
  static double ns(Duration d) { return static_cast<double>(d.count()); }
};

// Of questions that did not arrive there are no answers, so nothing is known of the way back. Where
// so many in a row are missing, the line was down, and lines go down in both directions.
std::vector<bool> down_both_ways(const std::vector<ProbeRecord>& records, std::size_t count) {
  constexpr std::size_t kDown = 50;  // 0.5 s
  std::vector<bool> down(count);
  for (std::size_t i = 0, begin = 0; i <= count; ++i) {
    if (i < count && records[i].fate == Fate::lost_there) continue;
    if (i - begin >= kDown)
      std::fill(down.begin() + static_cast<std::ptrdiff_t>(begin),
                down.begin() + static_cast<std::ptrdiff_t>(i), true);
    begin = i + 1;
  }
  return down;
}

void add(std::vector<ProbePoint>& trace, double at_ns, std::optional<double> delay_ns) {
  ProbePoint point;
  point.at = Duration{std::llround(std::max(at_ns, 0.0))};
  if (delay_ns) {
    point.delay = Duration{std::max<std::int64_t>(std::llround(*delay_ns), 0)};
  } else {
    point.lost = true;
    if (!trace.empty()) point.delay = trace.back().delay;
  }
  trace.push_back(point);
}

Clocks fit_clocks(const std::vector<ProbeRecord>& records, std::size_t count) {
  Clocks c;
  std::vector<Seen> there, back;
  bool first = true;
  for (std::size_t i = 0; i < count; ++i) {
    const ProbeRecord& r = records[i];
    if (r.fate != Fate::answered && r.fate != Fate::lost_back) continue;
    if (first) {
      c.ours = records.front().sent_at;
      c.peers = r.arrived_at;
      first = false;
    }
    there.push_back({c.sent(r), c.arrived(r) - c.sent(r)});
    if (r.fate == Fate::answered) back.push_back({c.returned(r), c.returned(r) - c.replied(r)});
  }
  c.drift = find_drift(least_per_second(there), least_per_second(back));
  c.offset_ns = (least_above(there, c.drift) - least_above(back, -c.drift)) / 2;
  return c;
}

}  // namespace

std::optional<ProbeTraces> fit_probes(const std::vector<ProbeRecord>& records, std::size_t count) {
  count = std::min(count, records.size());
  const auto end = records.begin() + static_cast<std::ptrdiff_t>(count);
  if (std::none_of(records.begin(), end,
                   [](const ProbeRecord& r) { return r.fate == Fate::answered; }))
    return std::nullopt;
  const Clocks c = fit_clocks(records, count);
  const std::vector<bool> down = down_both_ways(records, count);
  ProbeTraces traces;
  traces.drift_ppm = c.drift * 1e6;
  for (std::size_t i = 0; i < count; ++i) {
    const ProbeRecord& r = records[i];
    if (r.fate == Fate::unknown) {
      ++traces.unknown;
    } else if (r.fate == Fate::lost_there) {
      add(traces.to_peer, c.sent(r), std::nullopt);
      if (down[i])
        add(traces.to_us, c.sent(r) + Clocks::ns(traces.to_peer.back().delay), std::nullopt);
    } else {
      add(traces.to_peer, c.sent(r), c.on_ours(c.arrived(r)) - c.sent(r));
      // The answer leaves as soon as the question is there: a lost one left at about that time.
      if (r.fate == Fate::lost_back) {
        add(traces.to_us, c.on_ours(c.arrived(r)), std::nullopt);
      } else {
        const double left = c.on_ours(c.replied(r));
        add(traces.to_us, left, c.returned(r) - left);
      }
    }
  }
  // Probes that overtook each other on the way there were answered in the order of their arrival.
  std::stable_sort(traces.to_us.begin(), traces.to_us.end(),
                   [](const ProbePoint& a, const ProbePoint& b) { return a.at < b.at; });
  return traces;
}

ProbeFigures figures_of(const std::vector<ProbePoint>& points) {
  ProbeFigures f;
  f.packets = points.size();
  std::vector<Duration> delays;
  for (const ProbePoint& p : points) {
    if (!p.lost) delays.push_back(p.delay);
  }
  if (!points.empty())
    f.loss_ratio = 1 - static_cast<double>(delays.size()) / static_cast<double>(points.size());
  if (delays.empty()) return f;
  std::sort(delays.begin(), delays.end());
  f.least = delays.front();
  f.median = delays[delays.size() / 2];
  f.p95 = delays[delays.size() * 95 / 100];
  return f;
}

std::string probe_csv(const std::vector<ProbePoint>& points) {
  std::string csv = "time_s,delay_ms,lost\n";
  Duration last{-1};
  for (const ProbePoint& p : points) {
    last = std::max(p.at, last + Duration{1});  // answers of one batch left together
    fmt::format_to(std::back_inserter(csv), "{}.{:09},{}.{:06},{}\n", last.count() / 1'000'000'000,
                   last.count() % 1'000'000'000, p.delay.count() / 1'000'000,
                   p.delay.count() % 1'000'000, p.lost ? 1 : 0);
  }
  return csv;
}

}  // namespace diemcau::node
