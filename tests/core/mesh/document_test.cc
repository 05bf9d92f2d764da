// A document is a second video stream: what the others ask for, get, see and record of it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <set>

#include "core/mesh/bridge.h"
#include "core/wire/rtp.h"
#include "tests/support/test_media.h"

using namespace diemcau;
using namespace diemcau::mesh;
using test::TestMedia;
using test::TestMesh;

namespace {
constexpr LocalStatus kWithout{true, true, false};
constexpr LocalStatus kWith{true, true, true};

const quality::FlowReport* page(const quality::BridgeReport& report, std::size_t from,
                                Layer layer) {
  for (const auto& f : report.flows) {
    if (f.from.value == from && f.source == Source::document && f.layer == layer) return &f;
  }
  return nullptr;
}

// The layers of one source of bridge `from` that bridge `at` is shown in the next two seconds.
std::set<Layer> shows(TestMesh& mesh, TestMedia& media, std::size_t at, std::size_t from,
                      Source source) {
  const std::size_t before = media.seen(at, from).shown.size();
  mesh.run_for(2s);
  std::set<Layer> layers;
  const auto& shown = media.seen(at, from).shown;
  for (std::size_t i = before; i < shown.size(); ++i) {
    if (shown[i].stream.source == source) layers.insert(shown[i].stream.layer);
  }
  return layers;
}

std::vector<std::uint32_t> decoded(TestMedia& media, std::size_t at, std::size_t from,
                                   Source source) {
  std::vector<std::uint32_t> numbers;
  for (const DecodeFrame& d : media.seen(at, from).decoded) {
    if (d.stream.source == source) numbers.push_back(d.frame_number);
  }
  return numbers;
}

std::uint8_t turns_of_1(std::size_t bridge, Timestamp now) {
  const bool syllable = (to_ms(now.time_since_epoch()) / 20) % 10 < 7;
  return bridge == 1 && syllable ? 26 : 60;
}

// A page of bridge 1 that three others have, and that has stood for a while.
struct StandingPage {
  TestMesh mesh{4};
  TestMedia media{mesh, 4};
  explicit StandingPage(Duration stands) {
    mesh.run_for(2s);
    mesh.input(1, kWith);
    mesh.run_for(1s);
    media.page_bytes = 100;
    mesh.run_for(stands);
  }
  // Whether bridge 3 is as far as bridge 2, who was there all the time.
  bool late_one_is_live() {
    const auto numbers = decoded(media, 3, 1, Source::document);
    const auto live = decoded(media, 2, 1, Source::document);
    return !numbers.empty() && numbers.back() + 2 >= live.back();
  }
};
}  // namespace

TEST_CASE("A document is seen in hi by everybody and recorded at the central bridge, byte for byte",
          "[core][mesh]") {
  TestMesh mesh(3);
  TestMedia media(mesh, 3);
  mesh.run_for(2s);
  mesh.input(1, kWith);
  mesh.run_for(500ms);
  for (const std::size_t at : {0U, 2U}) {
    CHECK(shows(mesh, media, at, 1, Source::document) == std::set{Layer::hi});
    CHECK(mesh.count_events(at, EventKind::stream_started) == 1);
    const auto& seen = media.seen(at, 1);
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < seen.decoded.size(); ++i) {
      const DecodeFrame& d = seen.decoded[i];
      if (d.stream.source != Source::document) continue;
      CHECK(d.frame_number == next++);
      const auto& nal = media.filmed(1, Layer::hi, d.frame_number, Source::document);
      REQUIRE(seen.decoded_bytes[i].size() == 5 * (nal.size() + 4));
      CHECK(std::equal(nal.begin(), nal.end(), seen.decoded_bytes[i].begin() + 4));
    }
    CHECK(next >= 20);  // two seconds at ten pictures a second
  }
  std::uint32_t recorded = 0;
  for (const RecordBytes& r : media.seen(0, 1).recorded) {
    if (r.stream == StreamId{PeerId{1}, Source::document, Layer::hi})
      CHECK(r.frame_number == recorded++);
  }
  CHECK(recorded >= 20);
  CHECK(media.encoder(1, Layer::hi, Source::document)->fps == 10);
  CHECK(media.encoder(1, Layer::mid, Source::document) == nullptr);  // nobody needs it
}

