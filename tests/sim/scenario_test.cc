// The scenario reader: what it makes of a right file, and what it says of a wrong one.
#include "sim/scenario.h"

#include <catch2/catch.hpp>

#include "tests/sim/scenario_text.h"

namespace diemcau::sim {
namespace {

std::string bent(const std::string& from, const std::string& to) {
  return complaint(replaced(kSmallScenario, from, to));
}

}  // namespace

TEST_CASE("a scenario gives members in the order of their names, with profiles applied", "[sim]") {
  const Scenario s = parse_text(kSmallScenario);
  REQUIRE(s.members.size() == 3);
  CHECK(s.name == "small");
  CHECK(s.seed == 7);
  CHECK(s.duration == 4s);
  CHECK(s.members[0].name == "central");
  CHECK(s.members[2].name == "district-02");
  CHECK(s.members[0].up.capacity.rate == Bitrate::kbps(200'000));
  CHECK(s.members[1].up.capacity.rate == Bitrate::kbps(20'000));
  CHECK(s.members[0].up.delay.base == 6ms);
  CHECK(s.members[1].down.overhead == 38);
  CHECK(s.members[1].up.queue_time == 120ms);
  CHECK_FALSE(s.members[0].up.queue_bytes);
  CHECK(s.members[1].up.loss.loss_good == 4'294'967);
  CHECK(s.rates.hi == Bitrate::kbps(1000));
  CHECK(s.camera_fps == 25);
}

TEST_CASE("extends takes over what a profile does not say itself", "[sim]") {
  const std::string text = replaced(kSmallScenario, "[site.central]", R"([profile.slow]
extends = "office"
up = { rate = "2Mbit/s", queue = "9kB" }

[site.central])");
  const Scenario s = parse_text(replaced(text, "name = \"district-%02d\"\nprofile = \"office\"",
                                         "name = \"district-%02d\"\nprofile = \"slow\""));
  CHECK(s.members[1].up.capacity.rate == Bitrate::kbps(2'000));
  CHECK(s.members[1].up.queue_bytes == ByteCount::bytes(9'000));
  CHECK_FALSE(s.members[1].up.queue_time);
  CHECK(s.members[1].up.delay.base == 6ms);
  CHECK(s.members[1].down.capacity.rate == Bitrate::kbps(50'000));
}

TEST_CASE("the seed and the profile of the command line beat the file, except for the central site",
          "[sim]") {
  const std::string text = kSmallScenario + R"(
[profile.leased]
up = { rate = "40Mbit/s", delay = "3ms" }
down = { rate = "40Mbit/s", delay = "3ms" }
)";
  const Scenario s = parse_text(text, {"leased", 99});
  CHECK(s.seed == 99);
  CHECK(s.members[0].up.delay.base == 6ms);
  CHECK(s.members[1].up.delay.base == 3ms);
  CHECK(complaint(text, {"leesed", {}}) ==
        "s.toml:1: --profile: there is no profile \"leesed\"; did you mean \"leased\"?");
}

TEST_CASE("the rates come from the bridge config that the scenario names", "[sim]") {
  const std::string text = replaced(
      replaced(kSmallScenario, "[site.central]", "[bridge]\nconfig = \"b.toml\"\n\n[site.central]"),
      "video = { bitrate = \"1Mbit/s\", fps = 25 }\n", "");
  const auto with = [&](const std::string& config) {
    return parse_scenario(text, "s.toml", {}, [&](const std::string&) { return config; });
  };
  CHECK(with("[media]\nkind = \"none\"\n[rate]\nmid = \"400kbit/s\"\n").rates.mid ==
        Bitrate::kbps(400));
  CHECK_THROWS_WITH(with("[rate]\nmit = \"400kbit/s\"\n"),
                    "b.toml:2: rate.mit: is no key here; did you mean \"mid\"?");
  CHECK_THROWS_WITH(with("[raet]\n"), "b.toml:1: raet: is no key here; did you mean \"rate\"?");
  CHECK_THROWS_WITH(with("[node]\nid = \"a\"\nlistne = \"x\"\n"),
                    "b.toml:3: node.listne: is no key here; did you mean \"listen\"?");
  CHECK(complaint(text) ==
        "s.toml:13: bridge.config: \"b.toml\" cannot be read; give a path beside the scenario");
}

TEST_CASE("an unknown key is named with its line and the nearest known key", "[sim]") {
  CHECK(bent("warmup = ", "warmpu = ") ==
        "s.toml:5: warmpu: is no key here; did you mean \"warmup\"?");
  CHECK(bent("queue = \"120ms\", ", "queu = \"120ms\", ") ==
        "s.toml:8: profile.office.up.queu: is no key here; did you mean \"queue\"?");
  CHECK(bent("fps = 25", "colour = 25") ==
        "s.toml:24: meeting.video.colour: is no key here; the keys are bitrate, min, fps");
}

TEST_CASE("a value without its unit, or of another kind, is refused with an example", "[sim]") {
  CHECK(bent("\"20Mbit/s\"", "\"20\"") ==
        "s.toml:8: profile.office.up.rate: is \"20\"; write a rate with its unit, such as "
        "\"20Mbit/s\"");
  CHECK(bent("\"20Mbit/s\"", "\"20Mbps\"") ==
        "s.toml:8: profile.office.up.rate: is \"20Mbps\"; write a rate with its unit, such as "
        "\"20Mbit/s\"");
  CHECK(bent("\"20Mbit/s\"", "20") ==
        "s.toml:8: profile.office.up.rate: is a whole number; write a text in quotes");
  CHECK(bent("delay = \"6ms\"", "delay = \"-6ms\"") ==
        "s.toml:8: profile.office.up.delay: is \"-6ms\"; write a time with its unit, such as "
        "\"6ms\" or \"60s\"");
  CHECK(bent("up = { rate = \"200Mbit/s\" }", "up = \"200Mbit/s\"") ==
        "s.toml:14: site.central.up: is a text; write a table, such as [site.central.up]");
  CHECK(bent("fps = 25", "fps = 25.0") ==
        "s.toml:24: meeting.video.fps: is a decimal number; write a whole number from 1 to 60");
}

TEST_CASE("absurd values are refused", "[sim]") {
  CHECK(bent("mean = 0.001", "mean = nan") ==
        "s.toml:10: profile.office.loss.mean: is not from 0 to 1; write a ratio, such as 0.002");
  CHECK(bent("mean = 0.001", "mean = -0.1") ==
        "s.toml:10: profile.office.loss.mean: is not from 0 to 1; write a ratio, such as 0.002");
  CHECK(bent("\"20Mbit/s\"", "\"0Mbit/s\"") ==
        "s.toml:8: profile.office.up.rate: is \"0Mbit/s\"; write a rate from 1kbit/s to 100Gbit/s");
  CHECK(bent("\"20Mbit/s\"", "\"99999999999999999999Mbit/s\"")
            .find("s.toml:8: profile.office.up.rate") == 0);
  CHECK(bent("delay = \"6ms\"", "delay = \"11s\"") ==
        "s.toml:8: profile.office.up.delay: is \"11s\"; write a time from 0s to 10s");
  CHECK(bent("overhead = 38", "overhead = -38") ==
        "s.toml:8: profile.office.up.overhead: is -38; write a whole number from 0 to 1000");
  CHECK(bent("warmup = \"1s\"", "warmup = \"4s\"") ==
        "s.toml:5: warmup: is not shorter than the duration; shorten it");
  CHECK(bent("count = 2", "count = 100000") ==
        "s.toml:17: group.district.count: is 100000; write a whole number from 1 to 1000");
}

TEST_CASE("circles, unknown names and empty meetings are refused", "[sim]") {
  CHECK(bent("[profile.office]", "[profile.office]\nextends = \"office\"") ==
        "s.toml:8: profile.office.extends: extends itself through \"office\"; break the circle");
  CHECK(bent("profile = \"office\"\nup", "profile = \"ofice\"\nup") ==
        "s.toml:13: site.central.profile: there is no profile \"ofice\"; did you mean \"office\"?");
  CHECK(bent("\"central\", \"district-*\"", "\"centrel\"") ==
        "s.toml:23: meeting.members: no site is called \"centrel\"; did you mean \"central\"?");
  CHECK(bent("\"central\", \"district-*\"", "") ==
        "s.toml:23: meeting.members: names 0 site(s); a meeting needs two at least");
  CHECK(bent("name = \"district-%02d\"", "name = \"district\"") ==
        "s.toml:18: group.district.name: is \"district\"; write one place for the number, such as "
        "\"district-%02d\"");
  CHECK(bent("delay = \"6ms\", queue = \"120ms\" }", "queue = \"120ms\" }") ==
        "s.toml:12: site.central.down: has no delay; give it in the profile or at the site");
  CHECK(bent("version = 1\n", "") == "s.toml:1: version: is missing; write version = 1");
}

TEST_CASE("keys of the grammar that are not built yet say so", "[sim]") {
  CHECK(bent("frame = \"20ms\"", "frame = \"10ms\"") ==
        "s.toml:25: meeting.audio.frame: other than 20ms is not built yet; write \"20ms\"");
}

TEST_CASE("members take of each other what subscribe says", "[sim]") {
  const auto tiles = [](const std::string& subscribe) {
    return parse_text(replaced(kSmallScenario, "video = {",
                               "subscribe = \"" + subscribe + "\"\nvideo = {"))
        .tiles;
  };
  CHECK(tiles("tiles").small == Layer::mid);
  CHECK(tiles("lo").small == Layer::lo);
  CHECK_FALSE(tiles("hi").large);
  CHECK_FALSE(tiles("central+speaker").small);
  CHECK(tiles("central+speaker").large == Layer::hi);
  CHECK(tiles("central+speaker").central == Layer::mid);
  CHECK(bent("video = {", "subscribe = \"speaker\"\nvideo = {") ==
        "s.toml:24: meeting.subscribe: is \"speaker\"; write \"tiles\", \"hi\", \"mid\", \"lo\" or "
        "\"central+speaker\"");
}

TEST_CASE("sites share a segment by its name, and a name that is not there is an error", "[sim]") {
  const std::string text = replaced(
      replaced(kSmallScenario, "profile = \"office\"\nup",
               "profile = \"office\"\nvia = [\"core\"]\nup"),
      "[site.central]", "[link.core]\nrate = \"1Gbit/s\"\ndelay = \"2ms\"\n\n[site.central]");
  const Scenario s = parse_text(text);
  REQUIRE(s.segments.size() == 1);
  CHECK(s.segments[0].up.capacity.rate == Bitrate::kbps(1'000'000));
  CHECK(s.members[0].via == std::vector<std::uint32_t>{0});
  CHECK(s.members[1].via.empty());
  CHECK(complaint(replaced(text, "via = [\"core\"]", "via = [\"cor\"]")) ==
        "s.toml:18: site.central.via: there is no link \"cor\"; did you mean \"core\"?");
}

TEST_CASE("a profile that the scenario lacks is taken from the file of its name", "[sim]") {
  const auto files = [](const std::string& path) -> std::optional<std::string> {
    if (path != "profiles/slow.toml") return std::nullopt;
    return "[profile.slow]\nup = { rate = \"2Mbit/s\", delay = \"9ms\" }\n"
           "down = { rate = \"8Mbit/s\", delay = \"9ms\" }\n";
  };
  const Scenario s = parse_scenario(kSmallScenario, "s.toml", {"slow", {}}, files);
  CHECK(s.members[0].up.delay.base == 6ms);
  CHECK(s.members[1].up.delay.base == 9ms);
}

TEST_CASE("what holds for both directions gives way to what one direction says", "[sim]") {
  const Scenario s = parse_text(
      replaced(kSmallScenario, "[site.central]",
               "[profile.radio]\nextends = \"office\"\njitter = { model = \"bounded-inorder\", "
               "sigma = \"2ms\" }\n"
               "up = { loss = { model = \"ge-time\", mean = 0.02, burst = \"33ms\" } }\n"
               "outage = [{ at = \"1s\", for = \"500ms\", kind = \"cut\" }]\n\n[site.central]"),
      {"radio", {}});
  const LinkConfig& up = s.members[1].up;
  CHECK(up.delay.jitter.cap == 6ms);
  CHECK(up.loss.kind == LossConfig::Kind::gilbert_elliott_time);
  CHECK(up.loss.mean_good == 1617ms);  // 33 ms × 0.98 / 0.02
  CHECK(s.members[1].down.loss.kind == LossConfig::Kind::iid);
  CHECK(up.outages.size() == 1);
}

TEST_CASE("lines that contradict themselves are refused", "[sim]") {
  CHECK(bent("rate = \"20Mbit/s\"", "rate = \"20Mbit/s\", steps = []") ==
        "s.toml:8: profile.office.up.steps: and rate both say how fast the line is; keep one of "
        "them");
  CHECK(
      bent("rate = \"20Mbit/s\"", "steps = [{ at = \"1s\", rate = \"2Mbit/s\" }]") ==
      "s.toml:8: profile.office.up.steps.at: of the first step is not 0s; say how fast the line is "
      "from the beginning");
  CHECK(bent("mean = 0.001 }", "mean = 0.001 }\noutage = [{ for = \"2s\", kind = \"cut\" }]") ==
        "s.toml:11: profile.office.outage.at: is missing; say when, or every how long on average");
  CHECK(bent("rate = \"20Mbit/s\"", "trace = \"line.txt\"") ==
        "s.toml:8: profile.office.up.trace: \"line.txt\" cannot be read; give a path beside the "
        "scenario");
}

TEST_CASE("text that is not TOML is refused with its line", "[sim]") {
  CHECK(bent("name = \"small\"", "name = ").find("s.toml:2: is not TOML: ") == 0);
  CHECK(complaint(std::string(2 << 20, '#')) ==
        "s.toml: is larger than 1 MiB; is it the right file?");
}

TEST_CASE("Vietnamese belongs into quotes and comments, control characters nowhere", "[sim]") {
  CHECK(bent("\"small\"", "\"tỉnh\" # bản nháp 'một\n") == "accepted");
  CHECK(bent("\"small\"", "\"\"\"a \\\" \"tỉnh\"\"\"\" # ok\n") == "accepted");
  for (const char* bare : {"tỉnh", "đ", "0đ"}) {
    const std::string said = bent("\"small\"", bare);
    CAPTURE(said);
    CHECK(said.find("s.toml:2: is not TOML: ") == 0);
    CHECK(said.find("; mend the syntax; text stands in quotes") != said.npos);
  }
  CHECK(bent("\"small\"", "\"a\x01\"") ==
        "s.toml:2: has a control character; save it as plain text");
}

TEST_CASE("every scenario that is shipped can be read", "[sim]") {
  for (const char* name : {"province-4.toml", "province-11.toml"}) {
    INFO(name);
    const Scenario s = read_scenario(std::string(DIEMCAU_SOURCE_DIR "/configs/") + name, {});
    CHECK(s.members.size() == (s.name == "province-4" ? 4U : 11U));
  }
}

}  // namespace diemcau::sim
