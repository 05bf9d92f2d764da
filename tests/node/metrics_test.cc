// /metrics as Prometheus' own checker and an HTTP client see it.
#include "node/metrics.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/node/scratch_dir.h"

using namespace diemcau;
using namespace diemcau::node;

namespace {

const Metrics::Build kBuild{"0.1.0", "abc"};

MetricsSnapshot full_snapshot() {
  MetricsSnapshot s;
  s.bridge_ids = {"tinh", "xa-nghia-tru"};
  s.self = PeerId{0};
  quality::FlowReport sound;
  sound.from = PeerId{1};
  sound.packets_received = 990;
  sound.packets_lost = 10;
  sound.samples_played = 48'000;
  sound.samples_concealed = 480;
  sound.end_to_end.add(75ms);
  sound.end_to_end.add(95ms);
  sound.jitter = 3ms;
  sound.impaired = {1, 2, 0, 0, 0};
  quality::FlowReport picture = sound;
  picture.media = MediaKind::video;
  picture.source = Source::camera;
  picture.layer = Layer::hi;
  picture.frames_shown = 30;
  picture.freezes = 2;
  picture.freeze_time = 1500ms;
  quality::FlowReport other = picture;
  other.layer = Layer::mid;
  quality::FlowReport page = picture;
  page.source = Source::document;
  page.frames_shown = 7;
  page.freezes = 1;
  s.report.flows = {sound, picture, other, page};
  quality::PathReport path;
  path.peer = PeerId{1};
  path.up = true;
  path.rtt = 15ms;
  path.packets_sent = 77;
  path.clock_offset = -2ms;
  path.clock_uncertainty = 1ms;
  path.target = Bitrate::kbps(1500);
  path.pictures_left_out = 450;
  s.report.paths = {path};
  s.report.temporal[static_cast<std::size_t>(Layer::hi)] = true;
  s.report.speaker = PeerId{1};
  s.report.speaker_changes = 5;
  s.report.documents = {{PeerId{1}, true, 2, 90s}};
  s.report.limit = quality::PictureLimit::speaker;
  s.report.dropped[static_cast<std::size_t>(quality::DropReason::auth)] = 3;
  s.dropped[static_cast<std::size_t>(quality::DropReason::auth)] = 4;
  s.video_encode[static_cast<std::size_t>(Layer::hi)].add(6ms);
  s.underrun_samples = 24'000;
  RecorderFigures recorder;
  recorder.active = {false, true};
  recorder.recorded_us = {0, 2'500'000};
  recorder.bytes = {0, 123'456};
  recorder.sync.add(2ms);
  recorder.disk_free_bytes = 5'000'000'000;
  s.recorder = recorder;
  return s;
}

bool has(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a scrape shows the published figures in base units", "[metrics]") {
  Metrics metrics("127.0.0.1:0", kBuild);
  metrics.publish(full_snapshot());
  const std::string text = "\n" + metrics.text();
  CHECK(has(text, "diemcau_build_info{version=\"0.1.0\",commit=\"abc\",protocol=\"1\"} 1"));
  CHECK(has(text, "diemcau_peer_up{peer=\"xa-nghia-tru\"} 1"));
  CHECK(has(text, "diemcau_packets_sent_total{peer=\"xa-nghia-tru\"} 77"));
  CHECK(has(text, "diemcau_packets_lost_total{peer=\"xa-nghia-tru\",media=\"audio\"} 10"));
  CHECK(has(text, "diemcau_packets_dropped_total{reason=\"auth\"} 7"));
  CHECK(has(text, "diemcau_audio_concealed_samples_total{peer=\"xa-nghia-tru\"} 480"));
  CHECK(has(text, "diemcau_target_bitrate_bps{peer=\"xa-nghia-tru\"} 1500000"));
  CHECK(has(text, "diemcau_rec_seconds_total{source=\"xa-nghia-tru\"} 2.5"));
  CHECK(has(text,
            "diemcau_impaired_seconds_total{peer=\"xa-nghia-tru\",media=\"audio\","
            "cause=\"queue\"} 1"));
  CHECK(has(text,
            "diemcau_impaired_seconds_total{peer=\"xa-nghia-tru\",media=\"video\","
            "cause=\"wire\"} 4"));
  CHECK(has(text, "diemcau_active_speaker{peer=\"tinh\"} 0"));
  CHECK(has(text, "diemcau_active_speaker{peer=\"xa-nghia-tru\"} 1"));
  CHECK(has(text, "diemcau_speaker_changes_total 5"));
  CHECK(has(text, "diemcau_picture_limit 2"));
  CHECK(has(text, "diemcau_playout_underrun_seconds_total 0.5"));
  CHECK(has(text, "diemcau_temporal_layers{layer=\"hi\"} 1"));
  CHECK(has(text, "diemcau_temporal_layers{layer=\"mid\"} 0"));
  CHECK(has(text, "diemcau_video_pictures_left_out_total{peer=\"xa-nghia-tru\"} 450"));
  CHECK(has(text, "diemcau_disk_free_bytes{volume=\"record\"} 5000000000"));
  CHECK(has(text, "diemcau_peer_rtt_seconds_bucket{peer=\"xa-nghia-tru\",le=\"0.01\"} 0"));
  CHECK(has(text, "diemcau_peer_rtt_seconds_bucket{peer=\"xa-nghia-tru\",le=\"0.02\"} 1"));
  CHECK(has(text, "diemcau_mouth_to_ear_seconds_bucket{peer=\"xa-nghia-tru\",le=\"0.08\"} 1"));
  CHECK(has(text, "diemcau_mouth_to_ear_seconds_count{peer=\"xa-nghia-tru\"} 2"));
  CHECK(has(text, "diemcau_mouth_to_ear_seconds_sum{peer=\"xa-nghia-tru\"} 0.17"));
  CHECK(text.find("rec_active{source=\"tinh\"}") == std::string::npos);
}

TEST_CASE("each layer's encodes have a series of their own", "[metrics]") {
  Metrics metrics("127.0.0.1:0", kBuild);
  metrics.publish(full_snapshot());
  const std::string text = "\n" + metrics.text();
  CHECK(has(text, "diemcau_encode_seconds_count{media=\"video\",layer=\"hi\"} 1"));
  CHECK(has(text, "diemcau_encode_seconds_count{media=\"video\",layer=\"lo\"} 0"));
}

TEST_CASE("the layers of a peer's picture add up", "[metrics]") {
  Metrics metrics("127.0.0.1:0", kBuild);
  metrics.publish(full_snapshot());
  const std::string text = "\n" + metrics.text();
  CHECK(has(text, "diemcau_video_freezes_total{peer=\"xa-nghia-tru\"} 4"));
  CHECK(has(text, "diemcau_video_freeze_seconds_total{peer=\"xa-nghia-tru\"} 3"));
  CHECK(has(text, "diemcau_video_frames_decoded_total{peer=\"xa-nghia-tru\"} 60"));
}

TEST_CASE("a document's figures stand beside the camera's, under its name", "[metrics]") {
  Metrics metrics("127.0.0.1:0", kBuild);
  metrics.publish(full_snapshot());
  const std::string text = "\n" + metrics.text();
  CHECK(
      has(text, "diemcau_video_frames_decoded_total{peer=\"xa-nghia-tru\",source=\"document\"} 7"));
  CHECK(has(text, "diemcau_video_freezes_total{peer=\"xa-nghia-tru\",source=\"document\"} 1"));
  CHECK(has(text,
            "diemcau_packets_lost_total{peer=\"xa-nghia-tru\",media=\"video\","
            "source=\"document\"} 10"));
}

TEST_CASE("who shows a document, how often and how long has one series each", "[metrics]") {
  Metrics metrics("127.0.0.1:0", kBuild);
  metrics.publish(full_snapshot());
  const std::string text = "\n" + metrics.text();
  CHECK(has(text, "diemcau_document_shown{peer=\"xa-nghia-tru\"} 1"));
  CHECK(has(text, "diemcau_documents_shown_total{peer=\"xa-nghia-tru\"} 2"));
  CHECK(has(text, "diemcau_document_seconds_total{peer=\"xa-nghia-tru\"} 90"));
  CHECK(text.find("document_shown{peer=\"tinh\"}") == std::string::npos);
}

TEST_CASE("an address that is in use is refused with the address", "[metrics]") {
  Metrics first("127.0.0.1:0", kBuild);
  const std::string taken = "127.0.0.1:" + std::to_string(first.port());
  CHECK_THROWS_WITH(Metrics(taken, kBuild), Catch::Contains(taken));
  CHECK_THROWS_AS(Metrics("not an address", kBuild), std::runtime_error);
}

TEST_CASE("the whole endpoint passes promtool check metrics", "[metrics]") {
  const char* given = std::getenv("PROMTOOL");
  const std::string tool =
      given != nullptr ? given : DIEMCAU_SOURCE_DIR "/build/tools/usr/bin/promtool";
  if (!std::filesystem::exists(tool)) {
    WARN("SKIP: no promtool at " << tool << " (./dev test unpacks it)");
    return;
  }
  ScratchDir dir;
  Metrics metrics("127.0.0.1:0", kBuild);
  metrics.publish(full_snapshot());
  const std::string file = (dir.path() / "metrics.txt").string();
  // The second scrape holds the endpoint's own figures of the first.
  const std::string scrape =
      "/usr/bin/python3 -c 'from urllib.request import urlopen; "
      "print(urlopen(\"http://127.0.0.1:" +
      std::to_string(metrics.port()) + "/metrics\").read().decode(), end=\"\")'";
  output_of(scrape);
  output_of(scrape + " > " + file);
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  REQUIRE(text.find("diemcau_peer_up") != std::string::npos);
  CHECK(output_of("'" + tool + "' check metrics < " + file + " 2>&1; echo $?") == "0\n");
}
