// A whole meeting in virtual time: repeatable to the bit, and no packet appears or vanishes
// unaccounted.
#include "sim/world.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/base/digest.h"
#include "core/mesh/trace.h"
#include "sim/event_file.h"
#include "sim/observer.h"
#include "tests/sim/scenario_text.h"

namespace diemcau::sim {
namespace {

Scenario small(std::uint64_t seed = 7) { return parse_text(kSmallScenario, {{}, seed}); }

RunResult run(const Scenario& scenario, WorldOptions options = {}) {
  World world{scenario, std::move(options)};
  return world.run();
}

std::string first_line_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  char line[256] = {};
  const bool got = std::fgets(line, sizeof line, pipe) != nullptr;
  REQUIRE(pclose(pipe) == 0);
  REQUIRE(got);
  return std::string(line).substr(0, 16);
}

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

class Ordered : public Observer {
 public:
  void sent(Timestamp now, const Traffic&) override {
    follows(now);
    ++sent_packets;
  }
  void arrived(Timestamp now, const Traffic&) override {
    follows(now);
    ++arrived_packets;
  }
  void crossed(std::uint32_t, const Traffic&, const Link::Result&) override {}
  void shown(const PictureShown&) override {}
  void played(const SoundPlayed&) override {}
  void encoder_set(Timestamp now, std::uint16_t, const mesh::SetEncoder&) override { follows(now); }
  void encoded(Timestamp now, std::uint16_t, const PictureEncoded&) override { follows(now); }
  void told(Timestamp now, std::uint16_t, const mesh::Event&) override { follows(now); }

  std::uint64_t sent_packets = 0, arrived_packets = 0;

 private:
  void follows(Timestamp now) {
    CHECK(now >= last_);
    last_ = now;
  }
  Timestamp last_;
};

}  // namespace

TEST_CASE("the same seed gives the same digest twice, another seed another", "[sim]") {
  const RunResult first = run(small());
  CHECK(first.digest == run(small()).digest);
  CHECK(first.digest != run(small(8)).digest);
  CHECK(first.events > 1000);
}

TEST_CASE("one packet lost by hand changes the digest, whichever it is", "[sim]") {
  const RunResult whole = run(small());
  for (const std::uint64_t number :
       {std::uint64_t{0}, whole.whole.sent / 2, whole.whole.sent - 100}) {
    WorldOptions options;
    options.lose_datagram = number;
    const RunResult without = run(small(), options);
    INFO("datagram " << number);
    CHECK(without.whole.lost_by_hand == 1);
    CHECK(without.digest != whole.digest);
  }
}

TEST_CASE("who observes is told everything in the order of time, and changes nothing", "[sim]") {
  Ordered ordered;
  WorldOptions options;
  options.observer = &ordered;
  const RunResult observed = run(small(), options);
  const RunResult alone = run(small());
  CHECK(observed.digest == alone.digest);
  CHECK(ordered.sent_packets == observed.whole.sent);
  CHECK(ordered.arrived_packets > observed.whole.delivered / 2);
  CHECK(observed.whole.lost_wire == alone.whole.lost_wire);
  for (std::size_t line = 0; line < alone.links.size(); ++line) {
    const LinkFigures &a = alone.links[line].figures, &o = observed.links[line].figures;
    CHECK(a.carried == o.carried);
    CHECK(a.bits_served == o.bits_served);
    CHECK(a.waited.quantile(9'500) == o.waited.quantile(9'500));
  }
  for (std::size_t to = 1; to < alone.names.size(); ++to) {
    const auto& a = alone.crossing(0, to, Layer::only, Source::microphone).delay;
    const auto& o = observed.crossing(0, to, Layer::only, Source::microphone).delay;
    CHECK(a.count() > 0);
    CHECK(a.count() == o.count());
    CHECK(a.quantile(5'000) == o.quantile(5'000));
  }
}

TEST_CASE("full payload gives the digest of elided payload", "[sim]") {
  WorldOptions options;
  options.full_payload = true;
  CHECK(run(small(), options).digest == run(small()).digest);
}

TEST_CASE("full payload gives the same digest where lost sound comes in later packets", "[sim]") {
  std::string text = kSmallScenario;
  const std::string few = "mean = 0.001", many = "mean = 0.05";
  text.replace(text.find(few), few.size(), many);
  const std::string brief = "duration = \"4s\"";
  text.replace(text.find(brief), brief.size(), "duration = \"12s\"");
  WorldOptions options;
  options.full_payload = true;
  const RunResult elided = run(parse_text(text));
  CHECK(run(parse_text(text), options).digest == elided.digest);
  std::uint64_t recovered = 0;
  for (const auto& report : elided.bridges) {
    for (const auto& flow : report.flows) recovered += flow.frames_recovered;
  }
  CHECK(recovered > 0);
}

TEST_CASE("an independent script recomputes the digest from the event file, and misses a line",
          "[sim]") {
  const auto path =
      std::filesystem::temp_directory_path() / ("diemcau-events-" + std::to_string(getpid()));
  EventFile file{path.string()};
  WorldOptions options;
  std::uint64_t lines = 0;
  options.on_event = [&](std::span<const std::uint64_t> words) {
    file.add(words);
    ++lines;
  };
  const RunResult result = run(small(), options);
  file.finish();
  const std::string script = DIEMCAU_SOURCE_DIR "/tests/sim/digest_check.py " + path.string();
  CHECK(lines == result.events);
  CHECK(first_line_of(script) == hex(result.digest));
  CHECK(first_line_of(script + " --skip-line " + std::to_string(lines / 2)) != hex(result.digest));
  std::filesystem::remove(path);
}

