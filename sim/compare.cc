// The figures as numbers; compare_report.cc makes pages of them.
#include "sim/compare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/check.h"

namespace diemcau::sim {

namespace {

using Json = nlohmann::ordered_json;

const Metric& metric(MetricId id) { return metrics()[static_cast<std::size_t>(id)]; }

std::string printed(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*g", digits, value);
  return text.data();
}
std::string with_sign(double value) { return (value > 0 ? "+" : "") + printed(value, 4); }

void pad(std::string& line, std::size_t width) {
  line.resize(std::max(line.size() + 1, width), ' ');
}

// A computed number that JSON cannot hold (an infinite effect) is absent.
void put(Json& j, const char* key, double value) {
  if (std::isfinite(value)) j[key] = value;
}

Json estimate(const MeanEstimate& e) {
  Json j;
  j["mean"] = e.mean;
  if (e.interval) {
    j["low"] = e.interval->low;
    j["high"] = e.interval->high;
  }
  return j;
}

Json figure_json(const ComparedFigure& f) {
  Json j;
  j["metric"] = metric(f.id).id;
  j["runs"] = f.d.difference.count;
  j["a"] = estimate(f.a);
  j["b"] = estimate(f.b);
  Json& d = j["difference"] = estimate(f.d.difference);
  d["median"] = f.d.median;
  d["median_low"] = f.d.median_interval.low;
  d["median_high"] = f.d.median_interval.high;
  if (f.d.difference.deviation > 0)
    put(d, "effect_size", f.d.difference.mean / f.d.difference.deviation);
  if (f.d.p) d["p"] = *f.d.p;
  if (f.d.p_adjusted) d["p_holm"] = *f.d.p_adjusted;
  j["verdict"] = word_of(f.verdict).en;
  j["noticeable"] = f.noticeable;
  return j;
}

Json plan_json(const ComparedPlan& p) {
  Json j;
  j["scenario"] = p.name;
  j["file"] = p.file;
  j["binding_line"] = p.binding_link();
  j["runs"] = Json::array();
  for (const Replicate& r : p.runs) {
    Json run;
    run["seed"] = r.seed;
    std::array<char, 17> digest{};
    std::snprintf(digest.data(), digest.size(), "%016llx",
                  static_cast<unsigned long long>(r.digest));
    run["digest"] = digest.data();
    for (std::size_t i = 0; i < kMetrics; ++i) {
      if (r.figures.values[i]) run[std::string(metrics()[i].id)] = *r.figures.values[i];
    }
    j["runs"].push_back(run);
  }
  return j;
}

std::optional<ComparedFigure> compare_figure(MetricId id, const ComparedPlan& a,
                                             const ComparedPlan& b) {
  std::vector<double> of_a, of_b;
  for (std::size_t i = 0; i < a.runs.size(); ++i) {
    const auto &x = a.runs[i].figures.value(id), &y = b.runs[i].figures.value(id);
    if (!x || !y) continue;
    of_a.push_back(*x);
    of_b.push_back(*y);
  }
  if (of_a.empty()) return std::nullopt;
  ComparedFigure f;
  f.id = id;
  f.a = mean_with_interval(of_a);
  f.b = mean_with_interval(of_b);
  f.d = paired_difference(of_a, of_b);
  f.noticeable = std::abs(f.d.difference.mean) >= metric(id).noticeable;
  return f;
}

}  // namespace

std::string ComparedPlan::binding_link() const {
  std::map<std::string, std::size_t> times;
  for (const Replicate& r : runs) ++times[r.figures.binding_link];
  const auto most = std::max_element(
      times.begin(), times.end(), [](const auto& x, const auto& y) { return x.second < y.second; });
  return most == times.end() ? "" : most->first;
}

const ComparedFigure* Comparison::find(MetricId id) const {
  const auto it = std::find_if(figures.begin(), figures.end(),
                               [id](const ComparedFigure& f) { return f.id == id; });
  return it == figures.end() ? nullptr : &*it;
}

Comparison compare(ComparedPlan a, ComparedPlan b) {
  DC_CHECK(a.runs.size() == b.runs.size());
  Comparison c{std::move(a), std::move(b), {}};
  for (std::size_t i = 0; i < kMetrics; ++i) {
    if (auto f = compare_figure(static_cast<MetricId>(i), c.a, c.b)) c.figures.push_back(*f);
  }
  std::vector<double> p;
  for (const ComparedFigure& f : c.figures) {
    if (f.d.p) p.push_back(*f.d.p);
  }
  const std::vector<double> adjusted = holm(p);
  std::size_t next = 0;
  for (ComparedFigure& f : c.figures) {
    if (f.d.p) f.d.p_adjusted = adjusted[next++];
    f.verdict = verdict_of(f.d, metric(f.id).better);
  }
  return c;
}

const Words& word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::better: return words::kBetter;
    case Verdict::worse: return words::kWorse;
    case Verdict::not_decided: break;
  }
  return words::kNotDecided;
}

