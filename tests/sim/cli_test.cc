// The command line: results are whole or absent, mistakes have exit code 2.
#include "sim/cli.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/sim/scenario_text.h"

namespace diemcau::sim {
namespace {

namespace fs = std::filesystem;

// A folder of its own, removed at the end.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("diemcau-cli-" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{path / name} << text;
    return (path / name).string();
  }
  std::string in(const std::string& name) const { return (path / name).string(); }
};

int sim(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"diemcau-sim"};
  for (const std::string& a : arguments) argv.push_back(a.c_str());
  return run_cli(static_cast<int>(argv.size()), argv.data());
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

TEST_CASE("a run writes run.json, flows.csv and the events, and nothing half", "[sim]") {
  const Folder folder;
  const std::string scenario = folder.write("s.toml", kSmallScenario);
  REQUIRE(sim({"run", scenario, "--seed", "5", "--out", folder.in("out"), "--events",
               folder.in("events")}) == 0);
  const auto json = nlohmann::json::parse(text_of(folder.path / "out/run.json"));
  CHECK(json["schema"] == 1);
  CHECK(json["scenario"] == "small");
  CHECK(json["seed"] == 5);
  CHECK(json["digest"].get<std::string>().size() == 16);
  CHECK(json["virtual_s"] == 4.0);
  CHECK(json["links"].size() == 6);
  CHECK(json["links"][0]["name"] == "central/up");
  CHECK(json["packets"] > 0);
  CHECK(json["flows"].size() == 12);  // six ordered pairs, sound and picture
  for (const auto& flow : json["flows"]) {
    INFO(flow.dump());
    CHECK(flow["delay_ms"]["p50"] > 12.0);
    CHECK(flow["end_to_end_ms"]["p50"] > flow["delay_ms"]["p50"]);
    CHECK(flow["received_kbps"] <= flow["sent_kbps"].get<double>() * 1.05);
  }
  CHECK_FALSE(json["meeting"]["worst_bridge"].get<std::string>().empty());
  CHECK_FALSE(json.contains("verdict"));
  CHECK(text_of(folder.path / "out/flows.csv").find("from,to,media,layer,metric,value,source\n") ==
        0);
  CHECK(fs::file_size(folder.path / "events") > 1000);
  CHECK(text_of(folder.path / "out/report.html").find("<!DOCTYPE html>") == 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder.path))
    CHECK(entry.path().extension() != ".partial");
}

TEST_CASE("a wrong scenario, a missing file and wrong usage give exit code 2 and no results",
          "[sim]") {
  const Folder folder;
  const std::string wrong = folder.write("s.toml", replaced(kSmallScenario, "warmup", "warmpu"));
  CHECK(sim({"run", wrong, "--out", folder.in("out")}) == 2);
  CHECK(sim({"run", folder.in("missing.toml"), "--out", folder.in("out")}) == 2);
  CHECK(sim({"run", wrong}) == 2);
  CHECK(sim({"run", wrong, "--seed", "-1", "--out", folder.in("out")}) == 2);
  CHECK(sim({"run", wrong, "--seed", "one", "--out", folder.in("out")}) == 2);
  CHECK(sim({}) == 2);
  CHECK(sim({"compare"}) == 2);
  CHECK_FALSE(fs::exists(folder.path / "out"));
}

TEST_CASE("a folder that cannot be made or written gives exit code 1", "[sim]") {
  const Folder folder;
  const std::string scenario = folder.write("s.toml", kSmallScenario);
  const std::string file = folder.write("file", "");
  CHECK(sim({"run", scenario, "--out", file + "/out"}) == 1);
  CHECK(sim({"run", scenario, "--out", folder.in("out"), "--events", folder.in("none/events")}) ==
        1);
  CHECK_FALSE(fs::exists(folder.path / "out/run.json"));
}

TEST_CASE("help is no error", "[sim]") { CHECK(sim({"run", "--help"}) == 0); }

}  // namespace diemcau::sim
