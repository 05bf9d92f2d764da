// A line against itself is never decided; a bad line is worse; threads change nothing.
#include "sim/compare.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/sim/markup.h"
#include "tests/sim/scenario_text.h"
#include "tests/sim/scratch_folder.h"

namespace diemcau::sim {
namespace {

std::string bad_line() {
  return replaced(replaced(kSmallScenario, "\"small\"", "\"bad & <slow>\""), "mean = 0.001",
                  "mean = 0.45");  // beyond what repair bridges
}

nlohmann::json figure(const nlohmann::json& j, const std::string& id) {
  for (const auto& f : j["figures"]) {
    if (f["metric"] == id) return f;
  }
  return {};
}

}  // namespace

TEST_CASE("a scenario against itself: every difference is 0 and nothing is decided", "[sim]") {
  const ScratchFolder folder{"compare-same"};
  const std::string s = folder.write("s.toml", kSmallScenario);
  REQUIRE(command({"compare", s, s, "--seeds", "3", "--out", folder.in("out")}) == 0);
  const auto j = nlohmann::json::parse(folder.read("out/compare.json"));
  CHECK(j["schema"] == 1);
  CHECK(j["seeds"] == 3);
  REQUIRE(j["figures"].size() >= 9);
  for (const auto& f : j["figures"]) {
    INFO(f.dump());
    CHECK(f["difference"]["mean"] == 0.0);
    CHECK(f["difference"]["low"] == 0.0);
    CHECK(f["verdict"] == "not decided");
  }
  CHECK(j["a"]["runs"] == j["b"]["runs"]);
  CHECK(j["a"]["runs"][0]["digest"] != j["a"]["runs"][1]["digest"]);
}

TEST_CASE("a lossy line is worse, and the other way round better", "[sim]") {
  const ScratchFolder folder{"compare-worse"};
  const std::string good = folder.write("good.toml", kSmallScenario);
  const std::string bad = folder.write("bad.toml", bad_line());
  REQUIRE(command({"compare", good, bad, "--seeds", "5", "--out", folder.in("out"), "--jobs",
                   "2"}) == 0);
  const auto j = nlohmann::json::parse(folder.read("out/compare.json"));
  const auto concealed = figure(j, "audio_concealed_ratio");
  CHECK(concealed["verdict"] == "worse");
  CHECK(concealed["noticeable"] == true);
  CHECK(concealed["difference"]["low"] > 0.0);
  CHECK(concealed["difference"]["p_holm"] >= concealed["difference"]["p"]);
  CHECK(figure(j, "audio_r_worst")["verdict"] == "worse");
  CHECK(j["a"]["binding_line"].get<std::string>().find("district") == 0);
  const std::string csv = folder.read("out/compare.csv");
  CHECK(holds(csv, "audio_concealed_ratio,5,"));
  CHECK(holds(csv, ",worse,yes\n"));

  const std::string html = folder.read("out/report.html");
  CHECK(markup_complaint(html) == "");
  CHECK(holds(html, "bad &amp; &lt;slow&gt;"));
  for (const Words& w : {words::kDecision, words::kPrice, words::kImproves, words::kDoesNot,
                         words::kConfidence, words::kRunScatter, words::kPlanA, words::kPlanB}) {
    CHECK(holds(html, w.vi));
    CHECK(holds(html, w.en));
  }
  // A closed curve per plan: where its mean lies.
  CHECK(holds(html, "class=\"a1\"/>"));
  CHECK(holds(html, "class=\"v1\"/>"));
  CHECK_FALSE(holds(html, "http"));
  CHECK(html.find("class=\"decision\"") > html.find("<pre>"));  // the last page

  REQUIRE(command({"compare", bad, good, "--seeds", "5", "--out", folder.in("back")}) == 0);
  const auto back = nlohmann::json::parse(folder.read("back/compare.json"));
  CHECK(figure(back, "audio_concealed_ratio")["verdict"] == "better");
  // One thread or two: the same runs.
  CHECK(back["a"]["runs"] == j["b"]["runs"]);
}

TEST_CASE("comparing needs two readable scenarios and two seeds", "[sim]") {
  const ScratchFolder folder{"compare-input"};
  const std::string s = folder.write("s.toml", kSmallScenario);
  CHECK(command({"compare", s, "--out", folder.in("out")}) == 2);
  CHECK(command({"compare", s, folder.in("none.toml"), "--out", folder.in("out")}) == 2);
  CHECK(command({"compare", s, s, "--seeds", "1", "--out", folder.in("out")}) == 2);
  CHECK(command({"compare", s, s, "--profile", "none", "--out", folder.in("out")}) == 2);
  CHECK(command({"compare", "--help"}) == 0);
  CHECK_FALSE(std::filesystem::exists(folder.path / "out"));
}

}  // namespace diemcau::sim
