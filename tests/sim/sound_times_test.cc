// When sound was captured, as observers are told it: the lab's own time, whatever bridges think.
#include <catch2/catch.hpp>
#include <vector>

#include "sim/observer.h"
#include "sim/world.h"
#include "tests/sim/scenario_text.h"

namespace diemcau::sim {
namespace {

class Sounds : public Observer {
 public:
  void sent(Timestamp, const Traffic&) override {}
  void arrived(Timestamp, const Traffic&) override {}
  void crossed(std::uint32_t, const Traffic&, const Link::Result&) override {}
  void shown(const PictureShown&) override {}
  void played(const SoundPlayed& what) override {
    if (what.captured_at && what.from == 1 && what.to == 0) all.push_back(what);
  }
  void encoder_set(Timestamp, std::uint16_t, const mesh::SetEncoder&) override {}
  void encoded(Timestamp, std::uint16_t, const PictureEncoded&) override {}
  void told(Timestamp, std::uint16_t, const mesh::Event&) override {}

  std::vector<SoundPlayed> all;
};

}  // namespace

// The receiver's estimate of when sound was made is off by half of what its peer's two directions
// differ by: here 15 ms.
TEST_CASE("observers learn when sound was captured from no bridge's estimate", "[sim]") {
  const std::string lopsided =
      replaced(kSmallScenario, R"(down = { rate = "50Mbit/s", delay = "6ms")",
               R"(down = { rate = "50Mbit/s", delay = "36ms")");
  Sounds sounds;
  WorldOptions options;
  options.observer = &sounds;
  World world{
      parse_text(replaced(lopsided, R"(up = { rate = "200Mbit/s" })",
                          R"(down = { rate = "200Mbit/s", delay = "6ms", queue = "120ms" })"),
                 {{}, 7}),
      options};
  world.run();
  REQUIRE(sounds.all.size() > 100);
  const Timestamp first = *sounds.all.front().captured_at;
  for (const SoundPlayed& sound : sounds.all) {
    // Wall clocks count in 2^-32 s.
    const Duration off = (*sound.captured_at - first + 1us) % 20ms;
    CHECK(off <= 2us);
    // 20 ms of frame and 12 of lines at least.
    CHECK(sound.plays_at - *sound.captured_at > 32ms);
  }
}

}  // namespace diemcau::sim
