// What the losses of one peer may cost everybody.
#include <catch2/catch.hpp>

#include "core/mesh/layer_board.h"

using namespace diemcau;
using namespace diemcau::mesh;

namespace {
const Timestamp t0 = timestamp_from_ns(1'000'000'000);
constexpr PeerId a{0}, b{1};

struct Stage {
  LayerBoard board{4};
  // Served, and its key frame encoded.
  void runs(Timestamp now, PeerId peer, Layer layer) {
    board.serve(now, peer, layer);
    board.frame_encoded(now, layer, {true});
    while (board.poll()) {
    }
  }
};
}  // namespace

TEST_CASE("Losses of a layer that a peer does not get change nothing", "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::hi);
  s.runs(t0, b, Layer::mid);
  s.board.loss_reported(t0 + 1s, b, Layer::hi, 0, 400ms);
  CHECK_FALSE(s.board.poll());
  s.board.loss_reported(t0 + 1s, a, Layer::hi, 0, 400ms);
  CHECK(s.board.poll());
}

TEST_CASE("Whoever reports every key frame lost costs everybody three a second at most",
          "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::hi);
  std::uint32_t number = 0;
  int keys = 0;
  for (Timestamp now = t0; now < t0 + 60s; now += 33ms) {
    s.board.time_passed(now);
    s.board.loss_reported(now, a, Layer::hi, number, 0ms);
    bool key = false;
    while (const auto set = s.board.poll())
      key = key || set->idr || (set->invalidate_from && *set->invalidate_from <= number);
    if (!key) continue;
    s.board.frame_encoded(now, Layer::hi, {true, ++number, 0});
    ++keys;
  }
  // Ten at once, two a second by its losses, and two each two seconds as who asks for them may.
  CHECK(keys <= 10 + 120 + 60);
  CHECK(keys >= 60);  // but a line that loses each of them gets them
}

TEST_CASE("Losses older than an encoder's references count as key frames, younger ones do not",
          "[core][mesh]") {
  // How many of sixty reports, one a picture and each of a loss so old, are gone around.
  const auto gone_around = [](Layer layer, std::uint32_t age) {
    Stage s;
    s.runs(t0, a, layer);
    int around = 0;
    for (std::uint32_t n = 1; n <= 100; ++n) {
      const Timestamp now = t0 + n * 33ms;
      s.board.frame_encoded(now, layer, {false, n, n - 1});
      if (n <= 40) continue;
      s.board.loss_reported(now, a, layer, n - age, 0ms);
      while (const auto set = s.board.poll()) around += set->invalidate_from ? 1 : 0;
    }
    return around;
  };
  for (const Layer layer : {Layer::hi, Layer::mid}) {
    CHECK(gone_around(layer, 13) == 60);
    CHECK(gone_around(layer, 14) < 20);  // ten saved up and two a second
  }
}

TEST_CASE(
    "What may have been lost before a dropped frame is gone around too, unless that takes a key "
    "frame",
    "[core][mesh]") {
  Stage s;
  s.runs(t0, a, Layer::hi);
  for (std::uint32_t n = 1; n <= 40; ++n)
    s.board.frame_encoded(t0 + n * 33ms, Layer::hi, {false, n, n - 1});
  s.board.frame_dropped(t0 + 2s, a, Layer::hi, 36, 27);
  CHECK(s.board.poll()->invalidate_from == 27);
  s.board.frame_dropped(t0 + 2s, a, Layer::hi, 36, 26);
  CHECK(s.board.poll()->invalidate_from == 36);
}

TEST_CASE("Who asks for key frames gets those of a layer that it is served, ten and one each 2 s",
          "[core][mesh]") {
  const auto keys_of = [](Layer asks) {
    Stage s;
    s.runs(t0, a, Layer::hi);
    s.runs(t0, b, Layer::mid);
    int keys = 0;
    for (Timestamp now = t0; now < t0 + 60s; now += 100ms) {
      s.board.time_passed(now);
      s.board.key_reported(now, a, asks, 0ms);
      bool key = false;
      while (const auto set = s.board.poll()) key = key || set->idr;
      if (!key) continue;
      s.board.frame_encoded(now, asks, {true, static_cast<std::uint32_t>(keys + 1), 0});
      ++keys;
    }
    return keys;
  };
  CHECK(keys_of(Layer::mid) == 0);
  CHECK(keys_of(Layer::hi) <= 10 + 30);
  CHECK(keys_of(Layer::hi) >= 20);
}