TEST_CASE("A meeting without a document asks for none and sends none", "[core][mesh]") {
  TestMesh mesh(3);
  TestMedia media(mesh, 3);
  mesh.run_for(5s);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(media.encoder(i, Layer::hi, Source::document) == nullptr);
    CHECK(media.encoder(i, Layer::mid, Source::document) == nullptr);
    CHECK(mesh.count_events(i, EventKind::stream_started) == 0);
    for (const auto& f : mesh.bridge(i).report(mesh.now()).flows)
      CHECK(f.source != Source::document);
  }
}

TEST_CASE("While a document is shown whoever speaks is small beside it, and large again afterwards",
          "[core][mesh]") {
  TestMesh mesh(4, 1, {Layer::lo, Layer::hi, std::nullopt});
  TestMedia media(mesh, 4);
  media.level = turns_of_1;
  mesh.run_for(6s);
  CHECK(shows(mesh, media, 3, 1, Source::camera) == std::set{Layer::hi});
  mesh.input(2, kWith);
  mesh.run_for(2s);
  CHECK(shows(mesh, media, 3, 1, Source::camera) == std::set{Layer::mid});
  CHECK(shows(mesh, media, 2, 1, Source::camera) == std::set{Layer::mid});  // who shows it, too
  CHECK(shows(mesh, media, 0, 1, Source::camera) == std::set{Layer::hi});   // the record
  CHECK(shows(mesh, media, 3, 2, Source::document) == std::set{Layer::hi});
  mesh.input(2, kWithout);
  mesh.run_for(2s);
  CHECK(shows(mesh, media, 3, 1, Source::camera) == std::set{Layer::hi});
}

TEST_CASE("With central and speaker, the speaker is still there beside a document",
          "[core][mesh]") {
  TestMesh mesh(4, 1, {std::nullopt, Layer::hi, Layer::mid});
  TestMedia media(mesh, 4);
  media.level = turns_of_1;
  mesh.run_for(4s);
  mesh.input(2, kWith);
  mesh.run_for(2s);
  CHECK(shows(mesh, media, 3, 1, Source::camera) == std::set{Layer::mid});
  CHECK(shows(mesh, media, 3, 2, Source::camera).empty());
}

TEST_CASE(
    "A document that is put away stops, and comes back with a key frame under the next number",
    "[core][mesh]") {
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  mesh.run_for(2s);
  mesh.input(1, kWith);
  mesh.run_for(3s);
  mesh.input(1, kWithout);
  mesh.run_for(1s);
  CHECK_FALSE(media.encoder(1, Layer::hi, Source::document)->active);
  CHECK(mesh.count_events(0, EventKind::stream_stopped) == 1);
  const auto before = decoded(media, 0, 1, Source::document).size();
  mesh.run_for(10s);
  CHECK(decoded(media, 0, 1, Source::document).size() == before);
  mesh.input(1, kWith);
  mesh.run_for(3s);
  const auto numbers = decoded(media, 0, 1, Source::document);
  REQUIRE(numbers.size() >= before + 25);
  CHECK(numbers[before] == numbers[before - 1] + 1);
  const auto& all = media.seen(0, 1).decoded;
  const auto first = std::find_if(all.begin(), all.end(), [&](const DecodeFrame& d) {
    return d.stream.source == Source::document && d.frame_number == numbers[before];
  });
  CHECK(first->key);
  // A pause is no freeze.
  const auto report = mesh.bridge(0).report(mesh.now());
  CHECK(page(report, 1, Layer::hi)->freezes == 0);
}

TEST_CASE("Whoever comes late or comes back sees the page that is shown", "[core][mesh]") {
  TestMesh mesh(3);
  TestMedia media(mesh, 3);
  mesh.input(1, kWith);
  mesh.run_for(4s);
  mesh.restart(2, 77);
  mesh.run_for(2s);
  CHECK(shows(mesh, media, 2, 1, Source::document) == std::set{Layer::hi});
}

TEST_CASE("A page that only one end has lost sight of comes back to it", "[core][mesh]") {
  TestMesh mesh(3);
  TestMedia media(mesh, 3);
  mesh.input(1, kWith);
  mesh.run_for(4s);
  bool cut = true;
  mesh.drop = [&](const TestMesh::Datagram& d) { return cut && d.from == 1 && d.to == 0; };
  mesh.run_for(3s);
  REQUIRE(mesh.count_events(0, EventKind::link_down) == 1);
  REQUIRE(mesh.count_events(1, EventKind::link_down) == 0);
  cut = false;
  mesh.run_for(2s);
  CHECK(shows(mesh, media, 0, 1, Source::document) == std::set{Layer::hi});
}

