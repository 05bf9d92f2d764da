#include "core/mesh/layer_board.h"

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::mesh;

namespace {
const Timestamp t0 = timestamp_from_ns(1'000'000'000);
constexpr PeerId a{0}, b{1}, c{2}, d{3};

struct Stage {
  LayerBoard board{4};
  void drain() {
    while (board.poll()) {
    }
  }
  // Served, and its key frame encoded.
  void runs(Timestamp now, PeerId peer, Layer layer) {
    board.serve(now, peer, layer);
    board.frame_encoded(now, layer, {true});
    drain();
  }
};
}  // namespace

TEST_CASE("A layer starts with a key frame when the first peer gets it", "[core][mesh]") {
  Stage s;
  s.board.set_rate(Layer::hi, Bitrate::kbps(1'200));
  s.board.serve(t0, a, Layer::hi);
  const auto set = s.board.poll();
  REQUIRE(set);
  CHECK(set->layer == Layer::hi);
  CHECK(set->active);
  CHECK(set->idr);
  CHECK(set->rate == Bitrate::kbps(1'200));
  CHECK_FALSE(s.board.poll());
}

TEST_CASE("A peer gets nothing of a layer before its key frame", "[core][mesh]") {
  Stage s;
  s.board.serve(t0, a, Layer::hi);
  CHECK_FALSE(s.board.goes_to(a, Layer::hi));
  s.board.frame_encoded(t0 + 10ms, Layer::hi, {false});
  CHECK_FALSE(s.board.goes_to(a, Layer::hi));
  s.board.frame_encoded(t0 + 40ms, Layer::hi, {true});
  CHECK(s.board.goes_to(a, Layer::hi));
}

TEST_CASE("A layer stops when the last peer has left it", "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::mid);
  s.runs(t0, b, Layer::mid);
  s.board.serve(t0, a, std::nullopt);
  CHECK_FALSE(s.board.poll());
  s.board.serve(t0, b, std::nullopt);
  const auto set = s.board.poll();
  REQUIRE(set);
  CHECK_FALSE(set->active);
  CHECK_FALSE(set->idr);
}

TEST_CASE("A running encoder is told of another rate, and an idle one is not", "[core][mesh]") {
  Stage s;
  s.board.set_rate(Layer::lo, Bitrate::kbps(100));
  CHECK_FALSE(s.board.poll());
  s.runs(t0, a, Layer::lo);
  s.board.set_rate(Layer::lo, Bitrate::kbps(90));
  const auto set = s.board.poll();
  REQUIRE(set);
  CHECK(set->rate == Bitrate::kbps(90));
  CHECK_FALSE(set->idr);
}

TEST_CASE("Moving up, the old layer goes on for a while after the new one's key frame",
          "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::mid);
  s.board.serve(t0 + 2s, a, Layer::hi);
  s.drain();
  CHECK(s.board.goes_to(a, Layer::mid));
  s.board.frame_encoded(t0 + 2033ms, Layer::hi, {true});
  CHECK(s.board.goes_to(a, Layer::mid));
  CHECK(s.board.goes_to(a, Layer::hi));
  REQUIRE(s.board.deadline());
  s.board.time_passed(*s.board.deadline());
  CHECK_FALSE(s.board.goes_to(a, Layer::mid));
  CHECK(s.board.goes_to(a, Layer::hi));
  const auto set = s.board.poll();
  REQUIRE(set);
  CHECK(set->layer == Layer::mid);
  CHECK_FALSE(set->active);
}

TEST_CASE("Moving up, the old layer goes on when the new one's key frame is dropped",
          "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::mid);
  s.board.serve(t0 + 1s, a, Layer::hi);
  s.drain();
  s.board.frame_encoded(t0 + 1s, Layer::hi, {true, 7});
  s.board.frame_dropped(t0 + 1200ms, a, Layer::hi, 7, 7);
  CHECK(s.board.poll()->idr);
  s.board.time_passed(t0 + 2s);
  CHECK(s.board.goes_to(a, Layer::mid));
  CHECK_FALSE(s.board.goes_to(a, Layer::hi));
  s.board.frame_encoded(t0 + 2s, Layer::hi, {true, 20});
  CHECK(s.board.goes_to(a, Layer::hi));
  // What leans on it is gone around.
  s.board.frame_dropped(t0 + 2100ms, a, Layer::hi, 22, 22);
  CHECK(s.board.poll()->invalidate_from == 22);
  s.board.time_passed(t0 + 2400ms);
  CHECK_FALSE(s.board.goes_to(a, Layer::mid));
}

TEST_CASE("Moving down, the old layer ends with the new one's key frame", "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::hi);
  s.board.serve(t0 + 2s, a, Layer::lo);
  CHECK(s.board.goes_to(a, Layer::hi));
  s.board.frame_encoded(t0 + 2033ms, Layer::lo, {true});
  CHECK_FALSE(s.board.goes_to(a, Layer::hi));
  CHECK(s.board.goes_to(a, Layer::lo));
}

TEST_CASE("A move that is called off leaves everything as it was", "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::mid);
  s.board.serve(t0 + 2s, a, Layer::hi);
  s.board.serve(t0 + 2100ms, a, Layer::mid);
  s.drain();
  s.board.frame_encoded(t0 + 2200ms, Layer::hi, {true});
  CHECK(s.board.goes_to(a, Layer::mid));
  CHECK_FALSE(s.board.goes_to(a, Layer::hi));
  CHECK_FALSE(s.board.active(Layer::hi));
}

TEST_CASE("Joins at the same time share a key frame, and the third of two seconds waits",
          "[core][mesh]") {
  Stage s;
  s.board.serve(t0, a, Layer::hi);
  s.board.serve(t0 + 5ms, b, Layer::hi);
  REQUIRE(s.board.poll()->idr);
  s.board.frame_encoded(t0 + 10ms, Layer::hi, {true});
  CHECK(s.board.goes_to(a, Layer::hi));
  CHECK(s.board.goes_to(b, Layer::hi));
  s.board.serve(t0 + 300ms, c, Layer::hi);
  REQUIRE(s.board.poll()->idr);
  s.board.frame_encoded(t0 + 310ms, Layer::hi, {true});
  s.board.request_key(t0 + 700ms, Layer::hi);
  CHECK_FALSE(s.board.poll());
  REQUIRE(s.board.deadline() == t0 + 2010ms);
  s.board.time_passed(t0 + 2010ms);
  const auto set = s.board.poll();
  REQUIRE(set);
  CHECK(set->idr);
  CHECK_FALSE(s.board.deadline());
}

TEST_CASE("Key frames that everybody asks for all the time come once a second", "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::hi);
  int keys = 0;
  for (Duration at = 0s; at < 20s; at += 10ms) {
    s.board.time_passed(t0 + at);
    s.board.request_key(t0 + at, Layer::hi);
    while (const auto set = s.board.poll()) {
      if (!set->idr) continue;
      ++keys;
      s.board.frame_encoded(t0 + at, Layer::hi, {true});
    }
  }
  CHECK(keys >= 19);
  CHECK(keys <= 21);
}

TEST_CASE("A move down waits a quarter of a second for a key frame at most", "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::mid);
  s.runs(t0, b, Layer::hi);
  s.board.serve(t0 + 100ms, b, Layer::mid);
  REQUIRE(s.board.deadline() == t0 + 250ms);
  s.board.time_passed(t0 + 250ms);
  const auto set = s.board.poll();
  REQUIRE(set);
  CHECK(set->layer == Layer::mid);
  CHECK(set->idr);
}

TEST_CASE("A key frame of the encoder's own accord serves the peers that wait for one",
          "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::hi);
  s.board.serve(t0 + 100ms, b, Layer::hi);
  s.board.frame_encoded(t0 + 110ms, Layer::hi, {true});
  CHECK_FALSE(s.board.deadline());
  CHECK(s.board.goes_to(b, Layer::hi));
}

TEST_CASE("Losses of several peers become one invalidation from the oldest lost frame",
          "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::hi);
  s.board.invalidate(t0, Layer::hi, 120);
  s.board.invalidate(t0, Layer::hi, 117);
  s.board.invalidate(t0, Layer::hi, 119);
  const auto set = s.board.poll();
  REQUIRE(set);
  CHECK(set->invalidate_from == 117);
  CHECK_FALSE(set->idr);
  CHECK_FALSE(s.board.poll());
}

TEST_CASE("What a page's viewer reports again while the way around it is under way is done once",
          "[core][mesh]") {
  LayerBoard board(2, Source::document);
  board.serve(t0, a, Layer::mid);
  board.frame_encoded(t0, Layer::mid, {true, 10, 0});
  const auto told = [&] {
    std::optional<std::uint32_t> from;
    while (const auto set = board.poll()) from = set->invalidate_from;
    return from;
  };
  told();
  const Timestamp at = t0 + 1s;
  board.loss_reported(at, a, Layer::mid, 14, 400ms);
  CHECK(told() == 14);
  // It was made before the encoder was told, and leans on what is lost.
  board.frame_encoded(at + 10ms, Layer::mid, {false, 15, 14});
  board.loss_reported(at + 150ms, a, Layer::mid, 14, 400ms);
  CHECK_FALSE(told());
  board.frame_encoded(at + 200ms, Layer::mid, {false, 16, 13});
  board.loss_reported(at + 550ms, a, Layer::mid, 15, 400ms);
  CHECK_FALSE(told());
  // An older loss is another one, and so is that of the way around.
  board.loss_reported(at + 560ms, a, Layer::mid, 16, 400ms);
  CHECK(told() == 16);
  board.frame_encoded(at + 600ms, Layer::mid, {false, 17, 13});
  board.loss_reported(at + 610ms, a, Layer::mid, 12, 400ms);
  CHECK(told() == 12);
}

TEST_CASE("A page's loss that is still reported when the way around it must have come is new",
          "[core][mesh]") {
  LayerBoard board(2, Source::document);
  board.serve(t0, a, Layer::mid);
  board.frame_encoded(t0, Layer::mid, {true, 10, 0});
  board.loss_reported(t0 + 1s, a, Layer::mid, 14, 400ms);
  board.frame_encoded(t0 + 1'200ms, Layer::mid, {false, 16, 13});
  while (board.poll()) {
  }
  board.loss_reported(t0 + 1'600ms, a, Layer::mid, 14, 400ms);
  const auto set = board.poll();
  REQUIRE(set);
  CHECK(set->invalidate_from == 14);
  // And when nothing was made at all for a second.
  CHECK_FALSE(board.poll());
  board.loss_reported(t0 + 2'599ms, a, Layer::mid, 14, 400ms);
  CHECK_FALSE(board.poll());
  board.loss_reported(t0 + 2'600ms, a, Layer::mid, 14, 400ms);
  CHECK(board.poll());
}

TEST_CASE("A key frame of a page that is asked for again while it is under way begins no other",
          "[core][mesh]") {
  LayerBoard board(2, Source::document);
  board.serve(t0, a, Layer::mid);
  board.frame_encoded(t0 + 100ms, Layer::mid, {true, 0, 0});
  while (board.poll()) {
  }
  board.key_reported(t0 + 499ms, a, Layer::mid, 400ms);
  CHECK_FALSE(board.deadline());
  CHECK_FALSE(board.poll());
  board.key_reported(t0 + 500ms, a, Layer::mid, 400ms);
  CHECK(board.poll());
}

TEST_CASE("A camera goes around what is reported each time", "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::hi);
  for (const Duration after : {0ms, 150ms}) {
    s.board.loss_reported(t0 + after, a, Layer::hi, 7, 400ms);
    const auto set = s.board.poll();
    REQUIRE(set);
    CHECK(set->invalidate_from == 7);
  }
}

TEST_CASE("A camera's loss that a key frame on its way mends makes no second one", "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::mid);
  s.board.frame_encoded(t0 + 1s, Layer::mid, {true, 40, 0});
  while (s.board.poll()) {
  }
  s.board.loss_reported(t0 + 1'200ms, a, Layer::mid, 39, 400ms);
  s.board.key_reported(t0 + 1'399ms, a, Layer::mid, 400ms);
  CHECK_FALSE(s.board.poll());
  CHECK_FALSE(s.board.deadline());
  // The key frame itself is lost, or it must have come and something is missing yet.
  SECTION("what is lost behind it is gone around") {
    s.board.loss_reported(t0 + 1'200ms, a, Layer::mid, 40, 400ms);
    const auto set = s.board.poll();
    REQUIRE(set);
    CHECK(set->invalidate_from == 40);
  }
  SECTION("when it must have come, who asks for a key frame gets another") {
    s.board.key_reported(t0 + 1'400ms, a, Layer::mid, 400ms);
    const auto set = s.board.poll();
    REQUIRE(set);
    CHECK(set->idr);
  }
}

TEST_CASE("A layer is in two temporal layers while a peer gets half of it, and three seconds more",
          "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::hi);
  s.runs(t0, b, Layer::hi);
  CHECK_FALSE(s.board.temporal(Layer::hi));
  s.board.serve(t0 + 1s, b, Layer::hi, true);
  auto set = s.board.poll();
  REQUIRE(set);
  CHECK(set->temporal);
  CHECK_FALSE(set->idr);
  CHECK(s.board.halves(b, Layer::hi));
  CHECK_FALSE(s.board.halves(a, Layer::hi));
  s.board.serve(t0 + 5s, b, Layer::hi, false);
  CHECK_FALSE(s.board.halves(b, Layer::hi));
  CHECK_FALSE(s.board.poll());
  REQUIRE(s.board.deadline() == t0 + 8s);
  s.board.time_passed(t0 + 8s);
  set = s.board.poll();
  REQUIRE(set);
  CHECK_FALSE(set->temporal);
  CHECK_FALSE(set->idr);
  CHECK_FALSE(s.board.deadline());
}

TEST_CASE("Half rate that comes and goes within seconds changes the encoder once", "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::mid);
  int settings = 0;
  for (int i = 0; i < 20; ++i) {
    const Timestamp now = t0 + i * Duration{500ms};
    s.board.time_passed(now);
    s.board.serve(now, a, Layer::mid, i % 2 == 0);
    while (s.board.poll()) ++settings;
  }
  CHECK(settings == 1);
}

TEST_CASE("A peer that moves up to half of a layer gets all of the old one up to its key frame",
          "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::lo);
  s.board.serve(t0 + 1s, a, Layer::mid, true);
  CHECK(s.board.temporal(Layer::mid));
  CHECK(s.board.serves_half(a));
  CHECK_FALSE(s.board.halves(a, Layer::lo));
  s.board.frame_encoded(t0 + 1'100ms, Layer::mid, {true});
  CHECK(s.board.goes_to(a, Layer::mid));
  CHECK(s.board.halves(a, Layer::mid));
  CHECK_FALSE(s.board.goes_to(a, Layer::lo));
}

TEST_CASE("A layer that stops forgets that it was in two temporal layers", "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::mid);
  s.board.serve(t0 + 1s, a, Layer::mid, true);
  s.drain();
  s.board.serve(t0 + 2s, a, std::nullopt);
  const auto set = s.board.poll();
  REQUIRE(set);
  CHECK_FALSE(set->active);
  CHECK_FALSE(set->temporal);
  s.board.time_passed(t0 + 10s);
  CHECK_FALSE(s.board.deadline());
}

TEST_CASE("Lo is held while most of its viewers have waited 40 ms for their last picture",
          "[core][mesh]") {
  Stage s;
  for (const PeerId peer : {a, b, c}) s.runs(t0, peer, Layer::lo);
  s.board.set_waiting(t0 + 1s, Layer::lo, 1);  // of three
  CHECK_FALSE(s.board.deadline());
  s.board.set_waiting(t0 + 1s, Layer::lo, 2);
  CHECK(s.board.deadline() == t0 + 1'040ms);
  s.board.set_waiting(t0 + 1'010ms, Layer::lo, 3);
  s.board.time_passed(t0 + 1'039ms);
  CHECK_FALSE(s.board.poll());
  s.board.time_passed(t0 + 1'040ms);
  const auto held = s.board.poll();
  REQUIRE(held);
  CHECK(held->layer == Layer::lo);
  CHECK(held->hold);
  CHECK(held->active);
  CHECK_FALSE(s.board.deadline());
  s.board.set_waiting(t0 + 1'100ms, Layer::lo, 2);
  CHECK_FALSE(s.board.poll());
  s.board.set_waiting(t0 + 1'120ms, Layer::lo, 1);
  const auto on = s.board.poll();
  REQUIRE(on);
  CHECK_FALSE(on->hold);
}

TEST_CASE("Lo of two viewers is not held: it is their paths that are late", "[core][mesh]") {
  Stage s;
  for (const PeerId peer : {a, b}) s.runs(t0, peer, Layer::lo);
  s.board.set_waiting(t0 + 1s, Layer::lo, 2);
  CHECK_FALSE(s.board.deadline());
  s.board.time_passed(t0 + 2s);
  CHECK_FALSE(s.board.poll());
}

// Its one viewer is behind the same line as lo's three.
TEST_CASE("A layer is held while its own viewers wait, where lo has enough", "[core][mesh]") {
  for (const bool enough : {true, false}) {
    CAPTURE(enough);
    Stage s;
    for (const PeerId peer : {a, b}) s.runs(t0, peer, Layer::lo);
    if (enough) s.runs(t0, c, Layer::lo);
    s.runs(t0, d, Layer::mid);
    s.board.set_waiting(t0 + 1s, Layer::mid, 1);
    s.board.time_passed(t0 + 1'040ms);
    const auto held = s.board.poll();
    REQUIRE(held.has_value() == enough);
    if (!enough) continue;
    CHECK(held->layer == Layer::mid);
    CHECK(held->hold);
    CHECK_FALSE(s.board.poll());
    s.board.set_waiting(t0 + 1'100ms, Layer::mid, 0);
    const auto on = s.board.poll();
    REQUIRE(on);
    CHECK(on->layer == Layer::mid);
    CHECK_FALSE(on->hold);
  }
}

TEST_CASE("Pictures that leave in time hold nothing", "[core][mesh]") {
  Stage s;
  for (const PeerId peer : {a, b, c}) s.runs(t0, peer, Layer::lo);
  for (int n = 0; n < 30; ++n) {
    s.board.set_waiting(t0 + n * 67ms, Layer::lo, 3);
    s.board.time_passed(t0 + n * 67ms + 30ms);
    s.board.set_waiting(t0 + n * 67ms + 30ms, Layer::lo, 0);
  }
  CHECK_FALSE(s.board.poll());
}

TEST_CASE("A held layer that stops begins again without being held", "[core][mesh]") {
  Stage s;
  for (const PeerId peer : {a, b, c}) s.runs(t0, peer, Layer::lo);
  s.board.set_waiting(t0 + 1s, Layer::lo, 3);
  s.board.time_passed(t0 + 2s);
  const auto held = s.board.poll();
  REQUIRE(held);
  REQUIRE(held->hold);
  for (const PeerId peer : {a, b, c}) s.board.serve(t0 + 2s, peer, std::nullopt);
  s.board.set_waiting(t0 + 2s, Layer::lo, 1);
  s.drain();
  s.board.serve(t0 + 3s, a, Layer::lo);
  const auto set = s.board.poll();
  REQUIRE(set);
  CHECK(set->active);
  CHECK_FALSE(set->hold);
}

TEST_CASE("A document's layers are asked for as a document's, at a page's rate of pictures",
          "[core][mesh]") {
  LayerBoard board(2, Source::document);
  board.serve(t0, a, Layer::hi);
  board.serve(t0, b, Layer::mid);
  const auto mid = board.poll();
  const auto hi = board.poll();
  REQUIRE((mid && hi));
  CHECK(mid->source == Source::document);
  CHECK(mid->fps == 5);
  CHECK(hi->source == Source::document);
  CHECK(hi->fps == 10);
}
