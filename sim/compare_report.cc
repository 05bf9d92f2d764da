// D/report.html of a comparison: the table for the technician, then one page for the leader.
#include <algorithm>
#include <cmath>

#include "sim/compare.h"
#include "sim/compare_chart.h"
#include "sim/html.h"
#include "sim/report.h"
#include "sim/report_page.h"
#include "sim/svg.h"

namespace diemcau::sim {

namespace {

const Metric& metric(MetricId id) { return metrics()[static_cast<std::size_t>(id)]; }

std::string value_text(MetricId id, double value) {
  return number(shown(id, value), metric(id).digits) + metric(id).unit;
}

// With its sign and without unit.
std::string signed_text(MetricId id, double value) {
  const std::string text = number(shown(id, value), metric(id).digits);
  // What rounds to nothing carries no sign.
  const bool zero = text.find_first_of("123456789") == std::string::npos;
  return (value > 0 && !zero ? "+" : "") + text;
}

// The difference of two percentages is no percentage.
std::string unit_of_difference(MetricId id) {
  return metric(id).is_ratio ? " điểm %" : metric(id).unit;
}

// Difference and interval on a line of its own scale, zero in the middle.
std::string interval_drawing(const ComparedFigure& f) {
  const auto& interval = f.d.difference.interval;
  if (!interval) return "";
  const double most = std::max({std::abs(interval->low), std::abs(interval->high), 1e-12});
  const auto x = [&](double v) { return 70 + 64 * v / most; };
  Svg svg{140, 16, "95 %"};
  svg.line({70, 0}, {70, 16}, "zero");
  svg.line({x(interval->low), 8}, {x(interval->high), 8}, "span");
  svg.circle({x(f.d.difference.mean), 8}, 3.5, "mean");
  return svg.finish();
}

const char* cell_class(Verdict v) {
  return v == Verdict::better ? "better" : v == Verdict::worse ? "worse" : "undecided";
}

std::string figure_row(const ComparedFigure& f) {
  std::string out = "<tr><td class=\"name\">" + beside(metric(f.id).name) + "</td><td>" +
                    escaped(value_text(f.id, f.a.mean)) + "</td><td>" +
                    escaped(value_text(f.id, f.b.mean)) + "</td><td>" +
                    escaped(signed_text(f.id, f.d.difference.mean) + unit_of_difference(f.id)) +
                    "</td><td>";
  if (const auto& i = f.d.difference.interval)
    out += escaped(signed_text(f.id, i->low) + " … " + signed_text(f.id, i->high));
  out += "</td><td class=\"drawing\">" + interval_drawing(f) + "</td><td>";
  if (f.d.p_adjusted) out += *f.d.p_adjusted < 0.001 ? "&lt; 0,001" : number(*f.d.p_adjusted, 3);
  out +=
      "</td><td class=\"" + std::string(cell_class(f.verdict)) + "\">" + beside(word_of(f.verdict));
  if (f.verdict != Verdict::not_decided && !f.noticeable) out += "<br/>" + beside(words::kSmall);
  return out + "</td></tr>\n";
}

std::string table_part(const Comparison& c) {
  std::string out =
      heading(words::kResult) + "<div class=\"hint\">" +
      both("p", words::kHowCompared,
           {Figure{static_cast<double>(c.a.runs.size())},
            Figure{static_cast<double>(c.figures.size())}}) +
      "</div>\n<table class=\"data compare\">\n<thead><tr>" + head_cell(words::kFigure, "name") +
      "<th>A</th><th>B</th>" + head_cell(words::kDifference) + head_cell(words::kInterval) +
      "<th></th><th>p (Holm)</th>" + head_cell(words::kVerdict) + "</tr></thead>\n<tbody>\n";
  for (const ComparedFigure& f : c.figures) out += figure_row(f);
  return out + "</tbody></table>\n";
}

double count(const Comparison& c, Verdict v) {
  return static_cast<double>(
      std::count_if(c.figures.begin(), c.figures.end(),
                    [v](const ComparedFigure& f) { return f.verdict == v && f.noticeable; }));
}

std::string conclusion(const Comparison& c) {
  const double better = count(c, Verdict::better), worse = count(c, Verdict::worse);
  const Figure all{static_cast<double>(c.figures.size())};
  const bool ups = better > 0, downs = worse > 0;
  std::string out = "<section class=\"verdict " +
                    std::string(ups && !downs  ? "good"
                                : ups || downs ? (ups ? "fair" : "poor")
                                               : "none") +
                    "\">\n<div class=\"lead\">";
  const auto say = [&](const Words& w, std::initializer_list<Argument> arguments) {
    out += filled(w, Language::vi, arguments) + "</div>\n<p class=\"en\" lang=\"en\">" +
           filled(w, Language::en, arguments) + "</p>\n";
  };
  if (ups && downs) {
    say(words::kMixed, {Figure{better}, Figure{worse}});
  } else if (ups) {
    say(words::kOnlyBetter, {Figure{better}, all});
  } else if (downs) {
    say(words::kOnlyWorse, {Figure{worse}, all});
  } else {
    say(words::kNoDifference, {});
  }
  if (const ComparedFigure* r = c.find(MetricId::audio_r_worst)) {
    out += r->a.mean >= kGoodR
               ? both("p", words::kAlreadyGood, {Figure{r->a.mean, 1}})
               : both("p", words::kNotGoodYet, {Figure{r->a.mean, 1}, Figure{r->b.mean, 1}});
  }
  return out + "</section>\n";
}

std::string plan_row(const Words& name, const std::string& a, const std::string& b) {
  return "<tr><td class=\"name\">" + beside(name) + "</td><td>" + a + "</td><td>" + b +
         "</td></tr>\n";
}

std::string graded(double r) {
  const Grade g = grade_of(r);
  return "<span class=\"chip " + std::string(class_of(g)) + "\">" + escaped(word_of(g).vi) +
         " · R " + number(r, 0) + "</span>";
}

std::string plans_part(const Comparison& c) {
  std::string out = "<table class=\"data\">\n<thead><tr><th></th>" + head_cell(words::kPlanA) +
                    head_cell(words::kPlanB) + "</tr></thead>\n<tbody>\n" +
                    plan_row(words::kScenario, escaped(c.a.name), escaped(c.b.name));
  for (const MetricId id : {MetricId::audio_r_worst, MetricId::bridges_good_share,
                            MetricId::audio_delay_p95_ms, MetricId::video_freeze_share}) {
    const ComparedFigure* f = c.find(id);
    if (!f) continue;
    const bool r = id == MetricId::audio_r_worst;
    out += plan_row(metric(id).name, r ? graded(f->a.mean) : escaped(value_text(id, f->a.mean)),
                    r ? graded(f->b.mean) : escaped(value_text(id, f->b.mean)));
  }
  const ComparedFigure* u = c.find(MetricId::link_utilisation);
  if (u)
    out += plan_row(words::kLinkUtilisation,
                    escaped(c.a.binding_link() + " · " + value_text(u->id, u->a.mean)),
                    escaped(c.b.binding_link() + " · " + value_text(u->id, u->b.mean)));
  return out + "</tbody></table>\n";
}

std::string list_part(const Comparison& c, const Words& title, bool improvements) {
  std::string items;
  for (const ComparedFigure& f : c.figures) {
    if ((f.verdict == Verdict::better && f.noticeable) != improvements) continue;
    items += "<li>" + beside(metric(f.id).name) + ": " +
             escaped(value_text(f.id, f.a.mean) + " → " + value_text(f.id, f.b.mean));
    if (!improvements) {
      items += " – ";
      items += f.noticeable || f.verdict == Verdict::not_decided ? beside(word_of(f.verdict))
                                                                 : beside(words::kSmall);
    }
    items += "</li>\n";
  }
  return "<div><h3>" + beside(title) + "</h3>\n" +
         (items.empty() ? both("p", words::kNothing) : "<ul>\n" + items + "</ul>\n") + "</div>\n";
}

std::string decision_part(const Comparison& c) {
  const auto field = [](const Words& w) {
    return "<p>" + beside(w) + " <span class=\"fill\"></span></p>\n";
  };
  return "<section class=\"decision\">\n" + heading(words::kDecision) + conclusion(c) +
         plans_part(c) + "<div class=\"two\">\n" + list_part(c, words::kImproves, true) +
         list_part(c, words::kDoesNot, false) + "</div>\n<div class=\"two\">\n<div><h3>" +
         beside(words::kPrice) + "</h3>\n" + field(words::kMonthly) + field(words::kInstallation) +
         "</div>\n<div><h3>" + beside(words::kOpinion) +
         "</h3>\n<div class=\"fillbox\"></div></div>\n</div>\n<h3>" + beside(words::kConfidence) +
         "</h3>\n" +
         both("p", words::kConfidenceText,
              {Figure{static_cast<double>(c.a.runs.size())},
               Figure{static_cast<double>(c.figures.size())}}) +
         "</section>\n";
}

std::string scenario_part(const Words& plan, const ComparedPlan& p) {
  return "<h2>" + beside(words::kScenario) + ": " + escaped(plan.vi) + "</h2>\n<pre>" +
         escaped(p.text) + "</pre>\n";
}

}  // namespace

std::string compare_html(const Comparison& c) {
  std::string seeds = std::to_string(c.a.runs.size());
  return page(words::kCompareTitle, c.a.name + " – " + c.b.name,
              table_part(c) + throughput_delay_part(c) + scenario_part(words::kPlanA, c.a) +
                  scenario_part(words::kPlanB, c.b) + "<p class=\"hint\">" +
                  beside(words::kOrigin) + ": seed 1 … " + seeds + " · diemcau-sim " +
                  escaped(program_version()) + "</p>\n" + decision_part(c));
}

}  // namespace diemcau::sim