TEST_CASE("A page lost for good is healed from an older one, without a key frame, and faces go on",
          "[core][mesh]") {
  TestMesh mesh(2);
  TestMedia media(mesh, 2);
  mesh.run_for(2s);
  mesh.input(1, kWith);
  mesh.run_for(2s);
  const auto idrs = media.idrs;
  const auto faces = decoded(media, 0, 1, Source::camera).size();
  const auto pages = decoded(media, 0, 1, Source::document).size();
  bool armed = true;
  mesh.drop = [&](const TestMesh::Datagram& d) {
    if (d.kind != PacketKind::rtp) return false;
    const unsigned type = d.bytes[1] & 0x7FU;
    if (type == wire::kRepairPayloadType) return true;
    if (!armed || type != wire::kDocumentPayloadType) return false;
    armed = false;
    return true;
  };
  mesh.run_for(3s);
  REQUIRE_FALSE(armed);
  CHECK(media.idrs == idrs);
  CHECK(media.invalidations >= 1);
  const auto report = mesh.bridge(0).report(mesh.now());
  CHECK(page(report, 1, Layer::hi)->packets_lost == 1);
  // Repair's budget of 150 ms, a round trip and a picture: three of thirty pages at most. A
  // camera's pictures lean on none of them.
  CHECK(decoded(media, 0, 1, Source::document).size() - pages >= 26);
  CHECK(decoded(media, 0, 1, Source::camera).size() - faces >= 89);
}

TEST_CASE("Of two documents the newer has the large tile, and a record wants both",
          "[core][mesh]") {
  TestMesh mesh(4);
  TestMedia media(mesh, 4);
  mesh.run_for(2s);
  mesh.input(1, kWith);
  mesh.run_for(2s);
  mesh.input(2, kWith);
  mesh.run_for(2s);
  CHECK(shows(mesh, media, 3, 1, Source::document) == std::set{Layer::mid});
  CHECK(shows(mesh, media, 3, 2, Source::document) == std::set{Layer::hi});
  CHECK(shows(mesh, media, 0, 1, Source::document) == std::set{Layer::hi});
  mesh.input(2, kWithout);
  mesh.run_for(2s);
  CHECK(shows(mesh, media, 3, 1, Source::document) == std::set{Layer::hi});
}

TEST_CASE("What the driver subscribes to of a document stands", "[core][mesh]") {
  TestMesh mesh(3);
  TestMedia media(mesh, 3);
  mesh.run_for(1s);
  mesh.input(1, kWith);
  mesh.input(2, Command{Subscribe{PeerId{1}, Source::document, std::nullopt}});
  mesh.run_for(1s);
  CHECK(shows(mesh, media, 2, 1, Source::document).empty());
  mesh.input(2, Command{Subscribe{PeerId{1}, Source::document, Layer::mid}});
  mesh.run_for(1s);
  CHECK(shows(mesh, media, 2, 1, Source::document) == std::set{Layer::mid});
  CHECK(shows(mesh, media, 0, 1, Source::document) == std::set{Layer::hi});
}