double shown(MetricId id, double value) { return metric(id).is_ratio ? 100 * value : value; }

std::string compare_table(const Comparison& c) {
  std::string out = "A " + c.a.name + " (fullest line " + c.a.binding_link() + ")\nB " + c.b.name +
                    " (fullest line " + c.b.binding_link() + ")\n\n";
  std::string head = "figure";
  for (const auto& [title, width] : {std::pair{"A", 26U},
                                     {"B", 38U},
                                     {"B - A", 50U},
                                     {"95 % interval", 62U},
                                     {"verdict", 90U}}) {
    pad(head, width);
    head += title;
  }
  out += head + "\n";
  for (const ComparedFigure& f : c.figures) {
    std::string line{metric(f.id).id};
    pad(line, 26);
    line += printed(f.a.mean, 5);
    pad(line, 38);
    line += printed(f.b.mean, 5);
    pad(line, 50);
    line += with_sign(f.d.difference.mean);
    pad(line, 62);
    if (const auto& i = f.d.difference.interval)
      line += with_sign(i->low) + " … " + with_sign(i->high);
    pad(line, 92);  // the ellipsis takes three bytes of one column
    line += word_of(f.verdict).en;
    if (f.verdict != Verdict::not_decided && !f.noticeable)
      line += std::string(", ") + words::kSmall.en;
    out += line + "\n";
  }
  return out;
}

std::string compare_json(const Comparison& c) {
  Json j;
  j["schema"] = 1;
  j["seeds"] = c.a.runs.size();
  j["confidence"] = 0.95;
  j["figures"] = Json::array();
  for (const ComparedFigure& f : c.figures) j["figures"].push_back(figure_json(f));
  j["a"] = plan_json(c.a);
  j["b"] = plan_json(c.b);
  return j.dump(1) + "\n";
}

std::string compare_csv(const Comparison& c) {
  std::string out = "metric,runs,a_mean,b_mean,difference,low,high,p,p_holm,verdict,noticeable\n";
  const auto optional = [](const std::optional<double>& v) {
    return v ? printed(*v, 10) : std::string();
  };
  for (const ComparedFigure& f : c.figures) {
    const auto& interval = f.d.difference.interval;
    out += std::string(metric(f.id).id) + "," + std::to_string(f.d.difference.count) + "," +
           printed(f.a.mean, 10) + "," + printed(f.b.mean, 10) + "," +
           printed(f.d.difference.mean, 10) + "," + (interval ? printed(interval->low, 10) : "") +
           "," + (interval ? printed(interval->high, 10) : "") + "," + optional(f.d.p) + "," +
           optional(f.d.p_adjusted) + "," + word_of(f.verdict).en + "," +
           (f.noticeable ? "yes" : "no") + "\n";
  }
  return out;
}

}  // namespace diemcau::sim
