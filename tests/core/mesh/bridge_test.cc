#include "core/mesh/bridge.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/base/rng.h"
#include "core/wire/rtp.h"
#include "tests/support/test_media.h"

using namespace diemcau;
using namespace diemcau::mesh;
using test::TestMedia;
using test::TestMesh;

namespace {
const quality::FlowReport* flow(const quality::BridgeReport& report, std::size_t from,
                                MediaKind media, Layer layer) {
  for (const auto& f : report.flows) {
    if (f.from.value == from && f.media == media && f.layer == layer) return &f;
  }
  return nullptr;
}

bool is_repair(const TestMesh::Datagram& d) {
  return d.kind == PacketKind::rtp && (d.bytes[1] & 0x7FU) == wire::kRepairPayloadType;
}
bool is_picture(const TestMesh::Datagram& d, std::size_t from) {
  return d.kind == PacketKind::rtp && d.from == from && d.bytes.size() >= 500 && !is_repair(d);
}
}  // namespace

TEST_CASE("Every bridge hears every other bridge in order and without a hole on a clean line",
          "[core][mesh]") {
  TestMesh mesh(3);
  TestMedia media(mesh, 3);
  mesh.run_for(5s);
  for (std::size_t at = 0; at < 3; ++at) {
    for (std::size_t from = 0; from < 3; ++from) {
      if (from == at) continue;
      const auto& heard = media.seen(at, from).heard;
      REQUIRE(heard.size() > 200);  // 5 s are 250 frames, less the start-up
      for (std::size_t i = 1; i < heard.size(); ++i) {
        CHECK(heard[i] == static_cast<std::uint8_t>(heard[i - 1] + 1));
      }
      CHECK(media.seen(at, from).actions[AudioAction::expand] == 0);
    }
  }
}

TEST_CASE("The central bridge gets hi and the others mid, each encoded once", "[core][mesh]") {
  TestMesh mesh(3);
  TestMedia media(mesh, 3);
  mesh.run_for(3s);
  const auto central = mesh.bridge(0).report(mesh.now());
  CHECK(flow(central, 1, MediaKind::video, Layer::hi) != nullptr);
  CHECK(flow(central, 1, MediaKind::video, Layer::mid) == nullptr);
  const auto member = mesh.bridge(1).report(mesh.now());
  CHECK(flow(member, 0, MediaKind::video, Layer::mid) != nullptr);
  CHECK(flow(member, 0, MediaKind::video, Layer::hi) == nullptr);
  REQUIRE(media.encoder(0, Layer::mid) != nullptr);
  CHECK(media.encoder(0, Layer::hi) == nullptr);  // nobody wants it of the central bridge
  CHECK(media.encoder(1, Layer::hi)->active);
}

TEST_CASE("Every picture arrives whole, in order, with the bytes that were sent", "[core][mesh]") {
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  mesh.run_for(3s);
  const auto& seen = media.seen(0, 1);
  REQUIRE(seen.decoded.size() > 75);  // 3 s are 90 pictures, less the start-up
  REQUIRE(seen.decoded.front().key);
  for (std::size_t i = 0; i < seen.decoded.size(); ++i) {
    const auto number = seen.decoded[i].frame_number;
    if (i > 0) CHECK(number == seen.decoded[i - 1].frame_number + 1);
    const auto& nal = media.filmed(1, Layer::hi, number);
    std::vector<std::uint8_t> expected;
    for (int k = 0; k < 5; ++k) {
      expected.insert(expected.end(), {0, 0, 0, 1});
      expected.insert(expected.end(), nal.begin(), nal.end());
    }
    CHECK(seen.decoded_bytes[i] == expected);
  }
}

TEST_CASE("A lost packet is sent again, and nobody sees that it was lost", "[core][mesh]") {
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  mesh.run_for(2s);
  const auto idrs = media.idrs;
  const auto invalidations = media.invalidations;
  bool armed = true;
  mesh.drop = [&](const TestMesh::Datagram& d) {
    if (!armed || !is_picture(d, 1)) return false;
    armed = false;
    return true;
  };
  const auto before = media.seen(0, 1).decoded.size();
  mesh.run_for(2s);
  REQUIRE_FALSE(armed);
  CHECK(media.idrs == idrs);
  CHECK(media.invalidations == invalidations);
  CHECK(media.seen(0, 1).decoded.size() - before >= 59);
  const auto report = mesh.bridge(0).report(mesh.now());
  CHECK(flow(report, 1, MediaKind::video, Layer::hi)->packets_lost == 1);
  CHECK(flow(report, 1, MediaKind::video, Layer::hi)->packets_repaired == 1);
  CHECK(report.paths.front().repair.packets_recovered == 1);
}