TEST_CASE("On a thin uplink everybody gets the page, members before faces, and sound is whole",
          "[core][mesh]") {
  // Central and three members: sound is 64 kbit/s each, what is left for pictures is 740 kbit/s,
  // four parts of seven for the central bridge.
  TestMesh mesh(5, 1, {}, Bitrate::kbps(1'000));
  TestMedia media(mesh, 5);
  media.pictures_follow_rate = true;
  mesh.run_for(2s);
  mesh.input(1, kWith);
  mesh.run_for(10s);
  const SetEncoder* page_mid = media.encoder(1, Layer::mid, Source::document);
  REQUIRE(page_mid != nullptr);
  CHECK(page_mid->active);
  CHECK(page_mid->rate >= Bitrate::kbps(60));
  for (const std::size_t at : {2U, 3U, 4U}) {
    CHECK(shows(mesh, media, at, 1, Source::document) == std::set{Layer::mid});
    CHECK(media.seen(at, 1).actions[AudioAction::expand] == 0);
  }
  CHECK_FALSE(shows(mesh, media, 0, 1, Source::document).empty());
  CHECK_FALSE(shows(mesh, media, 0, 1, Source::camera).empty());
}

TEST_CASE("A page that stands leaves the thinnest path to the face beside it", "[core][mesh]") {
  // As above with 640 kbit/s for pictures: a member's part is 90.
  TestMesh mesh(5, 1, {}, Bitrate::kbps(900));
  TestMedia media(mesh, 5);
  media.pictures_follow_rate = true;
  mesh.run_for(2s);
  mesh.input(1, kWith);
  mesh.run_for(10s);
  media.page_bytes = 650;  // five times a second: 26 kbit/s
  mesh.run_for(10s);
  const SetEncoder* page_mid = media.encoder(1, Layer::mid, Source::document);
  REQUIRE(page_mid != nullptr);
  CHECK(page_mid->rate < Bitrate::kbps(104));  // a quarter is less than these pictures take
  for (const std::size_t at : {2U, 3U, 4U}) {
    CHECK(shows(mesh, media, at, 1, Source::document) == std::set{Layer::mid});
    CHECK_FALSE(shows(mesh, media, at, 1, Source::camera).empty());
  }
}

TEST_CASE("What is known of documents is who shows one, how often and how long", "[core][mesh]") {
  TestMesh mesh(3);
  TestMedia media(mesh, 3);
  mesh.run_for(2s);
  for (int i = 0; i < 2; ++i) {
    mesh.input(1, kWith);
    mesh.run_for(3s);
    mesh.input(1, kWithout);
    mesh.run_for(5s);
  }
  for (const std::size_t at : {0U, 1U, 2U}) {
    const auto report = mesh.bridge(at).report(mesh.now());
    REQUIRE(report.documents.size() == 1);
    CHECK(report.documents[0].bridge == PeerId{1});
    CHECK(report.documents[0].times == 2);
    CHECK_FALSE(report.documents[0].shown);
    CHECK(to_ms(report.documents[0].shown_for) == Approx(6000).margin(50));
    if (at == 1) continue;
    CHECK(mesh.count_events(at, EventKind::stream_started) == 2);
    CHECK(mesh.count_events(at, EventKind::stream_stopped) == 2);
    // Five seconds without a page are no page that stood still.
    CHECK(page(report, 1, Layer::hi)->freezes == 0);
    CHECK(page(report, 1, Layer::hi)->frames_undecodable == 0);
  }
  mesh.input(1, kWith);
  mesh.run_for(1s);
  mesh.bridge(0).reset_figures(mesh.now());
  mesh.run_for(2s);
  const auto report = mesh.bridge(0).report(mesh.now());
  CHECK(report.documents[0].shown);
  CHECK(report.documents[0].times == 1);
  CHECK(report.documents[0].shown_for == 2s);
}

TEST_CASE("Whoever comes to a page that stands is brought up to it, and nobody gets it again",
          "[core][mesh]") {
  StandingPage stage(7s);
  TestMesh& mesh = stage.mesh;
  TestMedia& media = stage.media;
  const auto keys = [&](std::size_t at) {
    const auto& seen = media.seen(at, 1).decoded;
    return std::count_if(seen.begin(), seen.end(), [](const DecodeFrame& d) {
      return d.stream.source == Source::document && d.key;
    });
  };
  CHECK(keys(2) == 1);
  const std::size_t before = media.seen(3, 1).decoded.size();
  mesh.restart(3, 77);
  mesh.run_for(4s);
  CHECK(keys(0) == 1);
  CHECK(keys(2) == 1);
  const auto& seen = media.seen(3, 1);
  std::optional<std::uint32_t> next;
  Timestamp captured_at;
  for (std::size_t i = before; i < seen.decoded.size(); ++i) {
    const DecodeFrame& d = seen.decoded[i];
    if (d.stream.source != Source::document) continue;
    CHECK(d.key == !next.has_value());
    if (next) CHECK(d.frame_number == *next);
    next = d.frame_number + 1;
    const auto& nal = media.filmed(1, Layer::hi, d.frame_number, Source::document);
    CHECK(std::equal(nal.begin(), nal.end(), seen.decoded_bytes[i].begin() + 4));
    // As if captured just now: nothing waits for a picture that looks old.
    CHECK(d.captured_at > captured_at);
    CHECK(d.captured_at > mesh.now() - 4200ms);
    captured_at = d.captured_at;
  }
  REQUIRE(next);
  CHECK(*next >= 110);  // 11 s at ten a second since the key frame, the last of them live
  CHECK(page(mesh.bridge(3).report(mesh.now()), 1, Layer::hi)->frames_undecodable == 0);
  CHECK(shows(mesh, media, 3, 1, Source::document) == std::set{Layer::hi});
}

TEST_CASE("A page that turns while somebody is brought up reaches them with a key frame",
          "[core][mesh]") {
  StandingPage stage(20s);
  TestMesh& mesh = stage.mesh;
  TestMedia& media = stage.media;
  mesh.restart(3, 77);
  mesh.run_for(400ms);  // two hundred pictures take 0.8 s
  media.page_bytes.reset();
  mesh.run_for(2s);
  CHECK(stage.late_one_is_live());
  CHECK(page(mesh.bridge(3).report(mesh.now()), 1, Layer::hi)->frames_undecodable == 0);
}

TEST_CASE("Whose line is cut while they are brought up read on with a key frame, soon",
          "[core][mesh]") {
  StandingPage stage(40s);
  TestMesh& mesh = stage.mesh;
  TestMedia& media = stage.media;
  mesh.restart(3, 77);
  const std::size_t before = media.seen(3, 1).decoded.size();
  const auto begun = [&] {
    const auto& seen = media.seen(3, 1).decoded;
    return std::any_of(seen.begin() + static_cast<std::ptrdiff_t>(before), seen.end(),
                       [](const DecodeFrame& d) { return d.stream.source == Source::document; });
  };
  for (int i = 0; i < 100 && !begun(); ++i) mesh.run_for(20ms);
  REQUIRE(begun());  // of four hundred pictures, which take 1.6 s
  mesh.drop = [](const TestMesh::Datagram& d) {
    return (d.from == 1 && d.to == 3) || (d.from == 3 && d.to == 1);
  };
  mesh.run_for(700ms);
  mesh.drop = [](const TestMesh::Datagram&) { return false; };
  mesh.run_for(2s);
  CHECK(stage.late_one_is_live());
  CHECK(shows(mesh, media, 3, 1, Source::document) == std::set{Layer::hi});
}

TEST_CASE("A picture that was still being encoded when its document was put away goes to nobody",
          "[core][mesh]") {
  constexpr std::uint32_t kLateNumber = 30'000;
  TestMesh mesh(4);
  TestMedia media(mesh, 4);
  mesh.run_for(2s);
  mesh.input(1, kWith);
  mesh.run_for(3s);
  mesh.input(1, kWithout);
  const std::vector<std::uint8_t> bytes(1'000, 0x65);
  const std::vector<NalUnit> nals(1, {bytes.data(), static_cast<std::uint32_t>(bytes.size())});
  VideoEncoded late;
  late.source = Source::document;
  late.layer = Layer::hi;
  late.captured_at = mesh.now();
  late.frame_number = kLateNumber;
  late.key = true;
  late.nals = nals;
  mesh.input(1, late);
  mesh.run_for(3s);
  mesh.input(1, kWith);
  mesh.run_for(3s);
  for (const std::size_t at : {0U, 2U, 3U}) {
    const auto numbers = decoded(media, at, 1, Source::document);
    CHECK(std::count(numbers.begin(), numbers.end(), kLateNumber) == 0);
    CHECK(numbers.size() > 40);
  }
}

TEST_CASE("Who shows and puts away a document all the time is followed some times, and at the end",
          "[core][mesh]") {
  TestMesh mesh(2);
  mesh.run_for(1s);
  for (int n = 0; n < 501; ++n) {
    mesh.input(1, n % 2 == 0 ? kWith : kWithout);
    mesh.run_for(10ms);
  }
  mesh.run_for(2s);
  const std::size_t begun = mesh.count_events(0, EventKind::stream_started);
  const std::size_t ended = mesh.count_events(0, EventKind::stream_stopped);
  CHECK(begun == ended + 1);
  // Ten at once, two a second for five seconds, and the last.
  CHECK(begun + ended >= 10);
  CHECK(begun + ended <= 10 + 10 + 1);
}
