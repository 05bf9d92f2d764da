// The first page: a word, what it means, which bridge is the weakest and why.
#include <algorithm>
#include <array>
#include <numeric>

#include "core/quality/emodel.h"
#include "sim/html.h"
#include "sim/impairment_texts.h"
#include "sim/report_page.h"
#include "sim/report_parts.h"

namespace diemcau::sim {

namespace {

// G.114: up to here nobody's conversation is disturbed.
constexpr double kGoodDelayMs = 150;

std::string item(const Words& words, std::initializer_list<Argument> arguments) {
  return "<li>" + both("p", words, arguments) + "</li>\n";
}

bool belongs_to(const std::string& link, const std::string& bridge) {
  return link.rfind(bridge + "/", 0) == 0;
}

// The lines that the bridge's packets use: its own and those that are nobody's.
std::vector<const LinkRow*> lines_of(const ReportInput& in, const std::string& bridge) {
  std::vector<const LinkRow*> lines;
  for (const LinkRow& l : in.links) {
    const bool owned = std::any_of(in.bridges.begin(), in.bridges.end(),
                                   [&](const std::string& b) { return belongs_to(l.name, b); });
    if (!owned || belongs_to(l.name, bridge)) lines.push_back(&l);
  }
  return lines;
}

// "district-01/up" as people say it.
Argument spoken_line(const ReportInput& in, const std::string& link) {
  for (const std::string& b : in.bridges) {
    if (link == b + "/up") return Spoken{"chiều gửi của " + b, b + " (sending)"};
    if (link == b + "/down") return Spoken{"chiều nhận của " + b, b + " (receiving)"};
  }
  return link;
}

// The cause with the most packets on one line.
std::string cause(const ReportInput& in, std::size_t bridge) {
  const LinkRow* where = nullptr;
  const Words* why = nullptr;
  std::uint64_t most = 0;
  for (const LinkRow* l : lines_of(in, in.bridges[bridge])) {
    for (const auto& [count, words] : {std::pair{l->queue, &words::kCauseQueue},
                                       {l->wire, &words::kCauseWire},
                                       {l->outage, &words::kCauseOutage},
                                       {l->policer, &words::kCausePolicer}}) {
      if (count <= most) continue;
      most = count;
      where = l;
      why = words;
    }
  }
  double concealed = 0, delay = 0;
  for (std::size_t other = 0; other < in.bridges.size(); ++other) {
    for (const auto* s : {&in.meeting.sound(other, bridge), &in.meeting.sound(bridge, other)}) {
      if (!*s) continue;
      concealed = std::max(concealed, (*s)->concealed_ratio);
      delay = std::max(delay, (*s)->delay_p95_ms.value_or(0));
    }
  }
  // A hundredth of the sound made up costs nine points of R, as much as a delay of 250 ms.
  if (delay > kGoodDelayMs && concealed < 0.01)
    return both("p", words::kCauseDelay, {Figure{delay}});
  if (!where) return both("p", words::kCauseUnclear);
  return both("p", *why,
              {spoken_line(in, where->name), Figure{static_cast<double>(most)},
               Figure{100 * where->utilisation}});
}

// Why its pictures stood still, sent or received: the cause of the most seconds, in the order of
// quality::Cause.
std::string still_cause(const ReportInput& in, std::size_t bridge) {
  constexpr std::array<const Words*, quality::kCauses> kWhy = {
      &words::kStillQueue, &words::kStillWire, &words::kStillOutage, &words::kStillLate,
      &words::kStillCpu};
  std::array<double, quality::kCauses> seconds{};
  for (const FlowRow& f : in.flows) {
    if (f.source != Source::camera || (f.from != bridge && f.to != bridge)) continue;
    for (std::size_t i = 0; i < seconds.size(); ++i) seconds[i] += f.impaired[i];
  }
  const double all = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  if (all <= 0) return cause(in, bridge);
  const auto most = std::max_element(seconds.begin(), seconds.end());
  return both("p", *kWhy[static_cast<std::size_t>(most - seconds.begin())],
              {Figure{*most}, Figure{all}});
}

// What is worse with this bridge, sound or picture, and why.
std::string complaint(const ReportInput& in, std::size_t bridge) {
  const BridgeQuality& q = in.meeting.of_bridge[bridge];
  if (q.grade() == q.sound()) return cause(in, bridge);
  return both("p", words::kWorstPicture, {Figure{100 * *q.still, 1}}) + still_cause(in, bridge);
}

std::string worst_bridge(const ReportInput& in) {
  if (!in.meeting.worst_bridge) return "";
  const std::size_t worst = *in.meeting.worst_bridge;
  const BridgeQuality& q = in.meeting.of_bridge[worst];
  const double r = *q.r;
  if (q.grade() == Grade::good) return item(words::kAllAlike, {in.bridges[worst], Figure{r, 1}});
  return "<li>" +
         both("p", words::kWorst, {in.bridges[worst], Figure{r, 1}, Figure{quality::mos(r), 1}}) +
         complaint(in, worst) + "</li>\n";
}

std::string figures(const ReportInput& in) {
  std::string out;
  const MeetingFigures& m = in.meeting;
  if (const auto& d = m.value(MetricId::audio_delay_p95_ms))
    out += item(words::kDelayLine, {Figure{*d}});
  const auto& frozen = m.value(MetricId::video_freeze_share);
  const auto& freezes = m.value(MetricId::freezes_per_minute);
  if (frozen)
    out += item(words::kPictureLine, {Figure{100 * *frozen, 1}, Figure{freezes.value_or(0), 1}});
  if (const auto& u = m.value(MetricId::link_utilisation))
    out += item(words::kLineLine, {spoken_line(in, m.binding_link), Figure{100 * *u}});
  return out;
}

const Words& lead_of(Grade g) {
  switch (g) {
    case Grade::good: return words::kMeetingGood;
    case Grade::fair: return words::kMeetingFair;
    case Grade::poor: return words::kMeetingPoor;
    case Grade::unmeasured: break;
  }
  return words::kMeetingUnmeasured;
}

// The next weakest bridges that are not good, each with its cause; more would hide the map below.
std::string weak_bridges(const ReportInput& in) {
  constexpr std::size_t kMost = 5;
  const auto& all = in.meeting.of_bridge;
  std::vector<std::size_t> weak;
  for (std::size_t i = 0; i < in.bridges.size(); ++i) {
    const Grade grade = all[i].grade();
    if ((grade == Grade::fair || grade == Grade::poor) && i != in.meeting.worst_bridge)
      weak.push_back(i);
  }
  std::stable_sort(weak.begin(), weak.end(),
                   [&](std::size_t x, std::size_t y) { return is_worse(all[x], all[y]); });
  if (weak.size() > kMost) weak.resize(kMost);
  std::string out;
  for (const std::size_t i : weak)
    out += "<li><p><b>" + escaped(in.bridges[i]) + "</b></p>" + complaint(in, i) + "</li>\n";
  return out.empty() ? "" : "<ul>\n" + out + "</ul>\n";
}

std::string key_row(Grade grade, const Words& range, const Words& meaning) {
  return "<tr><td><span class=\"chip " + std::string(class_of(grade)) + "\">" +
         beside(word_of(grade)) + "</span></td><td>" + escaped(range.vi) + "</td><td>" +
         both("p", meaning) + "</td></tr>\n";
}

}  // namespace

const Words& word_of(Grade grade) {
  switch (grade) {
    case Grade::good: return words::kGood;
    case Grade::fair: return words::kFair;
    case Grade::poor: return words::kPoor;
    case Grade::unmeasured: break;
  }
  return words::kNotMeasured;
}

const char* class_of(Grade grade) {
  switch (grade) {
    case Grade::good: return "good";
    case Grade::fair: return "fair";
    case Grade::poor: return "poor";
    case Grade::unmeasured: break;
  }
  return "none";
}

std::string verdict_part(const ReportInput& in) {
  double counts[4] = {};
  for (const BridgeQuality& q : in.meeting.of_bridge) ++counts[static_cast<std::size_t>(q.grade())];
  // The meeting is as good as its weakest bridge: that is where the citizen may sit.
  const Grade grade = in.meeting.worst_bridge
                          ? in.meeting.of_bridge[*in.meeting.worst_bridge].grade()
                          : Grade::unmeasured;
  std::string out = heading(words::kVerdict);
  out += "<section class=\"verdict " + std::string(class_of(grade)) + "\">\n<div class=\"word\">" +
         beside(word_of(grade)) + "</div>\n<div class=\"lead\">" + escaped(lead_of(grade).vi) +
         "</div>\n<p class=\"en\" lang=\"en\">" + escaped(lead_of(grade).en) + "</p>\n";
  out += "<ul>\n" +
         item(words::kBridgeCount, {Figure{static_cast<double>(in.bridges.size())},
                                    Figure{counts[0]}, Figure{counts[1]}, Figure{counts[2]}});
  return out + worst_bridge(in) + figures(in) + "</ul>\n</section>\n";
}

std::string bridges_part(const ReportInput& in) {
  std::string out = heading(words::kBridges) + "<div class=\"chips\">\n";
  for (std::size_t i = 0; i < in.bridges.size(); ++i) {
    const BridgeQuality& q = in.meeting.of_bridge[i];
    const Grade grade = q.grade();
    out += "<div class=\"chip " + std::string(class_of(grade)) + "\"><b>" + escaped(in.bridges[i]) +
           "</b>" + beside(word_of(grade));
    if (q.r) out += " · R " + number(*q.r, 0);
    if (q.picture() == Grade::fair || q.picture() == Grade::poor)
      out += " · " + beside(words::kStill) + " " + number(100 * *q.still, 0) + " %";
    out += "</div>\n";
  }
  out += "</div>\n<table class=\"key\">\n";
  out += key_row(Grade::good, words::kGoodRange, words::kGoodMeans);
  out += key_row(Grade::fair, words::kFairRange, words::kFairMeans);
  out += key_row(Grade::poor, words::kPoorRange, words::kPoorMeans);
  return out + "</table>\n" + weak_bridges(in);
}

std::string targets_part(const ReportInput& in) {
  if (in.targets.empty()) return "";
  std::string out = heading(words::kTargets) + "<table class=\"data\">\n<thead><tr>" +
                    head_cell(words::kFigure, "name") + head_cell(words::kReached) +
                    head_cell(words::kWanted) + head_cell(words::kVerdict) +
                    "</tr></thead>\n<tbody>\n";
  for (const Target& t : in.targets) {
    const Metric& m = metrics()[static_cast<std::size_t>(t.metric)];
    const auto& value = in.meeting.value(t.metric);
    const auto text = [&](double v) { return number(m.is_ratio ? 100 * v : v, m.digits) + m.unit; };
    std::string wanted;
    if (t.least) wanted = "≥ " + text(*t.least) + " ";
    if (t.most) wanted += "≤ " + text(*t.most);
    const bool met = t.met_by(value);
    out += "<tr><td class=\"name\">" + beside(m.name) + "</td><td>" +
           (value ? escaped(text(*value)) : beside(words::kNotMeasured)) + "</td><td>" +
           escaped(wanted) + "</td><td class=\"" + (met ? "better" : "worse") + "\">" +
           beside(met ? words::kMet : words::kMissed) + "</td></tr>\n";
  }
  return out + "</tbody></table>\n";
}

}  // namespace diemcau::sim