TEST_CASE("A key frame that the record lacks is asked of who sends that stream", "[core][mesh]") {
  TestMesh mesh(3);
  TestMedia media(mesh, 3);
  mesh.run_for(2s);
  const auto idrs = media.idrs;
  const auto& decoded = media.seen(0, 1).decoded;
  const auto before = static_cast<std::ptrdiff_t>(decoded.size());
  mesh.input(0, Command{RequestKey{{PeerId{1}, Source::camera, Layer::hi}}});
  mesh.run_for(100ms);
  CHECK(media.idrs == idrs + 1);
  CHECK(std::any_of(decoded.begin() + before, decoded.end(), [](const auto& d) { return d.key; }));
  // Of what nobody sends there is none.
  mesh.input(0, Command{RequestKey{{PeerId{1}, Source::document, Layer::hi}}});
  mesh.input(0, Command{RequestKey{{PeerId{0}, Source::camera, Layer::hi}}});
  mesh.input(0, Command{RequestKey{{PeerId{77}, Source::camera, Layer::hi}}});
  mesh.run_for(100ms);
  CHECK(media.idrs == idrs + 1);
}

TEST_CASE("A packet that repair does not bring in time costs a few pictures and no key frame",
          "[core][mesh]") {
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  mesh.run_for(2s);
  const auto idrs = media.idrs;
  bool armed = true;
  mesh.drop = [&](const TestMesh::Datagram& d) {
    if (is_repair(d)) return true;
    if (!armed || !is_picture(d, 1)) return false;
    armed = false;
    return true;
  };
  const auto before = media.seen(0, 1).decoded.size();
  mesh.run_for(2s);
  CHECK_FALSE(armed);
  CHECK(media.idrs == idrs);
  CHECK(media.invalidations >= 1);
  // The budget of repair is 150 ms, then report 5 ms, next picture ≤ 33 ms, back 5 ms: at most 6
  // of 60 pictures are lost.
  CHECK(media.seen(0, 1).decoded.size() - before >= 53);
  const auto report = mesh.bridge(0).report(mesh.now());
  CHECK(flow(report, 1, MediaKind::video, Layer::hi)->packets_lost == 1);
}

TEST_CASE("A lost sound packet that repair does not bring is concealed once and counted",
          "[core][mesh]") {
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  mesh.run_for(2s);
  bool armed = true;
  mesh.drop = [&](const TestMesh::Datagram& d) {
    if (is_repair(d)) return true;
    if (!armed || d.kind != PacketKind::rtp || d.from != 1 || d.bytes.size() > 200) return false;
    armed = false;
    return true;
  };
  mesh.run_for(2s);
  const auto report = mesh.bridge(0).report(mesh.now());
  const auto* sound = flow(report, 1, MediaKind::audio, Layer::only);
  REQUIRE(sound != nullptr);
  CHECK(sound->packets_lost == 1);
  CHECK(sound->samples_concealed == 960);
}

TEST_CASE("On a path that loses sound its frames are heard and recorded from later packets",
          "[core][mesh]") {
  const auto seed = GENERATE(1U, 2U, 3U);
  CAPTURE(seed);
  Rng rng(seed);
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  mesh.run_for(2s);
  mesh.drop = [&](const TestMesh::Datagram& d) {
    if (is_repair(d)) return true;
    return d.kind == PacketKind::rtp && d.from == 1 && rng.below(100) < 5;
  };
  mesh.run_for(5s);
  const auto before = mesh.bridge(0).report(mesh.now());
  mesh.run_for(30s);
  const auto after = mesh.bridge(0).report(mesh.now());
  const auto* a = flow(before, 1, MediaKind::audio, Layer::only);
  const auto* b = flow(after, 1, MediaKind::audio, Layer::only);
  REQUIRE((a != nullptr && b != nullptr));
  const auto lost = static_cast<double>(b->packets_lost - a->packets_lost);
  CHECK(lost > 40);  // 75 expected
  // Two in a row are one loss in 20; with one earlier frame those stay lost, and until the target
  // has learned of the first ones a few come too late.
  CHECK(static_cast<double>(b->frames_recovered - a->frames_recovered) >= 0.8 * lost);
  std::size_t sounds = 0;
  for (const auto& r : media.seen(0, 1).recorded) sounds += r.stream.source != Source::camera;
  CHECK(static_cast<double>(sounds) >= 37 * 50 - 0.2 * lost - 30);
}

