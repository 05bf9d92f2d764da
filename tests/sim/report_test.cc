// The report is one well-formed file that says everything in both languages and asks nobody for
// anything.
#include "sim/report.h"

#include <catch2/catch.hpp>

#include "sim/html.h"
#include "sim/impairment_texts.h"
#include "sim/svg.h"
#include "tests/sim/markup.h"
#include "tests/sim/scenario_text.h"

namespace diemcau::sim {
namespace {

// Three bridges; the name of the second would break a page that does not escape.
ReportInput small_input() {
  ReportInput in;
  in.scenario_name = "thử <b>&\"nghiệm\"</b>";
  in.scenario_text = "name = \"<&\"\n";
  in.seed = 42;
  in.digest = 0xABCDEF;
  in.virtual_s = in.measured_s = 60;
  in.bridges = {"central", "xã <script>&\"'", "commune-2"};
  in.meeting.bridges = 3;
  in.meeting.sounds.resize(9);
  for (const std::size_t pair : {1U, 2U, 3U, 5U, 6U, 7U})
    in.meeting.sounds[pair] = Sound{pair == 5 ? 61.25 : 91, 0.002, 80.0};
  in.meeting.stills.resize(9);
  in.meeting.of_bridge = {{91, 0}, {61.25, 0}, {}};
  in.meeting.worst_bridge = 1;
  for (auto& v : in.meeting.values) v = 0.5;
  FlowRow f;
  f.from = 1;
  f.to = 2;
  f.received_kbps = 48;
  f.end_to_end_p95_ms = 80.5;
  f.delay.emplace();
  f.delay->fill(12.5);
  in.flows = {f};
  in.links = {{"xã <script>&\"'/up", 0.5, 12.5, 100, 3, 7, 0},
              {"central/up", 0.1, 1.0, 0, 0, 0, 0}};
  return in;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("a report is well formed, whatever the names", "[sim]") {
  const std::string html = report_html(small_input());
  CHECK(markup_complaint(html) == "");
  CHECK_FALSE(holds(html, "<script"));
  CHECK_FALSE(holds(html, "<b>&"));
  CHECK(holds(html, "xã &lt;script&gt;&amp;&quot;&#39;"));
  CHECK(holds(html, "name = &quot;&lt;&amp;&quot;"));
}

TEST_CASE("a report needs nothing from outside and no script", "[sim]") {
  const std::string html = report_html(small_input());
  for (const char* foreign : {"http", "src=", "href=", "url(", "@import", "onload"})
    CHECK_FALSE(holds(html, foreign));
  CHECK(holds(html, "@page{size:A4"));
}

TEST_CASE("a report speaks Vietnamese first and English beside it", "[sim]") {
  const std::string html = report_html(small_input());
  for (const Words& w : {words::kVerdict, words::kPoor, words::kMeetingPoor, words::kHeat,
                         words::kLosses, words::kFlows, words::kScenario}) {
    INFO(w.en);
    CHECK(html.find(w.vi) < html.find(w.en));
    CHECK(holds(html, w.en));
  }
  CHECK(holds(html, "(R = 61,2, MOS = "));  // decimal comma…
  CHECK(holds(html, "(R = 61.2, MOS = "));  // …and point
  CHECK(holds(html, "đường truyền chiều gửi của xã"));
  CHECK(holds(html, "0000000000abcdef"));
  CHECK(holds(html, "seed 42"));
}

TEST_CASE("a report names the cause with the most packets, on a line of the weakest bridge",
          "[sim]") {
  ReportInput in = small_input();
  CHECK(holds(report_html(in), "bỏ 100 gói"));
  in.links[0].outage = 500;
  CHECK(holds(report_html(in), "bị gián đoạn, mất 500 gói"));
  in.links[1].wire = 9000;  // somebody else's line
  CHECK(holds(report_html(in), "bị gián đoạn, mất 500 gói"));
  in.meeting.sounds[5]->delay_p95_ms = 420;
  CHECK(holds(report_html(in), "Nguyên nhân: độ trễ lớn, 95 % âm thanh đến trong 420 ms"));
}

TEST_CASE("a bridge whose picture stands still is not a good one, and the report says why",
          "[sim]") {
  ReportInput in = small_input();
  in.meeting.of_bridge = {{91, 0.004}, {90, 0.034}, {92, 0.005}};
  CHECK(holds(report_html(in), words::kMeetingFair.vi));
  in.meeting.of_bridge[1].still = 0.125;
  in.flows[0].source = Source::camera;
  in.flows[0].impaired = {1, 2, 0, 9, 0};
  const std::string html = report_html(in);
  CHECK(markup_complaint(html) == "");
  CHECK(holds(html, words::kMeetingPoor.vi));
  CHECK(holds(html, "hình của điểm cầu này đứng 12,5 % thời gian"));
  CHECK(holds(html, "gói đến quá muộn (9 trong 12 giây bị ảnh hưởng)"));
}

TEST_CASE("the weakest bridge is the one with the worse grade, whether heard or seen", "[sim]") {
  const BridgeQuality good{86, 0.01}, halting{95, 0.011}, still{95, 0.06}, deaf{74, 0}, silent{};
  CHECK(good.grade() == Grade::good);
  CHECK(halting.grade() == Grade::fair);
  CHECK(still.grade() == Grade::poor);
  CHECK(deaf.grade() == Grade::poor);
  CHECK(silent.grade() == Grade::unmeasured);
  CHECK(BridgeQuality{80, std::nullopt}.grade() == Grade::fair);
  CHECK(is_worse(halting, good));
  CHECK(is_worse(deaf, still));  // of two poor ones, who is not heard
  CHECK(is_worse(BridgeQuality{95, 0.3}, still));
  CHECK(is_worse(BridgeQuality{70, 0}, deaf));
}

TEST_CASE("sections without data are left out", "[sim]") {
  ReportInput in = small_input();
  CHECK_FALSE(holds(report_html(in), words::kSeconds.vi));
  CHECK_FALSE(holds(report_html(in), words::kTargets.vi + std::string(" <span")));
  in.per_second = {{1, 5, 1000, 80.0, 90.0, 0.01, false, {}},
                   {1, 6, 500, 120.0, {}, 0.2, true, {0, 2, 1, 0, 0}}};
  in.targets = {{MetricId::audio_r_worst, 75, {}}};
  const std::string html = report_html(in);
  CHECK(markup_complaint(html) == "");
  CHECK(holds(html, words::kSeconds.vi));
  CHECK(holds(html, "class=\"outage\""));
  CHECK(holds(html, words::kMissed.vi));
  ReportInput empty;
  CHECK(markup_complaint(report_html(empty)) == "");
}

TEST_CASE("seconds that were not as they should be stand with their cause", "[sim]") {
  ReportInput in = small_input();
  CHECK(holds(report_html(in), words::kNoImpairments.vi));
  in.links.clear();
  in.flows[0].impaired = {3, 0, 0, 1, 0};
  in.per_second = {{1, 5, 1000, 80.0, 90.0, 0.01, false, {1, 0, 1, 0, 0}},
                   {0, 6, 1000, 80.0, 90.0, 0.01, false, {0, 7, 0, 0, 0}}};
  const std::string html = report_html(in);
  CHECK(markup_complaint(html) == "");
  CHECK_FALSE(holds(html, words::kNoImpairments.vi));
  CHECK(holds(html, "class=\"bar bq\""));  // the table's, of all bridges
  CHECK(holds(html, "class=\"bar bl\""));
  CHECK_FALSE(holds(html, "class=\"bar bw\""));
  CHECK(holds(html, "Gián đoạn: 1"));  // the columns', of the weakest one
  CHECK_FALSE(holds(html, "Mất gói: 7"));
}

TEST_CASE("a province of a hundred bridges gets a report of some pages", "[sim]") {
  ReportInput in;
  const std::size_t n = 105;
  in.meeting.bridges = n;
  in.meeting.sounds.resize(n * n, Sound{90, 0, 80.0});
  in.meeting.stills.resize(n * n, 0.0);
  in.meeting.of_bridge.resize(n, {90.0, 0.0});
  for (std::size_t i = 0; i < n; ++i) in.bridges.push_back("commune-" + std::to_string(i));
  for (std::size_t i = 0; i < n * n; ++i) {
    in.flows.push_back({});
    in.flows.back().from = i % n;
    in.flows.back().to = i / n;
  }
  const std::string html = report_html(in);
  CHECK(markup_complaint(html) == "");
  CHECK(count(html, "<tr>") < 200);
  CHECK(html.size() < 4'000'000);
}

TEST_CASE("a run fills the report's input, and a pair of which nothing was heard is bad", "[sim]") {
  const Scenario scenario = parse_text(kSmallScenario);
  RunResult r = World{scenario, {}}.run();
  const ReportInput in = report_input(scenario, 7, r);
  CHECK(in.bridges.size() == 3);
  CHECK(in.flows.size() == 12);
  CHECK(in.links.size() == 6);
  CHECK(*in.meeting.value(MetricId::audio_r_worst) > 80);
  CHECK(*in.meeting.value(MetricId::audio_r_median) >= *in.meeting.value(MetricId::audio_r_worst));
  for (const FlowRow& f : in.flows) {
    REQUIRE(f.delay);
    CHECK((*f.delay)[49] > 12);
    CHECK((*f.delay)[94] == *f.delay_p95_ms);
    CHECK((*f.end_to_end)[99] >= *f.end_to_end_p95_ms);
  }
  CHECK(markup_complaint(report_html(in)) == "");

  r.bridges[0].flows.clear();  // central hears and sees nothing
  const MeetingFigures deaf = meeting_figures(r);
  CHECK(*deaf.value(MetricId::audio_r_worst) < 10);
  CHECK(*deaf.value(MetricId::audio_concealed_ratio) == 1);
  CHECK(*deaf.value(MetricId::video_freeze_share) == 1);
  CHECK(deaf.worst_bridge == 0);
  CHECK(deaf.of_bridge[0].still == 1);
  CHECK(deaf.of_bridge[1].grade() == Grade::good);  // not blamed for central
}

TEST_CASE("numbers are written as the language does", "[sim]") {
  CHECK(number(1234.56, 1) == "1234,6");
  CHECK(number(1234.56, 1, Language::en) == "1234.6");
  CHECK(number(1234567, 0) == "1.234.567");
  CHECK(number(-21662.5, 1, Language::en) == "−21,662.5");
  CHECK(number(-0.04, 1) == "0,0");
  CHECK(number(-2, 0) == "−2");
  CHECK(escaped("a<b>&\"'\x01") == "a&lt;b&gt;&amp;&quot;&#39; ");
  CHECK(filled({"{1} của {0}", "{1} of {0}"}, Language::vi, {"<x>", sim::Figure{2.5, 1}}) ==
        "2,5 của &lt;x&gt;");
}

TEST_CASE("ticks are round and cover the data", "[sim]") {
  CHECK(round_ticks(0, 100, 5) == std::vector<double>{0, 20, 40, 60, 80, 100});
  CHECK(axis_to(437, "", 5).high == 500);
  CHECK(axis_to(0, "").high == 1);
  const Axis log = log_axis(48, 1560, "");
  CHECK(log.low == 20);
  CHECK(log.high == 2000);
  CHECK(log_axis(50, 50, "").low < log_axis(50, 50, "").high);
}

}  // namespace diemcau::sim
