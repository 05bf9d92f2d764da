// Lines whose trouble is known, and the cause that their receivers name for it.
#include <catch2/catch.hpp>

#include "sim/world.h"
#include "tests/sim/scenario_text.h"

namespace diemcau::sim {
namespace {

using quality::Cause;
using quality::CauseSeconds;

// Three bridges on lines that are good but for what a test adds to one of them.
std::string meeting(const std::string& district, const std::string& more = "",
                    const std::string& duration = "40s") {
  return R"(version = 1
name = "known trouble"
seed = 3
duration = ")" +
         duration + R"("
warmup = "5s"

[profile.office]
up = { rate = "20Mbit/s", delay = "6ms", queue = "120ms" }
down = { rate = "50Mbit/s", delay = "6ms", queue = "120ms" }

[site.central]
profile = "office"

[site.good]
profile = "office"

[site.district]
profile = "office"
)" + district +
         R"(
[[meeting]]
members = ["central", "good", "district"]
video = { bitrate = "1500kbit/s", fps = 30 }
audio = { bitrate = "32kbit/s", frame = "20ms" }
)" + more;
}

constexpr std::size_t kCentre = 0, kDistrict = 1, kGood = 2;  // sorted by name

CauseSeconds impaired(const RunResult& r, std::size_t from, std::size_t to) {
  CauseSeconds all{};
  for (const auto& f : r.bridges[to].flows) {
    if (f.from.value != from) continue;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += f.impaired[i];
  }
  return all;
}
bool is_seen(const RunResult& r, std::size_t from, std::size_t to) {
  const auto& flows = r.bridges[to].flows;
  return std::any_of(flows.begin(), flows.end(), [&](const auto& f) {
    return f.from.value == from && f.media == MediaKind::video && f.frames_shown > 0;
  });
}
std::uint32_t sum(const CauseSeconds& seconds) {
  std::uint32_t all = 0;
  for (const std::uint32_t s : seconds) all += s;
  return all;
}
// The share of all impaired seconds, in per cent; what was there before a second ends is judged
// with it, so that borders may be given to the wrong one of two causes.
std::uint32_t percent(const CauseSeconds& seconds, Cause cause) {
  return sum(seconds) == 0 ? 0 : 100 * seconds[static_cast<std::size_t>(cause)] / sum(seconds);
}
RunResult run(const std::string& text) {
  World world{parse_text(text), {}};
  return world.run();
}

}  // namespace

TEST_CASE("on good lines no second is impaired and none has a cause", "[sim]") {
  const RunResult r = run(meeting(""));
  for (std::size_t from = 0; from < 3; ++from) {
    for (std::size_t to = 0; to < 3; ++to) {
      if (from != to) CHECK(is_seen(r, from, to));
      CHECK(sum(impaired(r, from, to)) == 0);
    }
  }
}

TEST_CASE("a download that fills a deep queue is named as the queue", "[sim]") {
  const RunResult r = run(meeting(
      "up = { rate = \"1Mbit/s\", delay = \"6ms\", queue = \"800ms\" }\n",
      "\n[[cross]]\nat = \"district\"\ndirection = \"up\"\nkind = \"tcp-cubic\"\nflows = 2\n"
      "start = \"10s\"\nend = \"30s\"\n"));
  const CauseSeconds seconds = impaired(r, kDistrict, kCentre);
  CAPTURE(seconds);
  CHECK(sum(seconds) >= 3);
  CHECK(percent(seconds, Cause::queue) >= 90);
  CHECK(sum(impaired(r, kGood, kCentre)) == 0);
}

TEST_CASE("losses beyond repair on a line without a queue are named as the wire's", "[sim]") {
  const RunResult r = run(meeting("loss = { model = \"iid\", mean = 0.5 }\n"));
  const CauseSeconds seconds = impaired(r, kDistrict, kCentre);
  CAPTURE(seconds);
  CHECK(sum(seconds) >= 10);
  CHECK(percent(seconds, Cause::wire) == 100);
}

TEST_CASE("a line that comes and goes is named as an outage", "[sim]") {
  const RunResult r =
      run(meeting("outage = [{ at = \"10s\", for = \"3s\", kind = \"cut\" }, { at = \"25s\", for = "
                  "\"2s\", kind = \"stall\" }]\n"));
  for (const CauseSeconds& seconds :
       {impaired(r, kDistrict, kCentre), impaired(r, kCentre, kDistrict)}) {
    CAPTURE(seconds);
    // Five seconds of sound and of pictures, and what they touch on either side.
    CHECK(sum(seconds) >= 10);
    CHECK(sum(seconds) <= 18);
    CHECK(percent(seconds, Cause::outage) == 100);
  }
  CHECK(sum(impaired(r, kGood, kCentre)) == 0);
}

TEST_CASE("a machine too slow to decode is named, at the machine alone", "[sim]") {
  const RunResult r = run(replaced(meeting("decode_load = 12\n", "", "120s"), "video = {",
                                   "subscribe = \"hi\"\nvideo = {"));
  const CauseSeconds seconds = impaired(r, kGood, kDistrict);
  CAPTURE(seconds);
  CHECK(sum(seconds) >= 1);
  CHECK(percent(seconds, Cause::cpu) == 100);
  CHECK(sum(impaired(r, kGood, kCentre)) == 0);
}

TEST_CASE("a camera that is covered and a bridge that leaves are no impairment", "[sim]") {
  const RunResult r =
      run(meeting("",
                  "pause = [{ site = \"district\", from = \"10s\", to = \"20s\" }]\nleave = [{ "
                  "site = \"good\", at = \"30s\" }]\n"));
  CHECK(sum(impaired(r, kDistrict, kCentre)) == 0);
  CHECK(sum(impaired(r, kGood, kCentre)) == 0);
}

TEST_CASE("every impaired second is in the samples of its second", "[sim]") {
  WorldOptions options;
  options.sample_seconds = true;
  World world{parse_text(meeting("outage = [{ at = \"10s\", for = \"3s\", kind = \"cut\" }]\n")),
              options};
  const RunResult r = world.run();
  std::vector<std::uint32_t> seconds;
  for (const SecondSample& s : r.per_second) {
    if (s.bridge == kCentre && sum(s.impaired) > 0) seconds.push_back(s.second);
  }
  REQUIRE(seconds.size() >= 3);
  CHECK(seconds.front() == 10);
  CHECK(seconds.back() <= 13);
}

}  // namespace diemcau::sim
