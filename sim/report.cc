// The order of the sections, and the tables.
#include "sim/report.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/units/ids.h"
#include "sim/html.h"
#include "sim/report_page.h"
#include "sim/report_parts.h"

namespace diemcau::sim {

namespace {

// Some pages of A4; the mesh of a whole province has twenty thousand flows.
constexpr std::size_t kMostFlows = 150;
constexpr std::size_t kMostLines = 60;

std::string cell(const std::string& text, const char* cls = "") {
  return "<td" + (*cls != 0 ? " class=\"" + std::string(cls) + "\"" : "") + ">" + escaped(text) +
         "</td>";
}
std::string cell(const std::optional<double>& value, int digits, double factor = 1) {
  return cell(value ? number(*value * factor, digits) : "–");
}
std::string count_cell(std::uint64_t count) {
  return cell(count > 0 ? number(static_cast<double>(count), 0) : "–");
}

// The largest first: made-up sound, standing pictures, late pictures.
double badness(const FlowRow& f) {
  if (f.media == MediaKind::audio) return 100 * (100 - f.r.value_or(0));
  return 1000 * f.freeze_s.value_or(0) + f.end_to_end_p95_ms.value_or(10'000);
}

}  // namespace

const Words& word_of(Source source) {
  if (source == Source::document) return words::kDocument;
  return media_of(source) == MediaKind::audio ? words::kAudio : words::kVideo;
}

namespace {

std::string flow_line(const ReportInput& in, const FlowRow& f) {
  std::string media = word_of(f.source).vi;
  if (f.media == MediaKind::video) media += " " + std::string(name_of(f.layer));
  std::string out = "<tr>" + cell(in.bridges[f.from], "name short") +
                    cell(in.bridges[f.to], "name short") + cell(media, "name short");
  out += cell(f.sent_kbps, 0) + cell(f.received_kbps, 0) + cell(f.delay_p95_ms, 1) +
         cell(f.end_to_end_p95_ms, 0) + cell(f.loss_ratio, 2, 100);
  return out + cell(f.concealed_ratio, 2, 100) + cell(f.r, 1) + cell(f.freeze_s, 1) + "</tr>\n";
}

std::string origin_part(const ReportInput& in) {
  std::array<char, 24> digest{};
  std::snprintf(digest.data(), digest.size(), "%016llx",
                static_cast<unsigned long long>(in.digest));
  std::string out = "<footer>" + beside(words::kOrigin) + ": seed " + std::to_string(in.seed);
  if (!in.profile.empty()) out += " · profile " + escaped(in.profile);
  return out + " · digest " + digest.data() + " · diemcau-sim " + escaped(program_version()) +
         " · " + number(in.virtual_s, 0) + " s · " + number(static_cast<double>(in.packets), 0) +
         " packets</footer>\n";
}

}  // namespace

std::string bar(const char* cls, std::uint64_t count, std::uint64_t most) {
  if (count == 0) return "";
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "<span class=\"bar %s\" style=\"width:%.1fpx\"></span>",
                cls, std::max(1.0, 160.0 * static_cast<double>(count) / static_cast<double>(most)));
  return text.data();
}

std::string losses_part(const ReportInput& in) {
  std::vector<const LinkRow*> lossy;
  std::uint64_t most = 0;
  for (const LinkRow& l : in.links) {
    if (l.lost() == 0) continue;
    lossy.push_back(&l);
    most = std::max(most, l.lost());
  }
  std::string out = heading(words::kLosses);
  if (lossy.empty()) return out + both("p", words::kNoLosses);
  std::stable_sort(lossy.begin(), lossy.end(),
                   [](const LinkRow* a, const LinkRow* b) { return a->lost() > b->lost(); });
  if (lossy.size() > kMostLines) lossy.resize(kMostLines);
  out += "<table class=\"data\">\n<thead><tr>" + head_cell(words::kLine, "name") +
         head_cell(words::kUsed) + head_cell(words::kQueueP95) + head_cell(words::kByQueue) +
         head_cell(words::kByWire) + head_cell(words::kByOutage) + head_cell(words::kByPolicer) +
         "<th></th></tr></thead>\n<tbody>\n";
  for (const LinkRow* l : lossy) {
    out += "<tr>" + cell(l->name, "name short") + cell(l->utilisation, 1, 100) +
           cell(l->queue_p95_ms, 1) + count_cell(l->queue) + count_cell(l->wire) +
           count_cell(l->outage) + count_cell(l->policer) + "<td class=\"name\">" +
           bar("bq", l->queue, most) + bar("bw", l->wire, most) + bar("bo", l->outage, most) +
           bar("bp", l->policer, most) + "</td></tr>\n";
  }
  out += "</tbody></table>\n";
  const auto quiet = std::count_if(in.links.begin(), in.links.end(),
                                   [](const LinkRow& l) { return l.lost() == 0; });
  if (quiet > 0) out += both("p", words::kQuietLines, {Figure{static_cast<double>(quiet)}});
  return out;
}

std::string flows_part(const ReportInput& in) {
  std::vector<const FlowRow*> rows;
  for (const FlowRow& f : in.flows) rows.push_back(&f);
  std::string out = heading(words::kFlows);
  if (rows.size() > kMostFlows) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const FlowRow* a, const FlowRow* b) { return badness(*a) > badness(*b); });
    out +=
        both("p", words::kFlowsCut,
             {Figure{static_cast<double>(kMostFlows)}, Figure{static_cast<double>(rows.size())}});
    rows.resize(kMostFlows);
  }
  out += "<table class=\"data\">\n<thead><tr>" + head_cell(words::kFrom, "name") +
         head_cell(words::kTo, "name") + head_cell(words::kMedia, "name") +
         head_cell(words::kSentKbps) + head_cell(words::kReceivedKbps) +
         head_cell(words::kLineDelay) + head_cell(words::kTotalDelay) + head_cell(words::kLoss) +
         head_cell(words::kConcealed) + "<th>R</th>" + head_cell(words::kFrozen) +
         "</tr></thead>\n<tbody>\n";
  for (const FlowRow* f : rows) out += flow_line(in, *f);
  return out + "</tbody></table>\n";
}

std::string report_html(const ReportInput& in) {
  std::string body = verdict_part(in) + targets_part(in) + bridges_part(in) + heat_part(in) +
                     delays_part(in) + seconds_part(in) + impairments_part(in) + scatter_part(in) +
                     losses_part(in) + flows_part(in);
  if (!in.scenario_text.empty())
    body += heading(words::kScenario) + "<pre>" + escaped(in.scenario_text) + "</pre>\n";
  return page(words::kRunTitle, in.scenario_name, body + origin_part(in));
}

}  // namespace diemcau::sim
