#include "core/rate/layer_choice.h"

#include <catch2/catch.hpp>
#include <vector>

#include "core/base/rng.h"

using namespace diemcau;
using namespace diemcau::rate;

namespace {
const Timestamp t0 = timestamp_from_ns(1'000'000'000);
constexpr std::array<LayerBounds, 4> kBounds = {{{},
                                                 {Bitrate::kbps(50), Bitrate::kbps(150)},
                                                 {Bitrate::kbps(150), Bitrate::kbps(500)},
                                                 {Bitrate::kbps(300), Bitrate::kbps(1'500)}}};

std::vector<Viewer> viewers(std::initializer_list<std::int64_t> rooms_kbps,
                            std::optional<Layer> now = std::nullopt) {
  std::vector<Viewer> all;
  for (const std::int64_t room : rooms_kbps) {
    Viewer v;
    v.peer = PeerId{static_cast<std::uint16_t>(all.size())};
    v.room = Bitrate::kbps(room);
    v.now = now;
    all.push_back(v);
  }
  return all;
}
}  // namespace

TEST_CASE("a shared layer is as fast as the slowest of its viewers has room for", "[rate]") {
  LayerChoice choice(kBounds, 3);
  auto all = viewers({1'000, 950, 900});
  const LayerRates3 rates = choice.choose(t0, all);
  for (const Viewer& v : all) CHECK(v.served == Layer::hi);
  CHECK(rates.of(Layer::hi) == Bitrate::kbps(900));
  CHECK(rates.of(Layer::mid) == Bitrate{});
}

TEST_CASE("a viewer that would drag the others down gets a lesser layer", "[rate]") {
  LayerChoice choice(kBounds, 4);
  auto all = viewers({1'400, 1'400, 1'400, 310});
  const LayerRates3 rates = choice.choose(t0, all);
  CHECK(all[0].served == Layer::hi);
  CHECK(all[3].served == Layer::mid);
  CHECK(rates.of(Layer::hi) == Bitrate::kbps(1'400));
  CHECK(rates.of(Layer::mid) == Bitrate::kbps(310));
}

TEST_CASE("nobody gets a better layer than wanted, or one without room for its least rate",
          "[rate]") {
  LayerChoice choice(kBounds, 3);
  auto all = viewers({2'000, 120, 30});
  all[0].wanted = Layer::mid;
  const LayerRates3 rates = choice.choose(t0, all);
  CHECK(all[0].served == Layer::mid);
  CHECK(rates.of(Layer::mid) == Bitrate::kbps(500));
  CHECK(all[1].served == Layer::lo);
  CHECK_FALSE(all[2].served);
}

TEST_CASE("a viewer moves up after two seconds with a fifth more than needed, not before",
          "[rate]") {
  LayerChoice choice(kBounds, 1);
  for (Duration at = 0s; at < 2s; at += 50ms) {
    auto all = viewers({370}, Layer::mid);
    static_cast<void>(choice.choose(t0 + at, all));
    REQUIRE(all[0].served == Layer::mid);
  }
  auto all = viewers({370}, Layer::mid);
  static_cast<void>(choice.choose(t0 + 2s, all));
  CHECK(all[0].served == Layer::hi);
}

TEST_CASE("a moment without room does not move a viewer down, half a second does", "[rate]") {
  LayerChoice choice(kBounds, 1);
  auto all = viewers({200}, Layer::hi);
  static_cast<void>(choice.choose(t0, all));
  CHECK(all[0].served == Layer::hi);
  static_cast<void>(choice.choose(t0 + 500ms, all));
  CHECK(all[0].served == Layer::mid);
}

TEST_CASE("of any rooms, each viewer is served what it has room for, at rates within the bounds",
          "[rate]") {
  const std::uint64_t seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{1} + 20));
  CAPTURE(seed);
  Rng rng(seed);
  LayerChoice choice(kBounds, 11);
  std::vector<Viewer> all(11);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].peer = PeerId{static_cast<std::uint16_t>(i)};
    all[i].room = Bitrate::kbps(rng.below(3'000));
    all[i].weight = 1 + rng.below(8);
  }
  const LayerRates3 rates = choice.choose(t0, all);
  // Of eleven rooms below 3 Mbit/s one at least has some for lo.
  CHECK(std::ranges::any_of(all, [](const Viewer& v) { return v.served.has_value(); }));
  for (const Viewer& v : all) {
    if (!v.served) continue;
    CHECK((v.served_half ? base_of(rates.of(*v.served)) : rates.of(*v.served)) <= v.room);
  }
  for (const Layer layer : {Layer::lo, Layer::mid, Layer::hi}) {
    if (rates.of(layer) == Bitrate{}) continue;
    CHECK(rates.of(layer) >= kBounds[static_cast<std::size_t>(layer)].least);
    CHECK(rates.of(layer) <= kBounds[static_cast<std::size_t>(layer)].most);
  }
}

TEST_CASE(
    "where all are kept, the slowest who can carry a layer sets its rate, and a layer may not be",
    "[rate]") {
  constexpr std::array<LayerBounds, 4> kPage = {{{},
                                                 {},
                                                 {Bitrate::kbps(60), Bitrate::kbps(250)},
                                                 {Bitrate::kbps(250), Bitrate::kbps(1'000)}}};
  auto all = viewers({1'000, 1'000, 1'000, 300, 200, 65, 50});
  all[0].weight = 4;
  LayerChoice some(kPage, 7);
  CHECK(some.choose(t0, all).of(Layer::hi) == Bitrate::kbps(1'000));
  CHECK(all[3].served == Layer::mid);
  LayerChoice everybody(kPage, 7, true);
  const LayerRates3 rates = everybody.choose(t0, all);
  CHECK(rates.of(Layer::hi) == Bitrate::kbps(300));
  CHECK(rates.of(Layer::mid) == Bitrate::kbps(65));
  CHECK(rates.of(Layer::lo) == Bitrate{});
  for (std::size_t i = 0; i < 4; ++i) CHECK(all[i].served == Layer::hi);
  CHECK(all[4].served == Layer::mid);
  CHECK(all[5].served == Layer::mid);
  CHECK_FALSE(all[6].served);  // no room even for the least
}

TEST_CASE("whoever has room for the last layer has pictures, however fine the others' could be",
          "[rate]") {
  LayerChoice choice(kBounds, 4);
  auto all = viewers({140, 140, 140, 55});
  const LayerRates3 rates = choice.choose(t0, all);
  for (const Viewer& v : all) CHECK(v.served == Layer::lo);
  CHECK_FALSE(all[3].served_half);
  CHECK(rates.of(Layer::lo) == Bitrate::kbps(55));
}

TEST_CASE("four seconds without room do not take the last layer away, six do", "[rate]") {
  LayerChoice choice(kBounds, 1);
  for (Duration at = 0s; at <= 4s; at += 100ms) {
    auto all = viewers({0}, Layer::lo);
    static_cast<void>(choice.choose(t0 + at, all));
    REQUIRE(all[0].served == Layer::lo);
  }
  auto all = viewers({0}, Layer::lo);
  static_cast<void>(choice.choose(t0 + 6s, all));
  CHECK_FALSE(all[0].served);
}

TEST_CASE("a page stays four seconds on a thin path without room for it, and goes after six",
          "[rate]") {
  constexpr std::array<LayerBounds, 4> kPage = {{{},
                                                 {},
                                                 {Bitrate::kbps(60), Bitrate::kbps(250)},
                                                 {Bitrate::kbps(250), Bitrate::kbps(1'000)}}};
  LayerChoice choice(kPage, 1, true);
  auto all = viewers({0}, Layer::mid);
  all[0].thin_path = true;
  for (Duration at = 0s; at <= 4s; at += 100ms) {
    all[0].served.reset();
    CHECK(choice.choose(t0 + at, all).of(Layer::mid) == Bitrate::kbps(60));
    CHECK(all[0].served == Layer::mid);
  }
  all[0].served.reset();
  choice.choose(t0 + 6s, all);
  CHECK_FALSE(all[0].served);
}

TEST_CASE("lo stays for five seconds without room where the path alone is thin as well", "[rate]") {
  LayerChoice choice(kBounds, 1);
  auto all = viewers({0}, Layer::lo);
  all[0].thin_path = true;
  for (Duration at = 0s; at <= 4'900ms; at += 100ms) {
    all[0].served.reset();
    static_cast<void>(choice.choose(t0 + at, all));
    REQUIRE(all[0].served == Layer::lo);
  }
  static_cast<void>(choice.choose(t0 + 5s, all));
  CHECK_FALSE(all[0].served);
}

TEST_CASE("after a move up that did not last, the next one waits twice as long", "[rate]") {
  LayerChoice choice(kBounds, 1);
  bool calm = false;
  const auto serve = [&](Duration at, std::int64_t room, Layer now) {
    auto all = viewers({room}, now);
    all[0].calm = calm;
    static_cast<void>(choice.choose(t0 + at, all));
    return all[0].served;
  };
  static_cast<void>(serve(0s, 370, Layer::mid));
  REQUIRE(serve(2s, 370, Layer::mid) == Layer::hi);
  static_cast<void>(serve(3s, 100, Layer::hi));
  REQUIRE(serve(3'500ms, 100, Layer::hi) == Layer::lo);
  static_cast<void>(serve(4s, 370, Layer::mid));
  CHECK(serve(7s, 370, Layer::mid) == Layer::mid);
  SECTION("but not in an uplink where nothing waits any more") {
    calm = true;
    CHECK(serve(7s, 370, Layer::mid) == Layer::hi);
  }
  CHECK(serve(8s, 370, Layer::mid) == Layer::hi);
}