TEST_CASE("every datagram sent was delivered, lost somewhere that is named, or is still under way",
          "[sim]") {
  // A line that cannot carry the meeting, so that every fate occurs.
  const std::string narrow = replaced(replaced(kSmallScenario, "\"20Mbit/s\"", "\"900kbit/s\""),
                                      "mean = 0.001", "mean = 0.02");
  WorldOptions options;
  options.lose_datagram = 5;
  const Tally t = run(parse_text(narrow), options).whole;
  CHECK(t.sent + t.duplicated == t.delivered + t.dropped_queue + t.dropped_policer + t.lost_wire +
                                     t.lost_outage + t.lost_by_hand + t.refused + t.in_flight);
  CHECK(t.delivered > 0);
  CHECK(t.dropped_queue > 0);
  CHECK(t.lost_wire > 0);
}

TEST_CASE("the lines' figures add up to the datagrams' fates", "[sim]") {
  const Scenario scenario = parse_text(replaced(kSmallScenario, "warmup = \"1s\"\n", ""));
  const RunResult r = run(scenario);
  std::uint64_t offered_up = 0, lost = 0, dropped = 0;
  for (std::size_t i = 0; i < r.links.size(); ++i) {
    const LinkFigures& f = r.links[i].figures;
    CHECK(f.offered == f.carried + f.dropped_queue + f.lost_wire);
    CHECK(r.links[i].utilisation >= 0);
    CHECK(r.links[i].utilisation <= 1);
    if (i % 2 == 0) offered_up += f.offered;
    lost += f.lost_wire;
    dropped += f.dropped_queue;
  }
  CHECK(offered_up <= r.whole.sent);
  CHECK(lost == r.whole.lost_wire);
  CHECK(dropped == r.whole.dropped_queue);
}

TEST_CASE("in a meeting on clean lines everybody sees and hears everybody", "[sim]") {
  const Scenario scenario = parse_text(replaced(kSmallScenario, "mean = 0.001", "mean = 0"));
  const RunResult r = run(scenario);
  CHECK(r.undecodable == 0);
  for (std::size_t to = 0; to < r.bridges.size(); ++to) {
    for (std::size_t from = 0; from < r.bridges.size(); ++from) {
      if (from == to) continue;
      INFO(r.names[from] << " at " << r.names[to]);
      bool seen = false, heard = false;
      for (const quality::FlowReport& f : r.bridges[to].flows) {
        if (f.from.value != from) continue;
        CHECK(f.packets_lost == 0);
        seen = seen || (f.media == MediaKind::video && f.frames_shown > 60);
        heard = heard || (f.media == MediaKind::audio && f.frames_shown > 140);
        // 12 ms of lines and the codecs are below, the jitter buffers' starting delay above.
        CHECK(to_ms(f.end_to_end.quantile(5000).value_or(Duration{})) >= 14);
        CHECK(to_ms(f.end_to_end.quantile(9500).value_or(Duration{})) <= 150);
      }
      CHECK(seen);
      CHECK(heard);
    }
  }
}

TEST_CASE(
    "on very lossy lines frames are given up, but none reaches a decoder without its reference",
    "[sim]") {
  // Long enough for some key frames to get through.
  const std::string lossy = replaced(kSmallScenario, "mean = 0.001", "mean = 0.3");
  const RunResult r = run(parse_text(replaced(lossy, "duration = \"4s\"", "duration = \"12s\"")));
  std::uint64_t given_up = 0, shown = 0;
  for (const quality::BridgeReport& bridge : r.bridges) {
    for (const quality::FlowReport& f : bridge.flows) {
      if (f.media != MediaKind::video) continue;
      given_up += f.frames_undecodable;
      shown += f.frames_shown;
    }
  }
  CHECK(r.whole.lost_wire > 0);
  CHECK(given_up > 0);
  CHECK(shown > 0);
  CHECK(r.undecodable == 0);
}

TEST_CASE("a busier line makes a packet wait longer", "[sim]") {
  const auto delay = [](const std::string& text) {
    const RunResult r = run(parse_text(text));
    return to_us(*r.crossing(1, 0, Layer::hi).delay.quantile(9500));
  };
  CHECK(delay(kSmallScenario) > 12'000);  // two lines of 6 ms
  CHECK(delay(replaced(kSmallScenario, "\"20Mbit/s\"", "\"4Mbit/s\"")) > delay(kSmallScenario));
}

TEST_CASE("watching a run does not change it", "[sim]") {
  WorldOptions options;
  std::uint64_t seconds = 0;
  Digest again;
  options.on_second = [&](Timestamp) { ++seconds; };
  options.on_event = [&](std::span<const std::uint64_t> words) {
    for (const std::uint64_t word : words) again.add(word);
  };
  const RunResult watched = run(small(), options);
  CHECK(watched.digest == run(small()).digest);
  CHECK(again.value() == watched.digest);
  CHECK(seconds >= 3);
}

}  // namespace diemcau::sim
