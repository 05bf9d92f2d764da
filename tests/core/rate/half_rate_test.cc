#include "core/rate/half_rate.h"

#include <catch2/catch.hpp>
#include <vector>

#include "core/base/rng.h"
#include "core/rate/layer_choice.h"

using namespace diemcau;
using namespace diemcau::rate;

namespace {
const Timestamp t0 = timestamp_from_ns(1'000'000'000);
constexpr std::array<LayerBounds, 4> kBounds = {{{},
                                                 {Bitrate::kbps(50), Bitrate::kbps(150)},
                                                 {Bitrate::kbps(150), Bitrate::kbps(500)},
                                                 {Bitrate::kbps(300), Bitrate::kbps(1'500)}}};

// Viewers whose choice goes on from what they have been given.
struct Stage {
  explicit Stage(std::vector<std::int64_t> rooms_kbps, std::optional<Layer> now = std::nullopt)
      : choice(kBounds, rooms_kbps.size()), viewers(rooms_kbps.size()) {
    for (std::size_t i = 0; i < viewers.size(); ++i) {
      viewers[i].peer = PeerId{static_cast<std::uint16_t>(i)};
      viewers[i].now = now;
      room(i, rooms_kbps[i]);
    }
  }
  void room(std::size_t i, std::int64_t kbps) { viewers[i].room = Bitrate::kbps(kbps); }
  void run_for(Duration d) {
    for (const Timestamp end = at + d; at < end; at += 50ms) {
      rates = choice.choose(at, viewers);
      for (Viewer& v : viewers) {
        changes += v.now != v.served || v.now_half != v.served_half ? 1U : 0U;
        v.now = v.served;
        v.now_half = v.served_half;
      }
    }
  }
  bool served(std::size_t i, Layer layer, bool half = false) const {
    return viewers[i].served == layer && viewers[i].served_half == half;
  }
  LayerChoice choice;
  std::vector<Viewer> viewers;
  LayerRates3 rates;
  Timestamp at = t0;
  std::uint32_t changes = 0;
};
}  // namespace

TEST_CASE("a viewer with half the room of the others gets half rate, and they keep theirs",
          "[rate]") {
  Stage s({1'500, 950}, Layer::hi);
  s.run_for(1s);
  CHECK(s.served(0, Layer::hi));
  CHECK(s.served(1, Layer::hi, true));
  CHECK(s.rates.of(Layer::hi) == Bitrate::kbps(1'500));
}

TEST_CASE("one thin viewer of four does not cost the other three a decibel", "[rate]") {
  Stage s({1'500, 1'500, 1'500, 950}, Layer::hi);
  s.run_for(1s);
  for (std::size_t i = 0; i < 3; ++i) CHECK(s.served(i, Layer::hi));
  CHECK(s.served(3, Layer::mid));
  CHECK(s.rates.of(Layer::hi) == Bitrate::kbps(1'500));
}

TEST_CASE("what counts four times is worth a decibel to three others", "[rate]") {
  Stage s({1'500, 1'500, 1'500, 950}, Layer::hi);
  s.viewers[3].weight = 4;
  s.run_for(1s);
  CHECK(s.served(3, Layer::hi, true));
  CHECK(s.rates.of(Layer::hi) == Bitrate::kbps(1'500));
}

TEST_CASE("viewers with room that is nearly alike share full rate", "[rate]") {
  Stage s({1'100, 1'000, 950, 900}, Layer::hi);
  s.run_for(1s);
  for (std::size_t i = 0; i < 4; ++i) CHECK(s.served(i, Layer::hi));
  CHECK(s.rates.of(Layer::hi) == Bitrate::kbps(900));
}

TEST_CASE("a viewer whose room shrinks below the layer's least gets half rate before resolution",
          "[rate]") {
  Stage s({400}, Layer::hi);
  s.run_for(1s);
  CHECK(s.served(0, Layer::hi));
  s.room(0, 250);
  s.run_for(300ms);
  CHECK(s.served(0, Layer::hi));  // a moment's shortage is none
  s.run_for(300ms);
  CHECK(s.served(0, Layer::hi, true));
  CHECK(base_of(s.rates.of(Layer::hi)) <= Bitrate::kbps(250));
  CHECK(base_of(s.rates.of(Layer::hi)) > Bitrate::kbps(240));
  s.room(0, 200);
  s.run_for(1s);
  CHECK(s.served(0, Layer::mid));
}

TEST_CASE("full rate comes back after two seconds with a tenth more room than it needs", "[rate]") {
  Stage s({250}, Layer::hi);
  s.run_for(1s);
  REQUIRE(s.served(0, Layer::hi, true));
  s.room(0, 340);
  s.run_for(1'900ms);
  CHECK(s.served(0, Layer::hi, true));
  s.run_for(300ms);
  CHECK(s.served(0, Layer::hi));
}

TEST_CASE("between lo and mid lies mid at half rate", "[rate]") {
  Stage s({130}, Layer::lo);
  s.run_for(1'900ms);
  CHECK(s.served(0, Layer::lo));
  s.run_for(300ms);
  CHECK(s.served(0, Layer::mid, true));
  s.room(0, 100);
  s.run_for(1s);
  CHECK(s.served(0, Layer::lo));
}

TEST_CASE("who has too little for lo gets half of it rather than nothing", "[rate]") {
  Stage s({40});
  s.run_for(1s);
  CHECK(s.served(0, Layer::lo, true));
  s.room(0, 20);
  s.run_for(6s);
  CHECK_FALSE(s.viewers[0].served);
}

TEST_CASE("a new viewer begins with a whole layer: its path is not known yet", "[rate]") {
  Stage s({250});
  s.run_for(100ms);
  CHECK(s.served(0, Layer::mid));
}

TEST_CASE("room that swings about a threshold does not make layers flap", "[rate]") {
  const std::int64_t middle = GENERATE(210, 252, 300, 360, 130, 150);
  CAPTURE(middle);
  Stage s({middle}, Layer::mid);
  Rng rng(static_cast<std::uint64_t>(middle));
  for (int i = 0; i < 600; ++i) {  // a minute, ± 5 %
    s.room(0, middle * static_cast<std::int64_t>(950 + rng.below(100)) / 1'000);
    s.run_for(100ms);
  }
  CHECK(s.changes <= 4);
}

TEST_CASE("of any rooms, whoever is at half rate has room for the base, others for the whole",
          "[rate]") {
  const std::uint64_t seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{1} + 40));
  CAPTURE(seed);
  Rng rng(seed);
  Stage s(std::vector<std::int64_t>(11, 0));
  std::uint32_t halves = 0;
  for (int round = 0; round < 20; ++round) {
    for (std::size_t i = 0; i < s.viewers.size(); ++i) {
      s.room(i, static_cast<std::int64_t>(rng.below(1'600)));
      s.viewers[i].weight = 1 + rng.below(4);
    }
    s.run_for(6s);  // beyond any patience
    for (const Viewer& v : s.viewers) {
      if (!v.served) continue;
      const Bitrate rate = s.rates.of(*v.served);
      halves += v.served_half ? 1U : 0U;
      CHECK(*v.served <= v.wanted);
      CHECK((v.served_half ? base_of(rate) : rate) <= v.room);
    }
    for (const Layer layer : {Layer::lo, Layer::mid, Layer::hi}) {
      const LayerBounds& bounds = kBounds[static_cast<std::size_t>(layer)];
      CHECK(s.rates.of(layer) <= bounds.most);
    }
  }
  CHECK(halves > 0);
}