TEST_CASE("Only the recording bridge is given bytes to record, each frame once and in order",
          "[core][mesh]") {
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  mesh.run_for(3s);
  CHECK(media.seen(1, 0).recorded.empty());
  std::map<Layer, NtpTime> last;
  std::size_t pictures = 0, sounds = 0;
  for (const auto& r : media.seen(0, 1).recorded) {
    const bool picture = r.stream.source == Source::camera;
    (picture ? pictures : sounds) += 1;
    if (last.contains(r.stream.layer)) CHECK(r.captured - last[r.stream.layer] > Duration::zero());
    last[r.stream.layer] = r.captured;
  }
  CHECK(pictures > 75);
  CHECK(sounds > 125);
}

TEST_CASE("End-to-end delays are those of the line, the device and the buffers", "[core][mesh]") {
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  mesh.run_for(10s);
  const auto report = mesh.bridge(0).report(mesh.now());
  const auto* picture = flow(report, 1, MediaKind::video, Layer::hi);
  const auto* sound = flow(report, 1, MediaKind::audio, Layer::only);
  // Encode 5, line 5, decode 2 ms, and up to a bucket of the target.
  CHECK(*picture->end_to_end.quantile(5000) >= 12ms);
  // Frame 20, line 5, at least a bucket of target and up to a device tick; the start target of 40
  // ms bounds it.
  CHECK(*sound->end_to_end.quantile(5000) >= 30ms);
  CHECK(*sound->end_to_end.quantile(9500) <= 86ms);
  // Lip sync acts outside ±30 ms.
  CHECK(*sound->end_to_end.quantile(5000) - *picture->end_to_end.quantile(5000) < 35ms);
}

TEST_CASE("Media comes back within a key frame's wait after an outage of three seconds",
          "[core][mesh]") {
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  mesh.run_for(3s);
  bool cut = true;
  mesh.drop = [&](const TestMesh::Datagram&) { return cut; };
  mesh.run_for(3s);
  cut = false;
  const auto before = media.seen(0, 1).shown.size();
  mesh.run_for(300ms);
  CHECK(media.seen(0, 1).shown.size() > before);
}

TEST_CASE("A bridge that leaves says so, and its peers stop sending to it", "[core][mesh]") {
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  mesh.run_for(2s);
  mesh.input(1, Command{Leave{}});
  mesh.run_for(20ms);
  CHECK(mesh.count_events(0, EventKind::peer_left) == 1);
  CHECK_FALSE(media.encoder(0, Layer::mid)->active);
}

TEST_CASE("Whoever has left or stays away has no part of the uplink any more", "[core][mesh]") {
  const bool says_so = GENERATE(true, false);
  CAPTURE(says_so);
  TestMesh mesh(3);
  mesh.run_for(1s);
  const auto target = [&](std::size_t peer) {
    for (const auto& path : mesh.bridge(0).report(mesh.now()).paths) {
      if (path.peer.value == peer) return path.target;
    }
    return std::optional<Bitrate>{};
  };
  REQUIRE(target(2));
  if (says_so) {
    mesh.input(2, Command{Leave{}});
    mesh.run_for(20ms);  // the process ends once its goodbye has left
  }
  mesh.drop = [](const TestMesh::Datagram& d) { return d.from == 2 || d.to == 2; };
  // Longer than keys are kept for whoever says nothing.
  if (!says_so) mesh.run_for(11min);
  CHECK_FALSE(target(2));
  CHECK(target(1));
}

TEST_CASE("A spurious TimePassed changes nothing", "[core][mesh]") {
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  mesh.run_for(1s);
  while (mesh.bridge(0).poll()) {
  }
  const auto deadline = mesh.bridge(0).next_deadline();
  REQUIRE(*deadline > mesh.now());
  mesh.bridge(0).handle(mesh.now(), TimePassed{});
  CHECK_FALSE(mesh.bridge(0).poll());
  CHECK(mesh.bridge(0).next_deadline() == deadline);
}

TEST_CASE("No datagram is longer than 1,232 bytes with its seal", "[core][mesh]") {
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  media.picture_bytes = 60'000;
  std::size_t longest = 0;
  mesh.drop = [&](const TestMesh::Datagram& d) {
    longest = std::max(longest, d.bytes.size() + 37);  // DTLS adds 37 at most, SRTP 16, SRTCP 20
    return false;
  };
  mesh.run_for(3s);
  CHECK(longest <= 1232 + 37 - 16);
}
