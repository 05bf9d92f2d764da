// The gate says yes, no, or what is wrong with the question.
#include "sim/gate.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/world.h"
#include "tests/sim/markup.h"
#include "tests/sim/scenario_text.h"
#include "tests/sim/scratch_folder.h"

namespace diemcau::sim {
namespace {

std::string complaint_of(const std::string& text) {
  try {
    static_cast<void>(parse_targets(text, "t.toml"));
  } catch (const ScenarioError& e) {
    return e.what();
  }
  return "accepted";
}

Replicate run(std::uint64_t seed, std::optional<double> r) {
  Replicate out;
  out.seed = seed;
  out.figures.values[static_cast<std::size_t>(MetricId::audio_r_worst)] = r;
  return out;
}

}  // namespace

TEST_CASE("a targets file is read exactly", "[sim]") {
  const Targets t = parse_targets(
      "[target]\nshare_of_runs = 0.9\naudio_r_worst = { least = 75 }\n"
      "link_utilisation = { most = 0.9 }\naudio_delay_p95_ms = { least = 1, most = 150.5 }\n",
      "t.toml");
  CHECK(t.share_of_runs == 0.9);
  REQUIRE(t.all.size() == 3);
  CHECK(t.all[0].metric == MetricId::audio_r_worst);
  CHECK(t.all[0].least == 75);
  CHECK(t.all[2].most == 150.5);
  CHECK(t.all[2].met_by(150.5));
  CHECK_FALSE(t.all[2].met_by(150.6));
  CHECK_FALSE(t.all[2].met_by(0.5));
  CHECK_FALSE(t.all[2].met_by(std::nullopt));
}

TEST_CASE("a mistake in a targets file is told with file, line, key and remedy", "[sim]") {
  const auto says = [](const std::string& text, const std::string& start,
                       const std::string& remedy) {
    const std::string c = complaint_of(text);
    INFO(c);
    CHECK(c.find(start) == 0);
    CHECK(holds(c, remedy));
  };
  says("[target]\n\naudio_r_wors = { least = 75 }\n",
       "t.toml:3: target.audio_r_wors: ", "did you mean \"audio_r_worst\"?");
  says("[target]\naudio_r_worst = { leest = 75 }\n",
       "t.toml:2: target.audio_r_worst.leest: ", "did you mean \"least\"?");
  says("[target]\naudio_r_worst = {}\n", "t.toml:2: target.audio_r_worst: ", "least");
  says("[target]\naudio_r_worst = 75\n", "t.toml:2: target.audio_r_worst: ", "table");
  says("[target]\naudio_r_worst = { least = \"75\" }\n",
       "t.toml:2: target.audio_r_worst.least: ", "a number from 0");
  says("[target]\nlink_utilisation = { most = 90 }\n",
       "t.toml:2: target.link_utilisation.most: ", "from 0 to 1");
  says("[target]\nfreezes_per_minute = { least = 2, most = 1 }\n",
       "t.toml:2: target.freezes_per_minute.least: ", "exchange");
  says("[target]\nshare_of_runs = 95\naudio_r_worst = { least = 1 }\n",
       "t.toml:2: target.share_of_runs: ", "from 0 to 1");
  says("[target]\n", "t.toml:1: target: ", "audio_r_worst");
  says("[targets]\n", "t.toml:1: targets: ", "did you mean \"target\"?");
  says("", "t.toml:1: target: is missing", "[target]");
}

TEST_CASE("the targets that come with the lab are readable", "[sim]") {
  CHECK(read_targets(DIEMCAU_SOURCE_DIR "/configs/targets.toml").all.size() >= 6);
}

TEST_CASE("every figure that a target may name is measured in a meeting", "[sim]") {
  World world{parse_text(kSmallScenario), {}};
  const MeetingFigures figures = meeting_figures(world.run());
  for (const Metric& metric : metrics()) {
    CAPTURE(metric.id);
    CHECK(figures.value(*metric_of(metric.id)).has_value());
  }
}

TEST_CASE("a target must be met in the wanted share of the runs", "[sim]") {
  Targets t;
  t.all = {{MetricId::audio_r_worst, 75, {}}};
  std::vector<Replicate> runs;
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    runs.push_back(run(seed, 80 + 0.1 * static_cast<double>(seed)));
  runs[6] = run(7, 62);
  const GateAnswer once = judge("s", t, runs);
  CHECK(once.pass());  // 19 of 20
  CHECK(once.targets[0].hardest_seed == 7);
  CHECK(sentence(once, once.targets[0]) ==
        "audio_r_worst: met in 19 of 20 runs (19 needed); hardest: seed 7, audio_r_worst = 62, at "
        "least 75");
  runs[9] = run(10, std::nullopt);
  const GateAnswer twice = judge("s", t, runs);
  CHECK_FALSE(twice.pass());
  CHECK(twice.targets[0].hardest_seed == 10);  // not measured at all is hardest
}

TEST_CASE("the gate's exit codes, JUnit file and the verdict of a run", "[sim]") {
  const ScratchFolder folder{"gate"};
  const std::string s = folder.write("s.toml", replaced(kSmallScenario, "\"small\"", "\"a<&b\""));
  const std::string easy = folder.write("easy.toml", "[target]\naudio_r_worst = { least = 20 }\n");
  const std::string hard = folder.write(
      "hard.toml", "[target]\naudio_r_worst = { least = 20 }\naudio_delay_p95_ms = { most = 1 }\n");
  CHECK(command({"gate", s, "--targets", easy, "--seeds", "2"}) == 0);
  CHECK(command({"gate", s, "--targets", hard, "--seeds", "2", "--jobs", "2", "--junit",
                 folder.in("junit.xml")}) == 1);
  const std::string xml = folder.read("junit.xml");
  CHECK(markup_complaint(xml) == "");
  CHECK(holds(xml, "<testsuite name=\"a&lt;&amp;b\" tests=\"2\" failures=\"1\""));
  CHECK(holds(xml, "audio_delay_p95_ms: met in 0 of 2 runs (2 needed)"));
  const std::string wrong = folder.write("wrong.toml", "[target]\naudio = { least = 20 }\n");
  CHECK(command({"gate", s, "--targets", wrong}) == 2);
  CHECK(command({"gate", s, "--targets", folder.in("none.toml")}) == 2);
  CHECK(command({"gate", s}) == 2);
  CHECK(command({"gate", "--help"}) == 0);

  CHECK(command({"run", s, "--targets", easy, "--out", folder.in("easy")}) == 0);
  CHECK(command({"run", s, "--targets", hard, "--out", folder.in("hard")}) == 1);
  CHECK(command({"run", s, "--targets", wrong, "--out", folder.in("wrong")}) == 2);
  const auto yes = nlohmann::json::parse(folder.read("easy/run.json"));
  CHECK(yes["verdict"]["pass"] == true);
  CHECK(yes["verdict"]["failed"].empty());
  const auto no = nlohmann::json::parse(folder.read("hard/run.json"));
  CHECK(no["verdict"]["pass"] == false);
  REQUIRE(no["verdict"]["failed"].size() == 1);
  CHECK(no["verdict"]["failed"][0].get<std::string>().find("audio_delay_p95_ms = ") == 0);
  CHECK(markup_complaint(folder.read("hard/report.html")) == "");
  CHECK_FALSE(std::filesystem::exists(folder.path / "wrong"));
}

}  // namespace diemcau::sim
