// A document in the lab: its encoder's model, the scenario's key, and what a meeting makes of it.
#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/page_model.h"
#include "sim/run_files.h"
#include "sim/world.h"
#include "tests/sim/scenario_text.h"

namespace diemcau::sim {
namespace {

mesh::SetEncoder running(Bitrate rate) {
  mesh::SetEncoder s;
  s.source = Source::document;
  s.active = true;
  s.rate = rate;
  s.fps = kPageFps;
  return s;
}

PageModel encoder() { return {Layer::hi, CounterRandom{1, Purpose::page, 0}}; }

struct Desk {
  PageModel model = encoder();
  std::int64_t tick = 0;
  Timestamp now() const { return Timestamp{} + tick * 100ms; }
  // Bytes until the page is whole; nothing after `most` pictures.
  std::optional<std::int64_t> until_whole(int most) {
    std::int64_t sum = 0;
    for (int i = 0; i < most; ++i, ++tick) {
      const auto frame = model.capture(now());
      sum += frame->bytes;
      if (model.shown(frame->number).whole) return sum;
    }
    return std::nullopt;
  }
};

const std::string kDocument =
    "document = [{ site = \"district-01\", from = \"1s\", to = \"9s\", turn = \"2s\", page = "
    "\"30kB\" }]\n";
std::string with_document() {
  return replaced(replaced(kSmallScenario, "duration = \"4s\"", "duration = \"12s\""), "video = {",
                  kDocument + "video = {");
}

RunResult run(const std::string& text) {
  World world{parse_text(text), {}};
  return world.run();
}

}  // namespace

TEST_CASE("a page comes in as many pictures as its bytes and the rate say, and then stands still",
          "[sim]") {
  Desk desk;
  desk.model.set(running(Bitrate::kbps(400)));
  desk.model.turn(desk.now(), ByteCount::bytes(30'000));
  const auto first = desk.until_whole(20);
  REQUIRE(first);
  CHECK(*first == Approx(30'000).epsilon(0.65));  // ± 4 Laplace scales of 0.15
  for (int i = 0; i < 50; ++i, ++desk.tick) CHECK(desk.model.capture(desk.now())->bytes < 300);
  desk.model.turn(desk.now(), ByteCount::bytes(30'000));
  const std::int64_t began = desk.tick;
  const auto second = desk.until_whole(20);
  REQUIRE(second);
  // 400 kbit/s are 5 kB a picture, the first may be twice that.
  CHECK(desk.tick - began + 1 >= *second / 5'000 - 2);
  CHECK(desk.tick - began + 1 <= *second / 4'000 + 2);
}

TEST_CASE("what lost pictures brought of a page is brought again", "[sim]") {
  Desk desk;
  desk.model.set(running(Bitrate::kbps(400)));
  desk.model.turn(desk.now(), ByteCount::bytes(30'000));
  REQUIRE(desk.until_whole(20));
  auto lost = running(Bitrate::kbps(400));
  lost.invalidate_from = 2;
  desk.model.set(lost);
  const auto again = desk.until_whole(20);
  REQUIRE(again);
  CHECK(*again > 10'000);
  CHECK(*again < 48'000);
}

TEST_CASE("pages of a document are whole at every member before the next is turned", "[sim]") {
  const RunResult r = run(with_document());
  REQUIRE(r.pages.size() == 2);
  for (const PageReport& p : r.pages) {
    CHECK(r.names[p.from] == "district-01");
    CHECK(p.pages == 4);
    CHECK(p.whole == 4);
    // At most 48 kB at 1 Mbit/s, and a third of a second for the way.
    CHECK(*p.until_whole.quantile(10'000) < 800ms);
  }
  const auto& flows = r.bridges[2].flows;
  const auto page = std::find_if(flows.begin(), flows.end(), [](const quality::FlowReport& f) {
    return f.source == Source::document;
  });
  REQUIRE(page != flows.end());
  CHECK(page->layer == Layer::hi);
  CHECK(page->freezes == 0);
  CHECK(page->frames_shown > 70);  // eight seconds at ten a second
  CHECK(r.undecodable == 0);
  CHECK(r.crossing(1, 2, Layer::hi, Source::document).packets_sent > 100);
}

TEST_CASE("who joins while a page stands reads it soon, and nobody else gets it again", "[sim]") {
  const std::string once = replaced(with_document(), "turn = \"2s\"", "turn = \"60s\"");
  const std::string late =
      replaced(once, "video = {", "join = [{ site = \"district-02\", at = \"5s\" }]\nvideo = {");
  const RunResult with = run(late), without = run(once);
  const auto to_late = std::find_if(with.pages.begin(), with.pages.end(), [&](const PageReport& p) {
    return with.names[p.to] == "district-02";
  });
  REQUIRE(to_late != with.pages.end());
  CHECK(to_late->whole == 1);
  // From the turn: it came four seconds later, and 48 kB at 1 Mbit/s are 0.4 s.
  CHECK(*to_late->until_whole.quantile(10'000) < 5s);
  const auto packets = [](const RunResult& r) {
    return r.crossing(1, 0, Layer::hi, Source::document).packets_sent;
  };
  CHECK(packets(with) <= packets(without) + 3);
  CHECK(with.undecodable == 0);
}

TEST_CASE("a document that is shown again in the same meeting is a new one to everybody", "[sim]") {
  const RunResult r = run(replaced(
      with_document(), "to = \"9s\", turn = \"2s\", page = \"30kB\" }",
      "to = \"4s\", page = \"30kB\" }, { site = \"district-01\", from = \"7s\", to = \"10s\", "
      "page = \"30kB\" }"));
  REQUIRE(r.pages.size() == 2);
  for (const PageReport& p : r.pages) {
    CHECK(p.pages == 2);
    CHECK(p.whole == 2);
  }
  for (const quality::BridgeReport& bridge : r.bridges) {
    REQUIRE(bridge.documents.size() == 1);
    CHECK(bridge.documents[0].times == 2);
    CHECK_FALSE(bridge.documents[0].shown);
    CHECK(to_ms(bridge.documents[0].shown_for) == Approx(6000).margin(300));
    for (const quality::FlowReport& f : bridge.flows) {
      if (f.source == Source::document) CHECK(f.freezes == 0);
    }
  }
  CHECK(r.undecodable == 0);
}

TEST_CASE("a run's files tell of a document by its source, and of its pages", "[sim]") {
  const Scenario s = parse_text(with_document());
  World world{s, {}};
  const RunResult r = world.run();
  const std::string csv = flows_csv(r);
  CHECK(csv.find("district-01,central,video,hi,frames_shown,") == std::string::npos);
  CHECK(csv.find("district-01,central,video,hi,freezes,0,document\n") != std::string::npos);
  CHECK(csv.find("district-01,central,video,hi,freezes,0,camera\n") != std::string::npos);
  CHECK(csv.find("district-01,central,video,,whole,4,document\n") != std::string::npos);
  const std::string json = run_json(s, {}, r);
  CHECK(json.find("\"documents\"") != std::string::npos);
  CHECK(json.find("\"page_ms\"") != std::string::npos);
  CHECK(run_json(s, {}, run(kSmallScenario)).find("\"documents\"") == std::string::npos);
}

TEST_CASE("a document's key says who shows what and when, or what is wrong with it", "[sim]") {
  const Scenario s = parse_text(with_document());
  REQUIRE(s.members[1].documents.size() == 1);
  CHECK(s.members[1].documents[0].from == 1s);
  CHECK(s.members[1].documents[0].to == 9s);
  CHECK(s.members[1].documents[0].turn == 2s);
  CHECK(s.members[1].documents[0].page == ByteCount::bytes(30'000));
  const auto wrong = [](const std::string& key) {
    return complaint(replaced(kSmallScenario, "video = {", key + "video = {"));
  };
  CHECK(wrong("document = [{ site = \"district-01\", from = \"3s\", to = \"2s\" }]\n")
            .find("is not after the begin") != std::string::npos);
  CHECK(wrong("document = [{ site = \"nobody\", from = \"1s\", to = \"2s\" }]\n") != "");
  CHECK(wrong("document = [{ site = \"central\", from = \"1s\", to = \"2s\", page = \"1kg\" }]\n")
            .find("70kB") != std::string::npos);
  CHECK(wrong("document = [{ site = \"central\", to = \"2s\" }]\n").find("is missing") !=
        std::string::npos);
}

}  // namespace diemcau::sim
