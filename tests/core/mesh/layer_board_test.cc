#include "core/mesh/layer_board.h"

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::mesh;

namespace {
const Timestamp t0 = timestamp_from_ns(1'000'000'000);
constexpr PeerId a{0}, b{1};
constexpr std::uint8_t hi = LayerBoard::bit(Layer::hi);
constexpr std::uint8_t mid = LayerBoard::bit(Layer::mid);
}  // namespace

TEST_CASE("A layer starts with a key frame when the first peer wants it", "[core][mesh]") {
  LayerBoard board{LayerRates{}};
  board.set_wanted(t0, a, hi);
  const auto set = board.poll();
  REQUIRE(set);
  CHECK(set->layer == Layer::hi);
  CHECK(set->active);
  CHECK(set->idr);
  CHECK(set->rate == LayerRates{}.hi);
  CHECK_FALSE(board.poll());
}

TEST_CASE("A layer stops when the last peer has left it", "[core][mesh]") {
  LayerBoard board{LayerRates{}};
  board.set_wanted(t0, a, mid);
  board.set_wanted(t0, b, mid);
  while (board.poll()) {
  }
  board.set_wanted(t0, a, 0);
  CHECK_FALSE(board.poll());
  board.set_wanted(t0, b, 0);
  const auto set = board.poll();
  REQUIRE(set);
  CHECK_FALSE(set->active);
  CHECK_FALSE(set->idr);
}

TEST_CASE("Joins within a second share one key frame and the late one gets its own afterwards",
          "[core][mesh]") {
  LayerBoard board{LayerRates{}};
  board.set_wanted(t0, a, hi);
  REQUIRE(board.poll()->idr);
  board.frame_encoded(t0 + 10ms, Layer::hi, true);
  board.set_wanted(t0 + 200ms, b, hi);
  CHECK_FALSE(board.poll());
  REQUIRE(board.deadline() == t0 + 1010ms);
  board.time_passed(t0 + 1010ms);
  const auto set = board.poll();
  REQUIRE(set);
  CHECK(set->idr);
  CHECK_FALSE(board.deadline());
}

TEST_CASE("A key frame of the encoder's own accord serves the peers that wait for one",
          "[core][mesh]") {
  LayerBoard board{LayerRates{}};
  board.set_wanted(t0, a, hi);
  while (board.poll()) {
  }
  board.set_wanted(t0 + 100ms, b, hi);
  board.frame_encoded(t0 + 110ms, Layer::hi, true);
  CHECK_FALSE(board.deadline());
}

TEST_CASE("Losses of several peers become one invalidation from the oldest lost frame",
          "[core][mesh]") {
  LayerBoard board{LayerRates{}};
  board.set_wanted(t0, a, hi);
  while (board.poll()) {
  }
  board.invalidate(Layer::hi, 120);
  board.invalidate(Layer::hi, 117);
  board.invalidate(Layer::hi, 119);
  const auto set = board.poll();
  REQUIRE(set);
  CHECK(set->invalidate_from == 117);
  CHECK_FALSE(set->idr);
  CHECK_FALSE(board.poll());
}
