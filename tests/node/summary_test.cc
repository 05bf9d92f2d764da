// The summary as the demo and its checker read it.
#include "node/summary.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/node/scratch_dir.h"

using namespace diemcau;
using namespace diemcau::node;
using nlohmann::json;

namespace {

Summary of_a_meeting() {
  Summary s;
  s.id = "tinh";
  s.name = "Điểm cầu tỉnh";
  s.seconds = 30.5;
  s.began = "2024-12-31T01:00:00.000Z";
  s.bridge_ids = {"tinh", "xa-nghia-tru"};
  quality::FlowReport sound;
  sound.from = PeerId{1};
  sound.measured_for = 10s;
  sound.packets_received = 495;
  sound.packets_lost = 5;
  sound.bytes_received = 50'000;
  sound.frames = 500;
  sound.frames_shown = 490;
  sound.samples_played = 480'000;
  sound.samples_concealed = 4'800;
  for (int i = 0; i < 100; ++i) sound.end_to_end.add(80ms);
  quality::FlowReport picture;
  picture.from = PeerId{1};
  picture.media = MediaKind::video;
  picture.source = Source::camera;
  picture.layer = Layer::hi;
  picture.measured_for = 10s;
  picture.frames = 300;
  picture.frames_shown = 300;
  s.report.flows = {sound, picture};
  s.report.documents = {{PeerId{0}, false, 2, 90s}};
  s.recordings = {{"xa-nghia-tru", 1, "/d/xa-nghia-tru-p001.mkv", Source::camera, Layer::hi, 29.9,
                   897, -4.5, "2024-12-31T01:00:00.250Z"},
                  {"xa-nghia-tru",
                   2,
                   "/d/xa-nghia-tru-p002.mkv",
                   Source::camera,
                   Layer::only,
                   1,
                   0,
                   std::nullopt,
                   {}}};
  s.grid = "/d/grid.mkv";
  s.drops = {{"sink", 0}, {"grid", 2}};
  return s;
}

}  // namespace

TEST_CASE("a summary has a row per received flow with its ratios and delays", "[summary]") {
  const json j = json::parse(summary_json(of_a_meeting()));
  CHECK(j["schema"] == 1);
  CHECK(j["name"] == "Điểm cầu tỉnh");
  CHECK(j["rss_max_mib"] > 1);
  CHECK(j["began_at"] == "2024-12-31T01:00:00.000Z");
  CHECK(j["recordings"][0]["began_at"] == "2024-12-31T01:00:00.250Z");
  CHECK_FALSE(j["recordings"][1].contains("began_at"));
  REQUIRE(j["pairs"].size() == 2);
  const json& sound = j["pairs"][0];
  CHECK(sound["from"] == "xa-nghia-tru");
  CHECK(sound["to"] == "tinh");
  CHECK(sound["loss_ratio"] == 0.01);
  CHECK(sound["concealed_ratio"] == 0.01);
  // 40 kbit/s of what core saw, and 16 bytes of seal on each of 495 packets in 10 s.
  CHECK(sound["received_kbps"] == 46.336);
  CHECK(sound["end_to_end_ms"]["p95"].get<double>() == Approx(80).epsilon(0.01));
  CHECK(sound["mos"] > 3.5);
  CHECK(j["documents"] == json::parse(R"([{"bridge": "tinh", "times": 2, "seconds": 90.0}])"));
  CHECK(j["pairs"][1]["layer"] == "hi");
  CHECK(j["pairs"][1]["fps"] == 30.0);
}

TEST_CASE("what was not measured is absent", "[summary]") {
  const json j = json::parse(summary_json(of_a_meeting()));
  const json& picture = j["pairs"][1];
  CHECK_FALSE(picture.contains("end_to_end_ms"));
  CHECK_FALSE(picture.contains("loss_ratio"));
  CHECK_FALSE(picture.contains("mos"));
  CHECK_FALSE(picture.contains("sent_kbps"));
  CHECK_FALSE(j.contains("mix"));
  CHECK(j["grid"] == "/d/grid.mkv");
  CHECK(j["recordings"][0]["av_offset_ms"] == -4.5);
  CHECK_FALSE(j["recordings"][1].contains("av_offset_ms"));
  CHECK(j["drops"]["sink"] == 0);
}

TEST_CASE("a summary replaces an old one whole and leaves nothing beside it", "[summary]") {
  ScratchDir dir;
  const auto path = dir.path() / "summary.json";
  std::ofstream(path) << "old";
  write_summary(path, of_a_meeting());
  std::ifstream in(path);
  CHECK(json::parse(in)["id"] == "tinh");
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("a summary that cannot be written says so with its path", "[summary]") {
  CHECK_THROWS_WITH(write_summary("/nonexistent/summary.json", of_a_meeting()),
                    Catch::Contains("/nonexistent/summary.json"));
}
